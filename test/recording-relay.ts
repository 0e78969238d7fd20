/** Stands between an agent and an overwatch as a router would: passes everything on, unread, and keeps the datagrams. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface RecordingRelay {
  /** `127.0.0.1:port`, UDP and TCP. */
  readonly place: string;
  /** What came from the agent, oldest first. */
  readonly captured: readonly Uint8Array[];
  /** Says it to the overwatch once more. */
  send(datagram: Uint8Array): void;
  close(): Promise<void>;
}

/** Answers need no way back: an overwatch writes to the member. */
export async function startRelay(to: number): Promise<RecordingRelay> {
  const streams = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true });
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      streams.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => streams.delete(one));
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  const captured: Uint8Array[] = [];
  const send = (datagram: Uint8Array) => socket.send(datagram, to, '127.0.0.1');
  socket.on('message', (datagram) => {
    captured.push(new Uint8Array(datagram));
    send(datagram);
  });
  return {
    ...{ place: `127.0.0.1:${port}`, captured, send },
    async close() {
      for (const stream of streams) stream.destroy();
      server.close();
      socket.close();
      await once(server, 'close');
    },
  };
}
