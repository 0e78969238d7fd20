/**
 * One UDP socket and one TCP listener on the same port, and what both share: limits, counts and the keys of the moment. It
 * carries messages and knows no rules.
 */
import { isIP } from 'node:net';
import type { ListenAddress } from '../listen-address.ts';
import { errorCode, listenError } from '../listen-error.ts';
import type { Address } from './address.ts';
import { createDatagrams, type DatagramEvents, type Datagrams } from './datagrams.ts';
import { createGarbageRates } from './garbage-rates.ts';
import type { KeyRing } from './key-ring.ts';
import type { Message } from './messages.ts';
import { createStreams, type OpenStream, type StreamEvents, type Streams } from './streams.ts';
import { noTransportCounts, type TransportCounts } from './transport-counts.ts';
import type { TransportLimits } from './transport-limits.ts';

export interface TransportSettings {
  readonly bind: ListenAddress;
  readonly limits: TransportLimits;
  readonly compress: boolean;
  /** How long a stream that somebody opens to us may take. */
  readonly streamTimeoutMs: number;
  readonly ring: () => KeyRing;
  readonly isMember: (address: string) => boolean;
  readonly now: () => number;
}

export interface TransportEvents extends DatagramEvents, StreamEvents {
  /** A socket broke that had been open. */
  broken(error: Error): void;
}

export interface Transport {
  readonly port: number;
  readonly counts: TransportCounts;
  send(messages: readonly Message[], to: Address, crc: boolean): void;
  open(opening: OpenStream): void;
  reply(stream: number, message: Message): void;
  drop(stream: number): void;
  close(): Promise<void>;
}

/** How often another port is tried where any will do, and a free one of TCP is taken in UDP. */
const pairAttempts = 32;

/** Throws a `ListenError` where it cannot listen. */
export async function openTransport(settings: TransportSettings, events: TransportEvents): Promise<Transport> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openPair(settings, events);
    } catch (error) {
      const mayRetry = settings.bind.port === 0 && errorCode(error) === 'EADDRINUSE' && attempt < pairAttempts;
      if (!mayRetry) throw listenError('gossip', settings.bind, error);
    }
  }
}

async function openPair(settings: TransportSettings, events: TransportEvents): Promise<Transport> {
  const { bind, limits, compress, ring, now } = settings;
  const counts = noTransportCounts();
  const isAny = bind.host === '' || bind.host === '0.0.0.0' || bind.host === '::';
  // An empty host is every address, of IPv6 and IPv4 alike, where the machine has IPv6.
  for (const host of bind.host === '' ? ['::', '0.0.0.0'] : [bind.host]) {
    const localAddress = isAny ? undefined : host;
    const streams = createStreams({ ring, limits, counts, compress, timeoutMs: settings.streamTimeoutMs, localAddress }, events);
    const family = isIP(host) === 6 ? 6 : 4;
    const rates = createGarbageRates(limits, settings.isMember);
    const datagrams = createDatagrams({ family, ring, counts, compress, rates, now }, events);
    try {
      const port = await bindBoth(streams, datagrams, host, bind.port);
      streams.server.on('error', events.broken);
      datagrams.socket.on('error', events.broken);
      return transportOf(port, counts, streams, datagrams);
    } catch (error) {
      await Promise.all([streams.close(), datagrams.close()]);
      const lacksFamily = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errorCode(error) ?? '');
      if (!(bind.host === '' && host === '::' && lacksFamily)) throw error;
    }
  }
  throw new Error('this machine has neither IPv6 nor IPv4');
}

/** The port of both. */
async function bindBoth({ server }: Streams, { socket }: Datagrams, host: string, wanted: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: wanted, backlog: 512 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : wanted;
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return port;
}

function transportOf(port: number, counts: TransportCounts, streams: Streams, datagrams: Datagrams): Transport {
  return {
    port,
    counts,
    send: datagrams.send,
    open: streams.open,
    reply: streams.reply,
    drop: streams.drop,
    async close() {
      await Promise.all([streams.close(), datagrams.close()]);
    },
  };
}
