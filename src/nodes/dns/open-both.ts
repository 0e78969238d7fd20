/** Opens TCP and UDP on one address and port, both or neither, and says in words why it cannot. */
import { type ListenAddress, parseListenAddress } from '../listen-address.ts';
import { errorCode, listenAddressInvalid, listenError } from '../listen-error.ts';
import { onEveryAddress } from '../listen-on.ts';
import type { DnsLimits } from './limits.ts';
import type { TcpListener } from './tcp.ts';

/** Whatever takes datagrams. */
export interface UdpOpened {
  /** Takes no more queries; resolves when the sockets are closed. */
  close(): Promise<void>;
}

export interface Openers<U extends UdpOpened> {
  readonly tcp: (address: ListenAddress) => Promise<TcpListener>;
  /** On a port that is never 0. */
  readonly udp: (address: ListenAddress) => Promise<U>;
}

export interface OpenedBoth<U extends UdpOpened> {
  readonly tcp: TcpListener;
  readonly udp: U;
}

/** `listenAddress`: `host:port`. Rejects with a ListenError. */
export async function openBoth<U extends UdpOpened>(
  listenAddress: string,
  limits: Pick<DnsLimits, 'freePortAttempts'>,
  openers: Openers<U>,
): Promise<OpenedBoth<U>> {
  const address = parseListenAddress(listenAddress);
  if (address === undefined) throw listenAddressInvalid('dns', listenAddress);
  try {
    return await onEveryAddress(address, (one) => openOnOnePort(one, limits, openers));
  } catch (error) {
    throw listenError('dns', address, error);
  }
}

/** TCP first, then UDP on the port that it got. A port that was free for TCP may be taken for UDP: then another is tried. */
async function openOnOnePort<U extends UdpOpened>(
  address: ListenAddress,
  { freePortAttempts }: Pick<DnsLimits, 'freePortAttempts'>,
  openers: Openers<U>,
): Promise<OpenedBoth<U>> {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = await openers.tcp(address);
    try {
      return { tcp, udp: await openers.udp({ ...address, port: tcp.port }) };
    } catch (error) {
      await tcp.close();
      const another = address.port === 0 && errorCode(error) === 'EADDRINUSE' && attempt < freePortAttempts;
      if (!another) throw error;
    }
  }
}
