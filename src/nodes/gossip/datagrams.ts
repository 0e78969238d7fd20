/**
 * The UDP socket of one member: sealed packets out, checked messages in. What is too much or not ours is counted and
 * dropped here; nothing that comes in throws.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { errorCode } from '../listen-error.ts';
import type { Address } from './address.ts';
import type { GarbageRates } from './garbage-rates.ts';
import { type KeyRing, nonceBytes } from './key-ring.ts';
import type { Message } from './messages.ts';
import { plainAddress, socketAddress } from './socket-address.ts';
import type { TransportCounts } from './transport-counts.ts';
import { openDatagram, sealDatagram } from './wire.ts';

/** What the kernel keeps while this thread is busy; it may give less. */
const receiveBufferBytes = 2 * 1024 * 1024;

/** Errors of sending that say something about this machine, and nothing about the way to the other. */
const ownErrors = new Set(['ENOBUFS', 'ENOMEM', 'EAGAIN']);

export interface DatagramEvents {
  received(messages: readonly Message[], from: Address): void;
  /** `remote`: something on the way refused, and not this machine. */
  sendFailed(to: Address, remote: boolean): void;
}

export interface DatagramSettings {
  readonly family: 4 | 6;
  readonly ring: () => KeyRing;
  readonly counts: TransportCounts;
  readonly compress: boolean;
  readonly rates: GarbageRates;
  readonly now: () => number;
}

export interface Datagrams {
  /** Not bound yet. */
  readonly socket: Socket;
  send(messages: readonly Message[], to: Address, crc: boolean): void;
  close(): Promise<void>;
}

export function createDatagrams(settings: DatagramSettings, events: DatagramEvents): Datagrams {
  const { family, counts, compress, rates } = settings;
  // Addresses are never names here, so there is nothing to look up.
  const lookup = (name: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
    done(null, name, family);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: lookup as never });
  let isClosed = false;

  socket.on('message', (bytes: Buffer, remote: RemoteInfo) => {
    counts.datagrams.received += 1;
    counts.datagrams.receivedBytes += bytes.length;
    const address = plainAddress(remote.address);
    const why = rates.whyNot(address, settings.now());
    if (why !== undefined) {
      counts.dropped[why] += 1;
      return;
    }
    const { messages, rejected } = openDatagram(bytes, settings.ring());
    for (const reason of rejected) counts.rejected[reason] += 1;
    if (rejected.length > 0 && messages.length === 0) rates.wasGarbage(address);
    if (messages.length > 0) events.received(messages, { address, port: remote.port });
  });
  socket.on('listening', () => {
    try {
      socket.setRecvBufferSize(receiveBufferBytes);
    } catch {
      // A smaller buffer loses more when this thread is late, which the rules survive.
    }
  });

  return {
    socket,
    send(messages, to, crc) {
      if (isClosed) return;
      // Members say where they are, and a port that there is not would throw.
      if (to.port < 1 || to.port > 65_535) {
        counts.dropped['send-failed'] += 1;
        return;
      }
      const packet = sealDatagram(messages, settings.ring(), randomBytes(nonceBytes), { crc, compress });
      counts.datagrams.sent += 1;
      counts.datagrams.sentBytes += packet.length;
      socket.send(packet, to.port, socketAddress(to.address, family), (error) => {
        if (error === null || isClosed) return;
        counts.dropped['send-failed'] += 1;
        events.sendFailed(to, !ownErrors.has(errorCode(error) ?? ''));
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}
