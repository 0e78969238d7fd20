/** Where a server listens, read from `host:port`. */
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
