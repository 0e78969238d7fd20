/** Where the DNS server listens, read from `host:port`, and what is said when it cannot. */
import { isIP } from 'node:net';

export interface ListenAddress {
  /** An address without brackets; empty: every address of the machine, IPv6 and IPv4 alike. */
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:53`, `[::1]:53` or `:53`. Undefined where the host is neither an address nor left out. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(colon + 1));
  if (colon < 0 || !/^\d{1,5}$/.test(text.slice(colon + 1)) || port > 65_535) return undefined;
  if (host !== '' && isIP(host) === 0) return undefined;
  return { host, port };
}

/** One stable code a cause; programs match on the code. */
export type DnsListenErrorCode =
  /** The text names no address and port. */
  | 'dns-listen-address-invalid'
  /** Another program has the port. */
  | 'dns-address-in-use'
  /** Ports below 1024 need a permission. */
  | 'dns-address-not-permitted'
  /** The machine does not have the address. */
  | 'dns-address-not-available'
  | 'dns-listen-failed';

/** Why DNS is not served, and what to do about it. */
export class DnsListenError extends Error {
  readonly code: DnsListenErrorCode;
  readonly remedy: string;
  constructor(code: DnsListenErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = 'DnsListenError';
    this.code = code;
    this.remedy = remedy;
  }
}

const causes: Readonly<Record<string, readonly [code: DnsListenErrorCode, what: string, remedy: string]>> = {
  EADDRINUSE: [
    'dns-address-in-use',
    'another program listens there',
    'stop it (often systemd-resolved or another nameserver; `ss -lnptu` shows it), or set dns.listen_address to another address or port',
  ],
  EACCES: [
    'dns-address-not-permitted',
    'this user may not open the port',
    'grant CAP_NET_BIND_SERVICE, or set dns.listen_address to a port from 1024 on',
  ],
  EADDRNOTAVAIL: [
    'dns-address-not-available',
    'this machine does not have the address',
    'set dns.listen_address to one that `ip address` shows',
  ],
};

/** The error of the operating system as one that says what to do. */
export function listenError(address: ListenAddress, error: unknown): DnsListenError {
  const code = errorCode(error);
  const [named, what, remedy] = causes[code ?? ''] ?? ['dns-listen-failed', String(error), 'check dns.listen_address'];
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return new DnsListenError(named, `DNS cannot listen on ${host}:${address.port}: ${what}`, remedy, error);
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
