/**
 * One TCP connection: bytes in, framed replies out, as many of them in one write as were asked for at once. It holds at most one
 * chunk of unread queries and a bounded number of unsent replies; while those wait, or while others have their turn, the
 * socket is not read.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../world.ts';
import { type Answer, plainAddress } from './answering.ts';
import type { DnsCount } from './counts.ts';
import type { DnsLimits } from './limits.ts';
import type { Client } from './responder.ts';

const lengthBytes = 2;

export interface TcpOptions {
  readonly answer: Answer;
  readonly onCount: (count: DnsCount) => void;
  readonly limits: DnsLimits;
  readonly clock: Clock;
}

export interface Connection {
  /** Reads no more, and closes once what was answered is sent. */
  finish(): void;
}

export function openConnection(socket: Socket, { answer, onCount, limits, clock }: TcpOptions): Connection {
  const client: Client = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0, transport: 'tcp' };
  let unread: Buffer = Buffer.alloc(0);
  let turnTaken = false;
  let finishing = false;
  let lastAnsweredAt = clock.now();
  /** Replies of this turn, and how long they are with their lengths. */
  let replies: Buffer[] = [];
  let replyBytes = 0;
  let cancelIdle = () => {};

  const abandon = (reason: 'oversized' | 'slow' | 'unfinished') => {
    if (socket.destroyed) return;
    send();
    onCount({ kind: 'dropped', transport: 'tcp', reason });
    socket.destroy();
  };
  const finish = () => {
    if (finishing) return;
    finishing = true;
    socket.pause();
    socket.end(() => socket.destroy());
  };
  /** Wakes once an idle span, not once a query: whoever was answered in between is given the rest of the next. */
  const watchIdle = () => {
    const until = lastAnsweredAt + limits.tcpIdleMs;
    if (clock.now() < until) cancelIdle = clock.wakeAt(until, watchIdle);
    else if (unread.length > 0 || socket.writableLength > 0) abandon('slow');
    else finish();
  };
  const onBytes = (bytes: Buffer) => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    answerUnread();
  };

  const send = () => {
    if (replies.length === 0) return;
    lastAnsweredAt = clock.now();
    socket.write(framed(replies, replyBytes));
    replies = [];
    replyBytes = 0;
  };
  /** Answers what is whole, as far as the peer reads and its turn goes; the rest goes on at `drain` or in the next turn. */
  const answerUnread = () => {
    answerWhole();
    send();
  };
  const answerWhole = () => {
    for (let answered = 0; !finishing && !socket.destroyed; answered += 1) {
      if (unread.length < lengthBytes) break;
      const end = lengthBytes + unread.readUInt16BE(0);
      if (end - lengthBytes > limits.queryBytesMax) return abandon('oversized');
      if (unread.length < end) break;
      // Where a drain is to come, it goes on from there.
      if (socket.writableNeedDrain && socket.writableLength > limits.tcpUnsentBytesMax) return void socket.pause();
      if (answered === limits.tcpQueriesPerTurn) return yieldTurn();
      const query = unread.subarray(lengthBytes, end);
      unread = unread.subarray(end);
      const reply = answer(query, client);
      if (reply === null) continue;
      replies.push(reply);
      replyBytes += lengthBytes + reply.length;
      if (replyBytes >= limits.tcpWriteBytes) send();
    }
    if (!finishing && !socket.destroyed) socket.resume();
  };
  const yieldTurn = () => {
    socket.pause();
    if (turnTaken) return;
    turnTaken = true;
    setImmediate(() => {
      turnTaken = false;
      answerUnread();
    });
  };

  socket.on('data', onBytes);
  socket.on('drain', answerUnread);
  // It comes only after everything before it was read, so what is left over is no whole query.
  socket.on('end', () => {
    if (unread.length > 0) abandon('unfinished');
  });
  socket.on('error', () => onCount({ kind: 'dropped', transport: 'tcp', reason: 'connection-failed' }));
  socket.on('close', () => cancelIdle());
  watchIdle();
  return { finish };
}

/** Each behind its length, in one write, so that a length never travels apart from its message (RFC 7766 section 8). */
function framed(replies: readonly Buffer[], bytes: number): Buffer {
  const stream = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const reply of replies) {
    at = stream.writeUInt16BE(reply.length, at);
    stream.set(reply, at);
    at += reply.length;
  }
  return stream;
}
