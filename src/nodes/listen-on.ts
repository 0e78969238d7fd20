/** Where a server listens that shall be reached on every address, and how a server of node's is brought to listen at all. */
import type { Server } from 'node:net';
import type { ListenAddress } from './listen-address.ts';
import { errorCode } from './listen-error.ts';

/**
 * Opens on the address. No host means every address: of IPv6 and IPv4 alike (`::`), and where the machine has no IPv6,
 * of IPv4. Rejects as `open` does.
 */
export async function onEveryAddress<T>(address: ListenAddress, open: (address: ListenAddress) => Promise<T>): Promise<T> {
  if (address.host !== '') return await open(address);
  try {
    return await open({ ...address, host: '::' });
  } catch (error) {
    if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errorCode(error) ?? '')) throw error;
    return await open({ ...address, host: '0.0.0.0' });
  }
}

/** Resolves when the server listens. An error of one connection is not the end of it. Rejects with the error of the operating system. */
export function listenOn(server: Server, address: ListenAddress): Promise<void> {
  return onEveryAddress(
    address,
    ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          server.on('error', () => {});
          resolve();
        });
      }),
  );
}
