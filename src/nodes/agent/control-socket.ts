/**
 * How whoever works on this host speaks with its agent: a Unix socket that only the agent's own user (and root) may open,
 * for there is no other proof of who asks. A socket that an agent left behind when it was killed gives way; one that an
 * agent still listens on stops the second start.
 */
import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { type ControlReply, type ControlRequest, controlLimits, controlRequest, refused } from './control-messages.ts';
import { jsonIn, readLine } from './line.ts';

class ControlSocketError extends Error {
  readonly code: 'control-socket-in-use' | 'control-socket-unusable';
  readonly remedy: string;
  constructor(code: ControlSocketError['code'], message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ControlSocketError';
    this.code = code;
    this.remedy = remedy;
  }
}

export interface ControlSocket {
  readonly path: string;
  /** Resolves when nobody is connected any more. */
  close(): Promise<void>;
}

export type Answer = (request: ControlRequest) => ControlReply | Promise<ControlReply>;

/** Throws `ControlSocketError`. */
export async function openControlSocket(path: string, answer: Answer): Promise<ControlSocket> {
  const place = resolve(path);
  if (Buffer.byteLength(place) > controlLimits.pathBytesMax) throw unusable(place, 'its path is longer than the name of a socket may be');
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Whoever goes away early has nothing to be told.
    socket.on('error', () => socket.destroy());
    void serve(socket, answer);
  });
  server.maxConnections = controlLimits.connectionsMax;
  await listen(server, place);
  return {
    path: place,
    close: () =>
      new Promise((closed) => {
        // Removes the file as well.
        server.close(() => closed());
        for (const socket of open) socket.destroy();
      }),
  };
}

async function serve(socket: Socket, answer: Answer): Promise<void> {
  // Holds for the reply as well: whoever asks and does not read is cut off, too.
  const tooLate = setTimeout(() => socket.destroy(), controlLimits.requestMs);
  socket.once('close', () => clearTimeout(tooLate));
  const line = await readLine(socket, controlLimits.requestBytesMax);
  if (line === undefined) socket.destroy();
  else socket.end(`${JSON.stringify(await replyTo(line, answer))}\n`, () => socket.destroySoon());
}

async function replyTo(line: string, answer: Answer): Promise<ControlReply> {
  const request = controlRequest.safeParse(jsonIn(line));
  if (request.success) return answer(request.data);
  const why = request.error.issues[0]?.message ?? 'no request';
  return refused(
    'malformed-request',
    `the agent does not understand the request: ${why}`,
    'ask with the version of opengslb that the agent is',
  );
}

async function listen(server: Server, path: string): Promise<void> {
  try {
    await listenOnce(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw unusable(path, (error as Error).message, error);
    await makeRoom(path);
    await listenOnce(server, path).catch((again: Error) => {
      throw unusable(path, again.message, again);
    });
  }
}

function listenOnce(server: Server, path: string): Promise<void> {
  return new Promise<void>((listening, failed) => {
    server.once('error', failed);
    // The socket must never be there with a wider mode, not even for a moment. It is made before `listen` returns.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', failed);
        listening();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Takes away what a killed agent left; throws where the name is taken for good. */
async function makeRoom(path: string): Promise<void> {
  if (!lstatSync(path).isSocket()) throw unusable(path, 'something that is no socket is there; move it away');
  if (await isListenedOn(path)) {
    const remedy = 'stop it, or give this one an agent.state_dir of its own';
    throw new ControlSocketError('control-socket-in-use', `an agent runs already: it listens on ${path}`, remedy);
  }
  rmSync(path, { force: true });
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((told) => {
    const socket = connect(path);
    const tell = (is: boolean) => {
      socket.destroy();
      told(is);
    };
    socket.once('connect', () => tell(true));
    // Only a refusal proves that nobody is there: a full queue, or a socket of another user, is somebody's.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => tell(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function unusable(path: string, why: string, cause?: unknown): ControlSocketError {
  const remedy = "set agent.control_socket to a path in a folder of the agent's user";
  return new ControlSocketError('control-socket-unusable', `the control socket ${path} cannot be used: ${why}`, remedy, cause);
}
