/**
 * One stream, from the position that was asked for to its end.
 *
 *     catching up   reads the log itself, at the speed at which the peer reads: the past waits for anybody
 *     caught up     gets what happens when it happens; one that leaves too much of it unread is cut off
 *
 * Either way every event is looked at in order, once. Being cut off loses nothing: the reason says where to go on.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import type { Event } from '../../events/event.ts';
import { type EventLog, LogError } from '../../events/log.ts';
import { eventToLine } from '../../events/ndjson.ts';
import type { Clock } from '../world.ts';
import { apiLimits } from './limits.ts';
import { createPastFold, type PastFold } from './stream-fold.ts';
import type { StreamQuery } from './stream-query.ts';
import type { ChangeFrame, RecentChanges } from './stream-recent.ts';
import type { Member, Tail } from './stream-tail.ts';
import type { Turns } from './stream-turns.ts';

/** Why a stream was closed. 4000 and above are ours. */
export const closeCodes = { leaving: 1001, failed: 1011, tooSlow: 1013, badFilter: 4400, belowRetention: 4410 } as const;

export const stopping = [closeCodes.leaving, 'the node is stopping'] as const;
const unreadable = [closeCodes.failed, 'the log cannot be read; see what the node says'] as const;

/** What all streams of a node share. */
export interface StreamSource {
  readonly log: EventLog;
  /** Undefined where the node derives none. */
  readonly recent: RecentChanges | undefined;
  readonly tail: Tail;
  readonly turns: Turns;
  readonly clock: Clock;
  /** Hears of what is this program's own fault. */
  readonly onTrouble: (error: unknown) => void;
}

export interface StreamConsumer {
  /** Resolves when there is nothing more to do for it: it has caught up, or is closed. */
  readonly caughtUp: Promise<void>;
  close(code: number, reason: string): void;
}

/** `raw` is the connection under `socket`. */
export function serveStream(source: StreamSource, socket: WebSocket, raw: Socket, query: StreamQuery): StreamConsumer {
  const { log, recent, tail, turns, clock } = source;
  const isFiltered = query.type !== undefined || query.service !== undefined;
  // Changes are known from where the node has folded to: what was folded and is not synced yet would be the past.
  let next = query.from ?? (query.changes ? log.end : log.synced).position + 1;
  let isOpen = true;
  let fold: PastFold | undefined;
  /** Where in the recent changes this stream is. */
  let place = query.changes ? recent?.placeAfter(next - 1) : undefined;
  let isCorked = false;
  let lastHeardAt = clock.now();
  let callOffTick: (() => void) | undefined;
  let stopListening: (() => void) | undefined;

  function close(code: number, reason: string): void {
    if (!isOpen) return;
    end();
    socket.close(code, reason);
  }

  function end(): void {
    isOpen = false;
    tail.leave(member);
    callOffTick?.();
    stopListening?.();
  }

  /** What is sent in one go leaves in one piece. */
  function send(text: string | Buffer): void {
    if (!isCorked) {
      isCorked = true;
      raw.cork();
      setImmediate(() => {
        isCorked = false;
        raw.uncork();
      });
    }
    socket.send(text, { binary: false });
  }

  function sendChanges(frames: readonly ChangeFrame[]): void {
    for (const { service, text } of frames) if (query.service === undefined || query.service === service) send(text);
  }

  /** The recent changes up to those that follow event `position`. */
  function sendRecent(position: number): void {
    if (recent === undefined || place === undefined) return;
    if (place < recent.oldest) {
      close(closeCodes.tooSlow, String(next));
      return;
    }
    for (let frame = recent.at(place); frame !== undefined && frame.position <= position; frame = recent.at(place)) {
      sendChanges([frame]);
      place += 1;
    }
  }

  /** An event and all that it changed go together, so that the position to resume from is always behind both. */
  function take(event: Event, line: Buffer | undefined): void {
    if (!isOpen || event.position < next) return;
    if (event.position > next) {
      close(closeCodes.belowRetention, String(event.position));
      return;
    }
    const past = fold?.take(event);
    if (past === undefined) sendRecent(event.position - 1);
    else sendChanges(past.before);
    if (!isOpen) return;
    if (isWanted(event, query)) send(line ?? eventToLine(event));
    next = event.position + 1;
    if (past === undefined) sendRecent(event.position);
    else {
      sendChanges(past.after);
      place = recent?.placeAfter(event.position);
      if (place !== undefined) {
        fold = undefined;
        sendRecent(event.position);
      }
    }
  }

  const member: Member = {
    get next() {
      return next;
    },
    take(event, line) {
      // Before it comes: that a fact is large is nobody's slowness.
      cutOffIfSlow();
      take(event, line);
    },
    fail,
  };

  function cutOffIfSlow(): void {
    if (isOpen && socket.bufferedAmount > apiLimits.streamUnsentBytesMax) close(closeCodes.tooSlow, String(next));
  }

  function fail(error: unknown): void {
    if (!isOpen) return;
    const why = error instanceof LogError ? error.code : undefined;
    if (why === 'log-dropped') {
      close(closeCodes.belowRetention, String(log.oldest.position));
      return;
    }
    const isStopping = why === 'log-closed';
    if (!isStopping) source.onTrouble(error);
    const [code, reason] = isStopping ? stopping : unreadable;
    close(code, reason);
  }

  /** Folds what was before the stream's beginning, where changes of the past are wanted. */
  async function foldUpToStart(): Promise<void> {
    fold = createPastFold();
    for await (const { events } of log.read()) {
      for (const event of events) {
        if (!isOpen || event.position >= next) return;
        fold.take(event);
        await turns.rest();
      }
    }
  }

  async function catchUp(): Promise<void> {
    if (query.changes && place === undefined) await foldUpToStart();
    while (isOpen && !tail.join(member)) {
      for await (const { events } of log.read({ from: next })) {
        for (const event of events) {
          if (!isOpen) return;
          take(event, undefined);
          if (socket.bufferedAmount > apiLimits.streamPacedBytes) await drained(raw);
          await turns.rest();
        }
      }
    }
  }

  /** Every few seconds: a sign of life, where this stream is, and whether the peer is still there. */
  function tick(): void {
    callOffTick = clock.wakeAt(clock.now() + apiLimits.streamTickMs, tick);
    if (clock.now() - lastHeardAt > apiLimits.streamSilentMsMax) {
      end();
      socket.terminate();
      return;
    }
    if (isFiltered && next > 1) send(JSON.stringify({ bookmark: next - 1 }));
    socket.ping();
  }

  socket.on('pong', () => {
    lastHeardAt = clock.now();
  });
  socket.on('close', () => {
    if (isOpen) end();
  });
  callOffTick = clock.wakeAt(clock.now() + apiLimits.streamTickMs, tick);
  if (query.changes)
    stopListening = recent?.listen(() => {
      // Not while the engine folds: what a slow peer costs is not the engine's business.
      queueMicrotask(() => {
        if (!isOpen || fold !== undefined) return;
        sendRecent(next - 1);
        cutOffIfSlow();
      });
    });
  return { caughtUp: catchUp().catch(fail), close };
}

/** Changes are not of any type: `type` says nothing about them. */
function isWanted(event: Event, { type, service }: StreamQuery): boolean {
  if (type !== undefined && event.type !== type) return false;
  return service === undefined || ('service' in event.data && event.data.service === service);
}

/** Resolves when what was written is with the kernel, or never will be. */
function drained(raw: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      raw.off('drain', done);
      raw.off('close', done);
      resolve();
    };
    if (raw.destroyed || !raw.writableNeedDrain) return resolve();
    raw.on('drain', done).on('close', done);
  });
}
