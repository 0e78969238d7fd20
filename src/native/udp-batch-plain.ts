/**
 * Datagrams by node:dgram, in the shape of batches, where the kernel cannot be asked for batches: each batch holds one.
 * It turns with the event loop instead of keeping the thread. A socket of node:dgram belongs to one thread and shares its
 * port with nobody, so a loan is only an address: the thread that serves it opens it, one thread may, and what waits in a
 * socket is lost with the thread.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { familyOf, kernelAddress, peerBytes } from './kernel-address.ts';
import {
  checkBatchOptions,
  checkReply,
  type Udp,
  type UdpBatch,
  type UdpBatchOptions,
  type UdpDuties,
  type UdpLoan,
  type UdpSocket,
  type UdpSocketOptions,
  udpCounterAt,
  udpCounters,
} from './udp-batch.ts';

const { batches, crowdedOut, receiveFailed, received, refused, sent, truncated, unanswerable } = udpCounterAt;

/** Replies that wait in a socket while the kernel takes none; further ones are dropped (I9). */
const unsentBytesMax = 4 * 1024 * 1024;

type PlainLoan = Extract<UdpLoan, { readonly kind: 'plain' }>;

export const plainUdp: Udp = { kind: 'plain', sharesPorts: false, openSockets, batchOn: plainBatchOn };

/** Opens to see that it can be done and which port is free, and closes again: the serving thread opens its own. */
async function openSockets({ host, port, receiveBufferBytes }: UdpSocketOptions, count: number): Promise<readonly UdpSocket[]> {
  if (count !== 1) throw new RangeError(`node:dgram has one socket on a port, not ${count}`);
  const family = familyOf(host);
  const socket = await bound({ kind: 'plain', host, port, receiveBufferBytes });
  const granted = socket.address().port;
  socket.close();
  await once(socket, 'close');
  const loan: UdpLoan = { kind: 'plain', host, port: granted, receiveBufferBytes };
  return [{ family, host, port: granted, receiveBufferBytes, loan, close: () => {} }];
}

async function bound({ host, port, receiveBufferBytes }: PlainLoan): Promise<Socket> {
  const socket = createSocket({
    ...(familyOf(host) === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true }),
    recvBufferSize: receiveBufferBytes,
    // Every host here is an address already; asked for one, the resolver would cost a turn of the loop a datagram.
    lookup: (address, _options, found) => found(null, address, familyOf(address)),
  });
  try {
    // Listened for first: with such a resolver it may be bound before `bind` returns.
    const listening = once(socket, 'listening');
    socket.bind({ address: host, port, exclusive: true });
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function plainBatchOn(loans: readonly UdpLoan[], options: UdpBatchOptions): UdpBatch {
  checkBatchOptions(loans, options);
  const places = loans.map(plainLoan);
  const { slotBytes, timeoutMs, counters = new Float64Array(udpCounters.length) } = options;
  const bytes = new Uint8Array(slotBytes);
  const peers = new Uint8Array(peerBytes);
  let filled = 0;
  let length = 0;
  let isCut = false;
  let replyLength = 0;

  const take = (packet: Buffer, peer: RemoteInfo): void => {
    filled = 1;
    length = Math.min(packet.length, slotBytes);
    isCut = packet.length > slotBytes;
    replyLength = 0;
    bytes.set(packet.subarray(0, length));
    peers.set(kernelAddress(withoutZone(peer.address), peer.port));
    counters[batches]! += 1;
    counters[received]! += 1;
    if (isCut) counters[truncated]! += 1;
  };

  const send = (socket: Socket, peer: RemoteInfo): void => {
    filled = 0;
    if (replyLength === 0) return;
    if (socket.getSendQueueSize() > unsentBytesMax) {
      counters[crowdedOut]! += 1;
      return;
    }
    // A copy: the slot is written over while the kernel may still have to take this.
    socket.send(Buffer.from(bytes.subarray(0, replyLength)), peer.port, peer.address, (error) => {
      counters[error ? refused : sent]! += 1;
    });
  };

  return {
    slots: 1,
    slotBytes,
    bytes,
    peers,
    counters,
    lengthOf: () => length,
    isTruncated: () => isCut,
    reply(slot, replied) {
      checkReply(slot, replied, filled, slotBytes);
      if (replied > 0 && peers[2] === 0 && peers[3] === 0) counters[unanswerable]! += 1;
      else replyLength = replied;
    },
    async serve(duties) {
      const sockets = await allBound(places);
      try {
        await serveOn(sockets, duties, timeoutMs, (socket, packet, peer) => {
          take(packet, peer);
          duties.answer(1);
          send(socket, peer);
        });
      } finally {
        for (const socket of sockets) socket.close();
      }
    },
  };

  /** Until `goOn` says no; rejects with what is thrown by the way. */
  function serveOn(
    sockets: readonly Socket[],
    { goOn }: UdpDuties,
    everyMs: number,
    onDatagram: (socket: Socket, packet: Buffer, peer: RemoteInfo) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let isServing = true;
      const turn = (work: () => void): void => {
        if (!isServing) return;
        try {
          work();
          if (goOn()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        isServing = false;
        clearInterval(timer);
      };
      const timer = setInterval(turn, everyMs, () => {});
      for (const socket of sockets) {
        socket.on('error', () => {
          counters[receiveFailed]! += 1;
        });
        socket.on('message', (packet, peer) => turn(() => onDatagram(socket, packet, peer)));
      }
      turn(() => {});
    });
  }
}

/** All of them or none. */
async function allBound(places: readonly PlainLoan[]): Promise<readonly Socket[]> {
  const results = await Promise.allSettled(places.map(bound));
  const sockets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return sockets;
  for (const socket of sockets) socket.close();
  throw failed.reason;
}

function plainLoan(loan: UdpLoan): PlainLoan {
  if (loan.kind === 'plain') return loan;
  throw new TypeError(`a socket of the ${loan.kind} kind is served by the kind that opened it`);
}

/** The interface that a peer is on matters to nobody but the kernel, which gets the whole address back. */
function withoutZone(address: string): string {
  const end = address.indexOf('%');
  return end === -1 ? address : address.slice(0, end);
}
