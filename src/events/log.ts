/**
 * The log of one node: facts in the order in which they were appended. The batch is its unit: written whole or not at
 * all, one after another, each holding the hash of the one before. Only synced batches are shown to anybody.
 */
import type { Envelope, Event, Fact } from './event.ts';

/** The hash that stands before the first batch. */
export const noHash = new Uint8Array(32);

/** Events that were appended together. All have the same `at`. */
export interface Batch {
  readonly first: number;
  readonly last: number;
  readonly at: number;
  /** SHA-256 of the batch's bytes, which begin with the previous batch's hash. */
  readonly hash: Uint8Array;
  readonly events: readonly Event[];
}

/** A batch as it was written, its events at the versions of that day: what its hash was made of, and what exports hold. */
export interface StoredBatch extends Omit<Batch, 'events'> {
  /** The hash of the batch before. */
  readonly previousHash: Uint8Array;
  readonly events: readonly Envelope[];
}

/** Where a log ends. An empty log ends at position 0, at 0, with `noHash`. */
export interface LogEnd {
  readonly position: number;
  readonly at: number;
  readonly hash: Uint8Array;
}

/**
 * Where a log begins: the first position that it holds, and its moment. That is 1, or a checkpoint where what was before
 * it was dropped. A log that never held anything begins at position 1, at 0.
 */
export interface LogStart {
  readonly position: number;
  readonly at: number;
}

/** Where events come from: a log, or a file that was exported from one. Folding needs no more than this. */
export interface EventSource {
  /** Whose events these are. */
  readonly node: string;
  /**
   * Synced batches in order, from the one that holds position `from` on (default: the first). A broken chain throws
   * `log-broken`, a position that the log no longer holds `log-dropped`.
   */
  read(options?: { readonly from?: number }): AsyncIterable<Batch>;
}

export interface EventLog extends EventSource {
  readonly oldest: LogStart;
  /** Like `read`, but with the events as they were written. */
  readStored(options?: { readonly from?: number }): AsyncIterable<StoredBatch>;
  /** The last batch written, synced or not. */
  readonly end: LogEnd;
  /** The last batch that is known to survive power loss. */
  readonly synced: LogEnd;
  /**
   * Appends facts as one batch. With `sync` it is on stable storage, with all before it, when the promise resolves.
   * One call at a time; `at` never before the last (both are asserted: I1, I2). An empty list is an error.
   * Rejects with `LogError` `log-unavailable` when the disk refuses; nothing was appended then.
   */
  append(facts: readonly Fact[], at: number, options: { readonly sync: boolean }): Promise<Batch>;
  /** Brings all that was appended to stable storage. Cheap when there is nothing to do. */
  sync(): Promise<void>;
  /**
   * Takes facts as one batch while the disk refuses: it has its positions and its hash at once, and `reopen` writes it as
   * it is. Undefined where there is no room for it. Only after `append` or `sync` was rejected.
   */
  hold(facts: readonly Fact[], at: number): Batch | undefined;
  /** How much is held for the disk, and how much may be. */
  readonly heldBytes: number;
  readonly heldBytesMax: number;
  /**
   * Opens the store again after the disk refused, and writes all that was not known to be synced, in one write. Rejects
   * with `log-unavailable` while the disk goes on refusing: try again later. With `log-tail-lost` or `log-broken` where
   * what was synced is not there, or is not what this log wrote: there is nothing to go on from.
   */
  reopen(): Promise<void>;
  /**
   * Lets go of everything before `position`, at which a synced checkpoint stands; from the call on it is not shown any
   * more. Resolves when its bytes are given back. The new beginning is on stable storage before anything goes: what a
   * killed process left over is let go of by the same call again. Appending and reading go on all the while.
   */
  dropBefore(position: number): Promise<void>;
  /** About how many bytes the log takes from position `from` on (default: all of it). */
  size(from?: number): Promise<number>;
  /**
   * Every event from position `from` on (default: what comes next), without gap or duplicate, first from the disk and
   * then as they are synced, until `signal` is aborted or the log is closed.
   */
  follow(options: { readonly from?: number; readonly signal: AbortSignal }): AsyncIterable<Event>;
  close(): Promise<void>;
}

/** One stable code a cause. Messages are for people; programs match on the code. */
export type LogErrorCode =
  /** The disk refuses: full, read-only, failing. */
  | 'log-unavailable'
  /** Another process has the directory. */
  | 'log-in-use'
  /** Written by a newer program: an unknown format, event type or version. */
  | 'log-too-new'
  /** The chain of hashes or the positions do not fit together. */
  | 'log-broken'
  /** The end that was once synced is not there. */
  | 'log-tail-lost'
  /** Asked for what was dropped: the log begins later. */
  | 'log-dropped'
  /** The log belongs to another node. */
  | 'log-of-another-node'
  /** Asked for what is not there, or used after closing. */
  | 'log-closed';

/** What went wrong with a log, and what to do about it. */
export class LogError extends Error {
  readonly code: LogErrorCode;
  readonly remedy: string;
  constructor(code: LogErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LogError';
    this.code = code;
    this.remedy = remedy;
  }
}
