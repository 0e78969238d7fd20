/** Opens the API on its address, or says in words why it cannot. */
import { errorCode, type ListenAddress, parseListenAddress } from '../dns/listen-address.ts';
import type { Api } from './route-context.ts';

/** One stable code a cause; programs match on the code. */
export type ApiListenErrorCode =
  /** The text names no address and port. */
  | 'api-listen-address-invalid'
  /** Another program has the port. */
  | 'api-address-in-use'
  /** Ports below 1024 need a permission. */
  | 'api-address-not-permitted'
  /** The machine does not have the address. */
  | 'api-address-not-available'
  | 'api-listen-failed';

/** Why the API is not served, and what to do about it. */
export class ApiListenError extends Error {
  readonly code: ApiListenErrorCode;
  readonly remedy: string;
  constructor(code: ApiListenErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = 'ApiListenError';
    this.code = code;
    this.remedy = remedy;
  }
}

const causes: Readonly<Record<string, readonly [code: ApiListenErrorCode, what: string, remedy: string]>> = {
  EADDRINUSE: [
    'api-address-in-use',
    'another program listens there',
    'stop it (`ss -lntp` shows it), or set api.address to another address or port',
  ],
  EACCES: [
    'api-address-not-permitted',
    'this user may not open the port',
    'grant CAP_NET_BIND_SERVICE, or set api.address to a port from 1024 on',
  ],
  EADDRNOTAVAIL: ['api-address-not-available', 'this machine does not have the address', 'set api.address to one that `ip address` shows'],
};

/** Listens on `host:port` (port 0 takes a free one, no host takes every address), and resolves with the port. Rejects with an ApiListenError. */
export async function listenApi(api: Api, listenAddress: string): Promise<number> {
  const address = parseListenAddress(listenAddress);
  if (address === undefined) {
    throw new ApiListenError(
      'api-listen-address-invalid',
      `the API cannot listen on "${listenAddress}"`,
      'set api.address to an address and a port, such as 127.0.0.1:8080, [::1]:8080 or :8080',
    );
  }
  try {
    return await listenOn(api, address);
  } catch (error) {
    const [code, what, remedy] = causes[errorCode(error) ?? ''] ?? ['api-listen-failed', String(error), 'check api.address'];
    throw new ApiListenError(code, `the API cannot listen on ${listenAddress}: ${what}`, remedy, error);
  }
}

/** No host means every address. Where the machine has no IPv6, that is every IPv4 address. */
async function listenOn(api: Api, { host, port }: ListenAddress): Promise<number> {
  try {
    await api.listen({ host: host === '' ? '::' : host, port });
  } catch (error) {
    const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errorCode(error) ?? '');
    if (host !== '' || !noIpv6) throw error;
    await api.listen({ host: '0.0.0.0', port });
  }
  const bound = api.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}
