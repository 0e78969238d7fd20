/**
 * DNS over UDP with node:dgram, one datagram at a time. Replies that the kernel does not take are bounded, a failing
 * send is counted, and no error of the socket ends the node. On a socket for every address of a machine that has
 * several, the kernel chooses the address that replies come from; listen on one address where that matters.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import type { ListenAddress } from '../listen-address.ts';
import { type Answer, plainAddress } from './answering.ts';
import type { DnsCount, DropReason } from './counts.ts';
import type { DnsLimits } from './limits.ts';

export interface UdpOptions {
  readonly answer: Answer;
  readonly onCount: (count: DnsCount) => void;
  readonly limits: DnsLimits;
}

export interface UdpListener {
  /** Takes no more queries; resolves when the socket is closed. */
  close(): Promise<void>;
}

interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Binds; rejects with the error of the operating system. */
export async function listenUdp(address: ListenAddress, options: UdpOptions): Promise<UdpListener> {
  const bothFamilies = address.host === '' || address.host === '::';
  const socket = createSocket(isIPv4(address.host) ? { type: 'udp4' } : { type: 'udp6', ipv6Only: !bothFamilies });
  try {
    socket.bind({ address: address.host === '' ? '::' : address.host, port: address.port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', (error) => options.onCount({ kind: 'socket-failed', transport: 'udp', error }));
  socket.on('message', (packet, peer) => reply(socket, packet, peer, options));
  return {
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function reply(socket: Socket, packet: Buffer, peer: Peer, { answer, onCount, limits }: UdpOptions): void {
  const hindrance = hindranceTo(peer, socket.getSendQueueSize(), limits);
  if (hindrance !== undefined) {
    onCount({ kind: 'dropped', transport: 'udp', reason: hindrance });
    return;
  }
  const bytes = answer(packet, { address: plainAddress(peer.address), port: peer.port, transport: 'udp' });
  if (bytes === null) return;
  socket.send(bytes, peer.port, peer.address, (error) => {
    if (error) onCount({ kind: 'dropped', transport: 'udp', reason: 'send-failed' });
  });
}

/** Why no reply could be sent, whatever the packet asks. Sending to port 0 would throw. */
export function hindranceTo(peer: Peer, unsentBytes: number, limits: DnsLimits): DropReason | undefined {
  if (peer.port === 0) return 'no-source-port';
  return unsentBytes > limits.udpUnsentBytesMax ? 'unsent-replies' : undefined;
}
