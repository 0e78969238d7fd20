/**
 * The log over any store of batches: positions without a gap (I1), time that never goes back (I2), one write after
 * another, the chain of hashes checked on every read, and nothing shown that is not synced. What it does not know is
 * where the bytes are kept; the disk log and the memory log differ in their store alone.
 */
import assert from 'node:assert/strict';
import { createBell } from './bell.ts';
import { type StoredRecord, vouched } from './chain.ts';
import type { Codec } from './codec.ts';
import type { Event } from './event.ts';
import type { Batch, EventLog, LogEnd, LogError } from './log.ts';
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
}

type Place = Pick<Batch, 'first' | 'at'>;
type Decode<B> = (bytes: Uint8Array, first: number, node: string, hash: Uint8Array) => B;

export function openChainedLog({ store, node, codec, end: start }: ChainedLogOptions): EventLog {
  const bell = createBell();
  let end = start;
  let synced = start;
  let appending = false;
  let closed = false;
  let closing: Promise<void> | undefined;
  let failure: LogError | undefined;
  let lastWrite: Promise<unknown> = Promise.resolve();

  /** Writes go one after another; after one that failed there is no other, since what it left behind is not known. */
  function write<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastWrite.then(async () => {
      if (failure !== undefined) throw failure;
      try {
        return await work();
      } catch (cause) {
        failure = unavailable(cause);
        throw failure;
      }
    });
    lastWrite = turn.catch(() => undefined);
    return turn;
  }

  function show(upTo: LogEnd): void {
    synced = upTo;
    bell.ring();
  }

  const append: EventLog['append'] = async (facts, at, { sync }) => {
    assertUsable();
    assert(!appending, 'the log has one writer: wait for the append before (I1)');
    assert(facts.length > 0, 'a batch without facts');
    assert(at >= end.at, `at ${at} is before ${end.at}, the last event's: time never goes back (I2)`);
    appending = true;
    try {
      const first = end.position + 1;
      const bytes = codec.encodeBatch({ previousHash: end.hash, at, events: facts });
      // What is folded now and what a replay will fold are the same by construction: both were read from these bytes.
      const batch = codec.decodeBatch(bytes, first, node);
      const next = { position: batch.last, at, hash: batch.hash };
      await write(async () => {
        const isSynced = await store.write({ first, bytes }, next, sync);
        end = next;
        if (isSynced) show(next);
      });
      return batch;
    } finally {
      appending = false;
    }
  };

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
        if (!ended()) throw error;
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
