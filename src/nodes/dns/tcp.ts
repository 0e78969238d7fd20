/**
 * DNS over TCP (RFC 7766): messages behind a two-byte length, as many on a connection as the peer likes, answered in
 * order. A peer costs no more than its place in the table of limits: whoever does not read is not read from, and whoever
 * gets no query answered for `tcpIdleMs`, idle or trickling, is closed.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { ListenAddress } from '../listen-address.ts';
import { plainAddress } from './answering.ts';
import type { DropReason } from './counts.ts';
import { openConnection, type TcpOptions } from './tcp-connection.ts';

export interface TcpListener {
  readonly port: number;
  /** Accepts and reads no more, lets peers take what was answered for `closeMs`, then closes whatever is left. */
  close(): Promise<void>;
}

/** Binds; rejects with the error of the operating system. */
export async function listenTcp(address: ListenAddress, options: TcpOptions): Promise<TcpListener> {
  const { limits, clock, onCount } = options;
  const connections = new Map<Socket, { readonly client: string; readonly finish: () => void }>();
  const drop = (reason: DropReason) => onCount({ kind: 'dropped', transport: 'tcp', reason });

  const server = createServer({ noDelay: true }, (socket) => {
    const client = clientKey(plainAddress(socket.remoteAddress ?? ''));
    const refusal = refusalOf([...connections.values()].filter((connection) => connection.client === client).length);
    if (refusal !== undefined) {
      socket.on('error', () => {});
      socket.destroy();
      return drop(refusal);
    }
    const connection = openConnection(socket, options);
    connections.set(socket, { client, finish: connection.finish });
    socket.on('close', () => connections.delete(socket));
  });
  const refusalOf = (fromClient: number): DropReason | undefined => {
    if (connections.size >= limits.tcpConnectionsMax) return 'connections';
    return fromClient >= limits.tcpConnectionsPerClientMax ? 'client-connections' : undefined;
  };

  await listen(server, address);
  server.on('error', (error) => onCount({ kind: 'socket-failed', transport: 'tcp', error }));
  return {
    port: portOf(server),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections.values()) connection.finish();
      const giveUp = clock.wakeAt(clock.now() + limits.closeMs, () => {
        for (const socket of connections.keys()) socket.destroy();
      });
      await closed;
      giveUp();
    },
  };
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  const every = address.host === '';
  server.listen({ host: every ? '::' : address.host, port: address.port, ipv6Only: !every && address.host !== '::', exclusive: true });
  await once(server, 'listening');
}

function portOf(server: Server): number {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

/** Whom connections are counted for: an IPv4 address, or the IPv6 network that one subscriber usually has to himself. */
function clientKey(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.IPv6.parse(address).toByteArray().slice(0, 8).join('.');
}
