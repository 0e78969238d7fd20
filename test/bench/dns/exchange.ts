/** One question over UDP, and what came back. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Undefined where nothing comes in time, or the port is closed. */
export async function exchange(port: number, question: Buffer, patienceMs = 2_000): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.send(question);
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) })) as [Buffer];
    return reply;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
