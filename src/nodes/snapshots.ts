/**
 * Snapshots of the folded state on disk: caches, so that a start folds the tail of the log and not all of it. A file is
 * a line of JSON that says what it is, and the state's bytes behind it. The log is what is true: a snapshot that is
 * damaged, that other folds made, or that does not fit the log is passed over with a warning and never an error.
 *
 *     snapshots/0000000000100000.snapshot    {"snapshot":1,"node":...,"position":100000,"at":...,"batchHash":...,...}\n bytes
 *     snapshots/writing                      written whole and synced before it gets its name
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { moment, sha256 } from '../events/catalogue/scalars.ts';
import type { EventLog, LogEnd } from '../events/log.ts';
import { foldVersion } from '../projections/fold-version.ts';
import { decodeState, encodeInPieces } from '../projections/snapshot.ts';
import type { State } from '../projections/state.ts';

/** The newest two: when one is found damaged, the other saves the start. */
const kept = 2;
/** A head is a few hundred bytes, and blanks. */
const headBytes = 1024;
const headBytesMax = 4096;
/** What is gathered before it is written. */
const bytesAtOnce = 1024 * 1024;

const headShape = z.object({
  /** Layout of the file. */
  snapshot: z.literal(1),
  node: z.string(),
  position: z.int().positive(),
  at: moment,
  /** Hash of the batch that ends at `position`. */
  batchHash: sha256,
  foldVersion: z.int(),
  /** Of the bytes behind this line. */
  sha256,
});
type Head = z.output<typeof headShape>;

export interface SnapshotFolder {
  /** The state of the newest snapshot that fits the log; undefined where none does. */
  restore(log: EventLog): Promise<State | undefined>;
  /** Removes those of before `position`, where the log begins now: what follows them is no longer there. */
  removeBefore(position: number): Promise<void>;
  /** Writes the state, which ends with the batch at `end`, and removes all but the newest two. */
  write(state: State, node: string, end: LogEnd): Promise<void>;
}

/** `warn` is told what was passed over, and why. */
export function openSnapshotFolder(folder: string, warn: (sentence: string) => void): SnapshotFolder {
  const names = async () =>
    (await readdir(folder).catch(() => []))
      .filter((name) => /^\d{16}\.snapshot$/.test(name))
      .sort()
      .reverse();

  return {
    async restore(log) {
      const reasons: string[] = [];
      let restored: State | undefined;
      for (const name of await names()) {
        const outcome = await restoreFrom(join(folder, name), log);
        if (typeof outcome !== 'string') {
          restored = outcome;
          break;
        }
        reasons.push(`${name}: ${outcome}`);
      }
      if (reasons.length > 0) {
        const instead = restored === undefined ? 'the whole log is folded' : `position ${restored.position} is where folding begins`;
        warn(`snapshots were passed over, and ${instead} (${reasons.join('; ')})`);
      }
      return restored;
    },

    async removeBefore(position) {
      for (const name of await names()) if (Number.parseInt(name, 10) < position) await rm(join(folder, name), { force: true });
    },

    async write(state, node, end) {
      const { position, at } = state;
      const pieces = encodeInPieces(state);
      const batchHash = Buffer.from(end.hash).toString('hex');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const writing = join(folder, 'writing');
      await writeSynced(writing, pieces, (sha256) => ({ snapshot: 1, node, position, at, batchHash, foldVersion, sha256 }));
      await rename(writing, join(folder, `${String(position).padStart(16, '0')}.snapshot`));
      await syncFolder(folder);
      for (const name of (await names()).slice(kept)) await rm(join(folder, name), { force: true });
    },
  };
}

/** The state, or why it cannot be used. */
async function restoreFrom(path: string, log: EventLog): Promise<State | string> {
  try {
    const bytes = await readFile(path);
    const lineEnd = bytes.subarray(0, headBytesMax).indexOf('\n');
    const head = headShape.safeParse(JSON.parse(bytes.toString('utf8', 0, Math.max(lineEnd, 0))));
    if (!head.success) return 'it does not begin as a snapshot does';
    const body = bytes.subarray(lineEnd + 1);
    const problem = await misfit(head.data, body, log);
    return problem ?? decodeState(body);
  } catch (error) {
    return `it cannot be read: ${(error as Error).message}`;
  }
}

/**
 *     made by other folds              passed over
 *     its bytes have another hash      passed over
 *     of another node, or the log has another batch at its position, or none    passed over
 *     of before the log's beginning    passed over: what follows it was dropped
 *     later than what follows it       passed over: time would go back
 */
async function misfit(head: Head, body: Uint8Array, log: EventLog): Promise<string | undefined> {
  if (head.foldVersion !== foldVersion) return `fold version ${head.foldVersion} made it, and this is ${foldVersion}`;
  if (createHash('sha256').update(body).digest('hex') !== head.sha256) return 'its bytes are damaged';
  if (head.node !== log.node) return `it is of node ${head.node}`;
  if (head.position > log.end.position) return `the log ends at position ${log.end.position}`;
  if (head.position < log.oldest.position) return `the log begins at position ${log.oldest.position}`;
  let isFirst = true;
  for await (const { last, at, hash } of log.read({ from: head.position })) {
    if (isFirst && (last !== head.position || Buffer.from(hash).toString('hex') !== head.batchHash)) {
      return `the log has another batch at position ${head.position}`;
    }
    if (!isFirst) return at < head.at ? 'what follows in the log is earlier' : undefined;
    isFirst = false;
  }
  return isFirst ? 'the log does not reach it' : undefined;
}

/** The head, which holds the hash of what follows it, is written last: so no more than a few pieces are in memory at a time. */
async function writeSynced(path: string, pieces: Iterable<Uint8Array>, headOf: (sha256: string) => Head): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    let at = headBytes;
    let waiting: Uint8Array[] = [];
    let bytes = 0;
    const flush = async () => {
      const { bytesWritten } = await file.writev(waiting, at);
      if (bytesWritten !== bytes) throw new Error(`only ${bytesWritten} of ${bytes} bytes were written`);
      at += bytes;
      waiting = [];
      bytes = 0;
    };
    for (const piece of pieces) {
      hash.update(piece);
      waiting.push(piece);
      bytes += piece.length;
      if (bytes >= bytesAtOnce) await flush();
      else await nextTurn();
    }
    if (bytes > 0) await flush();
    const head = Buffer.from(`${JSON.stringify(headOf(hash.digest('hex'))).padEnd(headBytes - 1)}\n`);
    assert.equal(head.length, headBytes, 'the head of a snapshot has its place');
    await file.write(head, 0, headBytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is on stable storage when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
