/**
 * The streams of one member: one frame there, at most one back, then it is over. Each ends at its deadline whatever the
 * other side does, and no stream costs more than its share of transport-limits.ts. Messages go in and out as values; bytes are
 * the business of stream-wire.ts.
 */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { errorCode } from '../listen-error.ts';
import type { Address } from './address.ts';
import { type KeyRing, nonceBytes } from './key-ring.ts';
import type { Message } from './messages.ts';
import { type RejectionReason, rejectionMeanings } from './rejections.ts';
import { plainAddress } from './socket-address.ts';
import { createStreamReader, sealStream } from './stream-wire.ts';
import type { TransportCounts } from './transport-counts.ts';
import type { TransportLimits } from './transport-limits.ts';

export interface StreamEvents {
  request(stream: number, message: Message, from: Address): void;
  response(stream: number, message: Message): void;
  /** `why` is a sentence. */
  failed(stream: number, why: string): void;
}

export interface StreamSettings {
  readonly ring: () => KeyRing;
  readonly limits: TransportLimits;
  readonly counts: TransportCounts;
  readonly compress: boolean;
  /** How long a stream that somebody opens to us may take. */
  readonly timeoutMs: number;
  /** The address from which streams are opened; undefined: whichever the system takes. */
  readonly localAddress: string | undefined;
}

export interface OpenStream {
  readonly stream: number;
  readonly to: Address;
  readonly message: Message;
  readonly withinMs: number;
  readonly expectsReply: boolean;
}

export interface Streams {
  /** Not listening yet. */
  readonly server: Server;
  open(opening: OpenStream): void;
  /** Writes the reply to a request, and ends its stream. */
  reply(stream: number, message: Message): void;
  /** Ends the stream of a request without a word. */
  drop(stream: number): void;
  /** Destroys all that is open, and stops listening. */
  close(): Promise<void>;
}

export function createStreams(settings: StreamSettings, events: StreamEvents): Streams {
  const { limits, counts, compress } = settings;
  const requests = new Map<number, Socket>();
  const incoming = new Map<string, number>();
  const sockets = new Set<Socket>();
  let opened = 0;
  let accepted = 0;
  let lastRequest = 0;
  const heldBytes = { now: 0 };

  function seal(message: Message): Buffer {
    const frame = sealStream(message, settings.ring(), randomBytes(nonceBytes), { compress });
    counts.streams.sent += 1;
    counts.streams.sentBytes += frame.length;
    return Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  }

  /** From now on the socket ends after `withinMs`, at the latest. */
  function keep(socket: Socket, withinMs: number, onLate: () => void): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    const timer = setTimeout(() => {
      counts.dropped['stream-late'] += 1;
      onLate();
      socket.destroy();
    }, withinMs);
    socket.once('close', () => {
      clearTimeout(timer);
      sockets.delete(socket);
    });
  }

  /** Tells of the first message or of why there is none, once. */
  function read(socket: Socket, onMessage: (message: Message) => void, onNone: (why: string) => void): void {
    const reader = createStreamReader(settings.ring());
    let held = 0;
    let isDone = false;
    const finish = (then: () => void) => {
      if (isDone) return;
      isDone = true;
      heldBytes.now -= held;
      then();
    };
    const reject = (reason: RejectionReason) =>
      finish(() => {
        counts.rejected[reason] += 1;
        onNone(`what it sent was not taken: ${rejectionMeanings[reason]}`);
        socket.destroy();
      });
    const give = (message: Message) =>
      finish(() => {
        counts.streams.received += 1;
        onMessage(message);
      });
    socket.on('data', (bytes) => {
      counts.streams.receivedBytes += bytes.length;
      if (isDone) return;
      held += bytes.length;
      heldBytes.now += bytes.length;
      if (heldBytes.now > limits.streamBytesAtOnce) {
        counts.dropped['stream-bytes'] += 1;
        return finish(() => {
          onNone('too much is being received at once; try again');
          socket.destroy();
        });
      }
      const reading = reader.push(bytes);
      if (reading.type === 'message') give(reading.message);
      else if (reading.type === 'rejected') reject(reading.reason);
    });
    socket.once('end', () => {
      if (held > 0) return reject('truncated');
      finish(() => {
        onNone('it closed the connection without an answer; does it have the same gossip key?');
        socket.destroy();
      });
    });
    // An error comes before it, and says more.
    socket.once('close', () => finish(() => onNone('the connection ended before there was an answer')));
    socket.on('error', (error) =>
      finish(() => {
        counts.dropped['stream-broken'] += 1;
        onNone(whyBroken(error));
      }),
    );
  }

  function accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    const ofOne = incoming.get(address) ?? 0;
    if (socket.remoteAddress === undefined || accepted >= limits.streamsIn || ofOne >= limits.streamsInOfOne) {
      counts.dropped['streams-in'] += 1;
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    accepted += 1;
    incoming.set(address, ofOne + 1);
    lastRequest += 1;
    const stream = lastRequest;
    socket.once('close', () => {
      accepted -= 1;
      requests.delete(stream);
      const left = (incoming.get(address) ?? 1) - 1;
      if (left === 0) incoming.delete(address);
      else incoming.set(address, left);
    });
    keep(socket, settings.timeoutMs, () => {});
    const from: Address = { address, port: socket.remotePort ?? 0 };
    read(
      socket,
      (message) => {
        requests.set(stream, socket);
        events.request(stream, message, from);
      },
      () => {},
    );
  }

  function open({ stream, to, message, withinMs, expectsReply }: OpenStream): void {
    const fail = (why: string) => events.failed(stream, why);
    if (opened >= limits.streamsOut) {
      counts.dropped['streams-out'] += 1;
      // Later, so that the rules are not asked while they answer.
      setImmediate(fail, 'too many streams are open already; try again');
      return;
    }
    opened += 1;
    const { localAddress } = settings;
    const socket = connect({ host: to.address, port: to.port, ...(localAddress === undefined ? {} : { localAddress }) });
    let isAnswered = !expectsReply;
    const answerOnce = (then: () => void) => {
      if (isAnswered) return;
      isAnswered = true;
      then();
    };
    socket.once('close', () => {
      opened -= 1;
    });
    keep(socket, withinMs, () => answerOnce(() => fail('it did not answer in time; is it running, and is TCP to it allowed?')));
    read(
      socket,
      (reply) => {
        answerOnce(() => events.response(stream, reply));
        socket.destroy();
      },
      (why) => answerOnce(() => fail(why)),
    );
    const frame = seal(message);
    if (expectsReply) socket.write(frame);
    else socket.end(frame);
  }

  const server = createServer({ allowHalfOpen: true }, accept);
  return {
    server,
    open,
    reply(stream, message) {
      requests.get(stream)?.end(seal(message));
    },
    drop(stream) {
      requests.get(stream)?.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * | the system says               | sentence                          |
 * |-------------------------------|-----------------------------------|
 * | nobody listens                | where to look at the other side   |
 * | no way there, or not in time  | where to look in between          |
 * | it was cut off                | that it hung up                   |
 * | anything else                 | that                              |
 */
function whyBroken(error: Error): string {
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
      return 'nothing listens there; is it running, and is the port right?';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
      return 'there is no way to it; is it running, and is TCP to it allowed?';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it closed the connection without an answer; does it have the same gossip key?';
    default:
      return `the connection broke: ${error.message}`;
  }
}
