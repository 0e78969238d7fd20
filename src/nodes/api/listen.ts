/** Opens the API on its address, or says in words why it cannot. */
import { type ListenAddress, parseListenAddress } from '../listen-address.ts';
import { errorCode, listenAddressInvalid, listenError } from '../listen-error.ts';
import type { Api } from './route-context.ts';

/** Listens on `host:port` (port 0 takes a free one, no host takes every address), and resolves with the port. Rejects with a ListenError. */
export async function listenApi(api: Api, listenAddress: string): Promise<number> {
  const address = parseListenAddress(listenAddress);
  if (address === undefined) throw listenAddressInvalid('api', listenAddress);
  try {
    return await listenOn(api, address);
  } catch (error) {
    throw listenError('api', address, error);
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
