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
import { hashOf, type StoredRecord, sameHash, vouched } from './chain.ts';
import type { Codec } from './codec.ts';
import type { Event, Fact } from './event.ts';
import { type Batch, type EventLog, type LogEnd, LogError, type LogErrorCode } from './log.ts';
import { broken, closedLog, notInLog, unavailable } from './log-errors.ts';

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
  close(): Promise<void>;
}

export interface ChainedLogOptions {
  readonly store: BatchStore;
  readonly node: string;
  readonly codec: Codec;
  /** Where the store's batches end; all of them are synced. */
  readonly end: LogEnd;
  /** What may be held in memory while the disk refuses. Default 64 MiB: some hundred thousand results of checks. */
  readonly heldBytesMax?: number;
}

const heldBytesMaxDefault = 64 * 1024 * 1024;

/** What `reopen` says as the store said it: wait, or nothing to wait for. All else may pass, so it is waited for. */
const saidAsItIs: readonly LogErrorCode[] = ['log-unavailable', 'log-tail-lost', 'log-broken', 'log-too-new'];

type Place = Pick<Batch, 'first' | 'at'>;
type Decode<B> = (bytes: Uint8Array, first: number, node: string, hash: Uint8Array) => B;

export function openChainedLog(options: ChainedLogOptions): EventLog {
  const { store, node, codec, end: start, heldBytesMax = heldBytesMaxDefault } = options;
  const bell = createBell();
  let end = start;
  let synced = start;
  let appending = false;
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
        const isSynced = await store.write(record, next, sync);
        rejected = undefined;
        end = next;
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
    end = next;
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

  /** Everything from the batch that holds `from` up to what is synced now, decoded by `decode`. */
  async function* readAs<B extends Place>(decode: Decode<B>, from: number): AsyncGenerator<B> {
    assertOpen();
    if (!Number.isSafeInteger(from) || from < 1) throw notInLog(from);
    const upTo = synced;
    if (from > upTo.position) return;
    let at = 0;
    try {
      for await (const links of vouched(store.read(from), from, upTo)) {
        for (const { first, bytes, hash } of links) {
          const batch = decode(bytes, first, node, hash);
          if (batch.at < at) throw broken(`position ${batch.first}`, `its time ${batch.at} is before ${at}, the time of the batch before`);
          at = batch.at;
          yield batch;
          assertOpen();
        }
      }
    } catch (error) {
      throw closed ? closedLog() : error;
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
    read: ({ from = 1 } = {}) => readAs(codec.decodeBatch, from),
    readStored: ({ from = 1 } = {}) => readAs(codec.decodeStored, from),
    follow: ({ from = synced.position + 1, signal }) => followFrom(from, signal),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
