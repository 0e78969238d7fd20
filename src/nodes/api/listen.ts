/** Opens the API on its address, or says in words why it cannot. */
import { type ListenAddress, parseListenAddress } from '../listen-address.ts';
import { listenAddressInvalid, listenError } from '../listen-error.ts';
import { onEveryAddress } from '../listen-on.ts';
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

async function listenOn(api: Api, address: ListenAddress): Promise<number> {
  await onEveryAddress(address, ({ host, port }) => api.listen({ host, port }));
  const bound = api.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : address.port;
}
