/** Reads one line from a socket, up to a limit. What comes after it is not looked at. */
import type { Socket } from 'node:net';

/** Undefined: the socket ended before there was a line. `too-long`: there was none within the limit. */
export function readLine(socket: Socket, bytesMax: number): Promise<string | 'too-long' | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const take = (part: Buffer) => {
      const end = part.indexOf(0x0a);
      parts.push(end === -1 ? part : part.subarray(0, end));
      bytes += parts.at(-1)?.length ?? 0;
      if (bytes > bytesMax) finish('too-long');
      else if (end !== -1) finish(Buffer.concat(parts).toString('utf8'));
    };
    const finish = (line: string | undefined) => {
      socket.off('data', take);
      resolve(line);
    };
    socket.on('data', take);
    socket.once('close', () => finish(undefined));
    socket.once('end', () => finish(undefined));
  });
}

/** Undefined, which is no message, where the text is no JSON. */
export function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
