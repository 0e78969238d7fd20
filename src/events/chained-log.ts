/**
 * The log over any store of batches: positions without a gap (I1), time that never goes back (I2), one write after
 * another, the chain of hashes checked on every read, and nothing shown that is not synced. What it does not know is
 * where the bytes are kept; the disk log and the memory log differ in their store alone.
 *
 *     synced <- batches written since <- batches held while the disk refuses <- end        (a chain, all of it)
 *               `unsynced`, kept in memory until a sync; after a failure nobody knows how much of it the disk has,
 *               so `reopen` puts all of it behind `synced`, whatever is there
 */
import assert from 'node:assert/strict';
import { createBell } from './bell.ts';
import { type ChainStart, hashOf, type StoredRecord, sameHash, vouched, wholeChain } from './chain.ts';
import type { Codec } from './codec.ts';
import type { Event, Fact } from './event.ts';
import { type Batch, type EventLog, type LogEnd, LogError, type LogErrorCode, type LogStart } from './log.ts';
import { broken, closedLog, dropped, notInLog, unavailable } from './log-errors.ts';

/** Where batches are kept. Written by one caller, one call at a time; read by many at any moment. */
export interface BatchStore {
  /**
   * Adds a batch; the log then ends at `end`. With `sync` it is on stable storage, with all before it, when the promise
   * resolves. A store may have reasons of its own to sync: the answer says whether it did.
   */
  write(record: StoredRecord, end: LogEnd, sync: boolean): Promise<boolean>;
  /** Brings everything up to `end` to stable storage. */
  sync(end: LogEnd): Promise<void>;
  /**
   * Opens the store again. Makes `records` what follows `synced`, instead of whatever is there, and syncs: all or nothing.
   * Rejects with `log-tail-lost` or `log-broken` where `synced` is not there, or where something was synced behind it
   * that `isOurs` does not know.
   */
  recover(synced: LogEnd, records: readonly StoredRecord[], end: LogEnd, isOurs: (hash: Uint8Array) => boolean): Promise<void>;
  /** In order, in chunks, from the batch that holds position `from`, as far as there is something. */
  read(from: number): AsyncIterable<readonly StoredRecord[]>;
  /** From now on the log begins there, whatever is before it: on stable storage when the promise resolves. */
  noteStart(start: ChainStart): Promise<void>;
  /**
   * Removes batches from the one at `from` up to `before`, as many as take a moment and no more. Gives the position
   * to go on from, undefined where none is left. That they are gone is synced.
   */
  remove(from: number, before: number): Promise<number | undefined>;
  /** Gives back what removed batches took between two positions. Others write meanwhile; each of these writes is synced. */
  reclaim(from: number, before: number): Promise<void>;
  /** About how many bytes there are from position `from` on. */
  size(from: number): Promise<number>;
  close(): Promise<void>;
}

export interface ChainedLogOptions {
  readonly store: BatchStore;
  readonly node: string;
  readonly codec: Codec;
  /** Where the store's batches end; all of them are synced. */
  readonly end: LogEnd;
  /** Where they begin. Default: at position 1, which is to come. */
  readonly start?: Beginning;
  /** What may be held in memory while the disk refuses. Default 64 MiB: some hundred thousand results of checks. */
  readonly heldBytesMax?: number;
}

/** Where a log begins, and what vouches for its first batch. */
export type Beginning = LogStart & ChainStart;

const heldBytesMaxDefault = 64 * 1024 * 1024;

/** Giving back what was dropped takes a while; whoever closes the log waits for one piece of it, about this large. */
const reclaimBytes = 64 * 1024 * 1024;

/** What `reopen` says as the store said it: wait, or nothing to wait for. All else may pass, so it is waited for. */
const saidAsItIs: readonly LogErrorCode[] = ['log-unavailable', 'log-tail-lost', 'log-broken', 'log-too-new'];

type Place = Pick<Batch, 'first' | 'at'>;
type Decode<B> = (bytes: Uint8Array, first: number, node: string, hash: Uint8Array) => B;

export function openChainedLog(options: ChainedLogOptions): EventLog {
  const { store, node, codec, heldBytesMax = heldBytesMaxDefault } = options;
  const bell = createBell();
  let start: Beginning = options.start ?? { ...wholeChain, at: 0 };
  let end = options.end;
  let synced = end;
  let appending = false;
  let dropping: Promise<void> | undefined;
  let reclaiming = false;
  let closed = false;
  let closing: Promise<void> | undefined;
  let failure: LogError | undefined;
  /** How often the store was opened again: a read that was cut off by it is not a broken log. */
  let reopenings = 0;
  let unsynced: StoredRecord[] = [];
  let heldBytes = 0;
  /** The batch whose write was rejected: not appended, and yet it may be on the disk. */
  let rejected: Uint8Array | undefined;
  let lastWrite: Promise<unknown> = Promise.resolve();

  /** Writes go one after another; after one that failed there is no other, since what it left behind is not known. */
  function write<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastWrite.then(async () => {
      if (failure !== undefined) throw failure;
      try {
        return await work();
      } catch (cause) {
        failure = cause instanceof LogError ? cause : unavailable(cause);
        throw failure;
      }
    });
    lastWrite = turn.catch(() => undefined);
    return turn;
  }

  function endWith(next: LogEnd): void {
    if (end.position === 0) start = { ...start, at: next.at };
    end = next;
  }

  function show(upTo: LogEnd): void {
    synced = upTo;
    unsynced = [];
    heldBytes = 0;
    bell.ring();
  }

  /** The batch that these facts would be, and its record. */
  function nextBatch(facts: readonly Fact[], at: number): { readonly batch: Batch; readonly record: StoredRecord; readonly next: LogEnd } {
    assert(facts.length > 0, 'a batch without facts');
    assert(at >= end.at, `at ${at} is before ${end.at}, the last event's: time never goes back (I2)`);
    const first = end.position + 1;
    const bytes = codec.encodeBatch({ previousHash: end.hash, at, events: facts });
    // What is folded now and what a replay will fold are the same by construction: both were read from these bytes.
    const batch = codec.decodeBatch(bytes, first, node);
    return { batch, record: { first, bytes }, next: { position: batch.last, at, hash: batch.hash } };
  }

  const append: EventLog['append'] = async (facts, at, { sync }) => {
    assertUsable();
    assert(!appending, 'the log has one writer: wait for the append before (I1)');
    appending = true;
    try {
      const { batch, record, next } = nextBatch(facts, at);
      await write(async () => {
        rejected = next.hash;
        const isSynced = await store.write(record, next, sync || reclaiming);
        rejected = undefined;
        endWith(next);
        unsynced.push(record);
        if (isSynced) show(next);
      });
      return batch;
    } finally {
      appending = false;
    }
  };

  function hold(facts: readonly Fact[], at: number): Batch | undefined {
    assertUsable();
    assert(failure !== undefined && !appending, 'only what the disk refuses is held');
    const { batch, record, next } = nextBatch(facts, at);
    if (heldBytes + record.bytes.length > heldBytesMax) return undefined;
    heldBytes += record.bytes.length;
    unsynced.push(record);
    endWith(next);
    return batch;
  }

  async function reopen(): Promise<void> {
    assertUsable();
    assert(failure !== undefined, 'only a log that refuses is opened again');
    await lastWrite;
    reopenings += 1;
    const isOurs = (hash: Uint8Array) =>
      (rejected !== undefined && sameHash(hash, rejected)) || unsynced.some(({ bytes }) => sameHash(hash, hashOf(bytes)));
    try {
      await store.recover(synced, unsynced, end, isOurs);
    } catch (cause) {
      failure = cause instanceof LogError && saidAsItIs.includes(cause.code) ? cause : unavailable(cause);
      throw failure;
    }
    failure = undefined;
    rejected = undefined;
    show(end);
  }

  const syncAll = () =>
    write(async () => {
      if (synced.position === end.position) return;
      await store.sync(end);
      show(end);
    });

  async function dropBefore(position: number): Promise<void> {
    assertUsable();
    assert(dropping === undefined, 'what was dropped before is still being removed');
    dropping = dropAll(position);
    try {
      await dropping;
    } finally {
      dropping = undefined;
    }
  }

  /** A step at a time, so that nobody who appends or closes waits for more than one of them. */
  async function dropAll(position: number): Promise<void> {
    try {
      const begin = start.position;
      if (position !== begin) {
        const next = await beginningAt(position);
        await write(() => store.noteStart(next));
        start = next;
      }
      // What a process that was killed left over is before all of it.
      const oldest = position === begin ? 1 : begin;
      const pieces = Math.max(1, Math.ceil(((await store.size(oldest)) - (await store.size(position))) / reclaimBytes));
      for (let from: number | undefined = oldest; from !== undefined && closing === undefined; ) {
        const next: number = from;
        from = await write(() => store.remove(next, position));
      }
      reclaiming = true;
      await syncAll();
      const piece = Math.ceil((position - oldest) / pieces);
      for (let from = oldest; from < position && closing === undefined; from += piece) {
        await store.reclaim(from, Math.min(from + piece, position));
      }
    } finally {
      reclaiming = false;
    }
  }

  async function beginningAt(position: number): Promise<Beginning> {
    for await (const { first, at, previousHash, events } of readAs(codec.decodeStored, position)) {
      const isCheckpoint = first === position && events[0]?.type === 'log.checkpoint';
      assert(isCheckpoint, `a log begins with a checkpoint, and at position ${position} there is none`);
      return { position, at, previousHash };
    }
    return assert.fail(`a log begins with a checkpoint, and position ${position} is not synced`);
  }

  /** Everything from the batch that holds `from` up to what is synced now, decoded by `decode`. */
  async function* readAs<B extends Place>(decode: Decode<B>, wanted: number | undefined): AsyncGenerator<B> {
    assertOpen();
    const begun = start;
    const from = wanted ?? begun.position;
    if (!Number.isSafeInteger(from) || from < 1) throw notInLog(from);
    if (from < begun.position) throw dropped(`position ${from}`, begun);
    const upTo = synced;
    if (from > upTo.position) return;
    let at = 0;
    try {
      for await (const links of vouched(store.read(from), from, upTo, begun)) {
        for (const { first, bytes, hash } of links) {
          const batch = decode(bytes, first, node, hash);
          if (batch.at < at) throw broken(`position ${batch.first}`, `its time ${batch.at} is before ${at}, the time of the batch before`);
          at = batch.at;
          yield batch;
          assertOpen();
        }
      }
    } catch (error) {
      if (closed) throw closedLog();
      // It was dropped before the store came to it.
      throw at === 0 && from < start.position ? dropped(`position ${from}`, start) : error;
    }
  }

  /** Pulls: a follower that is behind reads the disk, one that has caught up waits for the bell. Nothing is queued. */
  async function* followFrom(from: number, signal: AbortSignal): AsyncGenerator<Event> {
    const ended = () => closed || signal.aborted;
    let next = from;
    while (!ended()) {
      if (next > synced.position) {
        await bell.heard(signal);
        continue;
      }
      const opening = reopenings;
      try {
        for await (const batch of readAs(codec.decodeBatch, next)) {
          for (const event of batch.events) {
            if (event.position < next) continue;
            next = event.position + 1;
            yield event;
            if (ended()) return;
          }
        }
      } catch (error) {
        if (ended()) return;
        // The disk is being waited for; when it is back, the bell rings and reading goes on where it was cut off.
        if (failure !== undefined) await bell.heard(signal);
        else if (opening === reopenings) throw error;
      }
    }
  }

  async function close(): Promise<void> {
    try {
      // Whatever was observed before an orderly stop survives a loss of power after it.
      if (failure === undefined) await syncAll();
    } finally {
      await dropping?.catch(() => undefined);
      closed = true;
      bell.ring();
      await store.close();
    }
  }

  /** From the call to `close` on, nothing more is written but what was asked for before. */
  function assertUsable(): void {
    if (closing !== undefined) throw closedLog();
  }

  function assertOpen(): void {
    if (closed) throw closedLog();
  }

  return {
    node,
    get oldest() {
      return { position: start.position, at: start.at };
    },
    get end() {
      return end;
    },
    get synced() {
      return synced;
    },
    append,
    hold,
    get heldBytes() {
      return heldBytes;
    },
    heldBytesMax,
    reopen,
    async sync() {
      assertUsable();
      await syncAll();
    },
    read: ({ from } = {}) => readAs(codec.decodeBatch, from),
    readStored: ({ from } = {}) => readAs(codec.decodeStored, from),
    dropBefore,
    async size(from = start.position) {
      assertOpen();
      return store.size(from);
    },
    follow: ({ from = synced.position + 1, signal }) => followFrom(from, signal),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
