/**
 * One TCP connection: bytes in, framed replies out. It holds at most one chunk of unread queries and a bounded number of
 * unsent replies; while those wait, or while others have their turn, the socket is not read.
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
  let cancelIdle = () => {};

  const abandon = (reason: 'oversized' | 'slow' | 'unfinished') => {
    if (socket.destroyed) return;
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

  /** Answers what is whole, as far as the peer reads and its turn goes; the rest goes on at `drain` or in the next turn. */
  const answerUnread = () => {
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
      lastAnsweredAt = clock.now();
      socket.write(framed(reply));
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

function framed(reply: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16BE(reply.length, 0);
  // In one write, so that it leaves in one segment (RFC 7766 section 8).
  return Buffer.concat([length, reply]);
}
