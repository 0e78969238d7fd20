/**
 * Why a server of this node cannot listen, and what to do about it: one error for all of them, with one stable code for
 * each server and cause. What the operating system says becomes a sentence here; the remedy stands beside it.
 */
import type { ListenAddress } from './listen-address.ts';

interface ListeningServer {
  readonly name: string;
  /** The setting that says where it listens. */
  readonly setting: string;
  /** Addresses as they are written there. */
  readonly examples: string;
  /** How to find out who has the port. */
  readonly rival: string;
}

const servers = {
  dns: {
    name: 'DNS',
    setting: 'dns.listen_address',
    examples: '192.0.2.53:53, [2001:db8::53]:53 or :53',
    rival: 'often systemd-resolved or another nameserver; `ss -lnptu` shows it',
  },
  api: {
    name: 'the API',
    setting: 'api.address',
    examples: '127.0.0.1:8080, [::1]:8080 or :8080',
    rival: '`ss -lntp` shows it',
  },
  metrics: {
    name: 'the metrics listener',
    setting: 'metrics.address',
    examples: '127.0.0.1:9090, [::1]:9090 or :9090',
    rival: '`ss -lntp` shows it; a Prometheus on this machine listens on 9090 itself',
  },
  'key-sync': {
    name: 'key sync',
    setting: 'overwatch.dnssec.key_sync.listen_address',
    examples: '192.0.2.53:8443, [2001:db8::53]:8443 or :8443',
    rival: '`ss -lntp` shows it',
  },
  gossip: {
    name: 'gossip',
    setting: 'gossip.bind_address',
    examples: '0.0.0.0:7946, [::]:7946 or :7946',
    rival: 'perhaps another agent or overwatch; `ss -lntup` shows it',
  },
} as const satisfies Readonly<Record<string, ListeningServer>>;
export type ListeningWhat = keyof typeof servers;

type Cause =
  /** The text names no address and port. */
  | 'listen-address-invalid'
  /** Another program has the port. */
  | 'address-in-use'
  /** Ports below 1024 need a permission. */
  | 'address-not-permitted'
  /** The machine does not have the address. */
  | 'address-not-available'
  | 'listen-failed';

/** Programs match on the code. */
export type ListenErrorCode = `${ListeningWhat}-${Cause}`;

export class ListenError extends Error {
  /** Which server it is. */
  readonly what: ListeningWhat;
  readonly why: Cause;
  readonly code: ListenErrorCode;
  readonly remedy: string;
  constructor(what: ListeningWhat, why: Cause, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ListenError';
    this.what = what;
    this.why = why;
    this.code = `${what}-${why}`;
    this.remedy = remedy;
  }
}

/** What the operating system's error means, by its code. */
const causes: Readonly<Record<string, readonly [why: Cause, sentence: string, remedy: (server: ListeningServer) => string]>> = {
  EADDRINUSE: [
    'address-in-use',
    'another program listens there',
    ({ rival, setting }) => `stop it (${rival}), or set ${setting} to another address or port`,
  ],
  EACCES: [
    'address-not-permitted',
    'this user may not open the port',
    ({ setting }) => `grant CAP_NET_BIND_SERVICE, or set ${setting} to a port from 1024 on`,
  ],
  EADDRNOTAVAIL: [
    'address-not-available',
    'this machine does not have the address',
    ({ setting }) => `set ${setting} to one that \`ip address\` shows`,
  ],
};

/** The error of the operating system as one that says what to do. */
export function listenError(what: ListeningWhat, { host, port }: ListenAddress, error: unknown): ListenError {
  const server = servers[what];
  const [why, sentence, remedy] = causes[errorCode(error) ?? ''] ?? ['listen-failed', String(error), () => `check ${server.setting}`];
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new ListenError(what, why, `${server.name} cannot listen on ${place}: ${sentence}`, remedy(server), error);
}

/** The setting holds no address and port. */
export function listenAddressInvalid(what: ListeningWhat, text: string): ListenError {
  const { name, setting, examples } = servers[what];
  const remedy = `set ${setting} to an address and a port, such as ${examples}`;
  return new ListenError(what, 'listen-address-invalid', `${name} cannot listen on "${text}"`, remedy);
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
