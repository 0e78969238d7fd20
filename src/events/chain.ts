/**
 * The chain: what holds a log together and shows that nothing in it was changed. Every batch begins with the hash of
 * the one before, so knowing the last hash vouches for all the bytes up to it. Works on bytes alone and knows nothing
 * of events; a batch is passed on only when what follows it has vouched for it.
 *
 *     [format, hash 0..0, at, events]   <-   [format, hash of 1st, at, events]   <-   hash of 2nd: the log's end
 */
import * as crypto from 'node:crypto';
import { type LogEnd, noHash } from './log.ts';
import { broken } from './log-errors.ts';

/** The first number of every batch. Another layout gets another number. */
export const batchFormat = 1;

/** One batch as it is stored. */
export interface StoredRecord {
  /** Position of its first event. */
  readonly first: number;
  readonly bytes: Uint8Array;
}

/** A batch and its place in the chain. */
export interface Link extends StoredRecord {
  readonly last: number;
  /** A view of `bytes`. */
  readonly previousHash: Uint8Array;
  readonly hash: Uint8Array;
}

/** The first position that a log holds, and the hash that stands before its batch. */
export interface ChainStart {
  readonly position: number;
  readonly previousHash: Uint8Array;
}

/** Where a log begins of which nothing was dropped. */
export const wholeChain: ChainStart = { position: 1, previousHash: noHash };

/** `crypto.hash` makes no object, which halves the time for a small batch; Node has it from 20.12 on. */
const sha256: (bytes: Uint8Array) => Uint8Array =
  typeof crypto.hash === 'function'
    ? (bytes) => crypto.hash('sha256', bytes, 'buffer')
    : (bytes) => crypto.createHash('sha256').update(bytes).digest();

/** The hash of a batch is that of its bytes, which begin with the hash of the batch before. */
export function hashOf(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Reads a batch's place in the chain off its bytes. */
export function linkOf({ first, bytes }: StoredRecord): Link {
  const start = readStart(bytes);
  if (start === undefined) throw broken(`position ${first}`, 'the record does not begin as a batch does');
  const previousHash = bytes.subarray(start.hashAt, start.hashAt + noHash.length);
  return { first, last: first + start.count - 1, bytes, previousHash, hash: hashOf(bytes) };
}

/** MessagePack: an array's head, the format, a binary of 32 bytes. `count` is the number of events. */
function readStart(bytes: Uint8Array): { readonly count: number; readonly hashAt: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The shortest batch: head, format, hash, a moment and an empty event of one byte each.
  if (bytes.length < 1 + 1 + 2 + noHash.length + 2) return undefined;
  const head = view.getUint8(0);
  const [length, next] =
    head >> 4 === 0x9 ? [head & 0xf, 1] : head === 0xdc ? [view.getUint16(1), 3] : head === 0xdd ? [view.getUint32(1), 5] : [0, 0];
  const hashAt = next + 3;
  if (length < 4 || hashAt + noHash.length > bytes.length) return undefined;
  if (view.getUint8(next + 1) !== 0xc4 || view.getUint8(next + 2) !== noHash.length) return undefined;
  return { count: length - 3, hashAt };
}

/**
 * Passes on the links of `records`, which are in order, up to `end`, each once the next (or `end`) has vouched for it.
 * Anything that does not fit, up to an end that is not reached, is `log-broken` at the position where it shows.
 */
export async function* vouched(
  records: AsyncIterable<readonly StoredRecord[]>,
  from: number,
  end: Pick<LogEnd, 'position' | 'hash'>,
  start: ChainStart = wholeChain,
): AsyncGenerator<readonly Link[]> {
  let waiting: Link | undefined;
  for await (const chunk of records) {
    const sound: Link[] = [];
    try {
      for (const record of chunk) {
        if (record.first > end.position) break;
        const link = linkOf(record);
        if (waiting === undefined) checkBegins(link, from, start);
        else {
          checkFollows(link, waiting);
          sound.push(waiting);
        }
        waiting = link;
      }
    } catch (error) {
      yield sound;
      throw error;
    }
    yield sound;
    if (waiting !== undefined && waiting.last >= end.position) break;
  }
  if (waiting === undefined) throw broken(`position ${from}`, 'there is no batch that holds it');
  yield [checkEnds(waiting, end)];
}

function checkBegins(link: Link, from: number, start: ChainStart): void {
  if (link.first > from || link.last < from) throw broken(`position ${from}`, 'there is no batch that holds it');
  if (link.first !== start.position || sameHash(link.previousHash, start.previousHash)) return;
  const problem = link.first === 1 ? 'the first batch names one before it' : 'the first batch does not follow the one that was before it';
  throw broken(`position ${link.first}`, problem);
}

function checkFollows(link: Link, previous: Link): void {
  if (link.first !== previous.last + 1) {
    throw broken(`position ${previous.last + 1}`, `the next batch begins with position ${link.first}`);
  }
  if (!sameHash(link.previousHash, previous.hash))
    throw broken(placeOf(previous), 'its bytes do not have the hash that the next batch names');
}

function checkEnds(link: Link, end: Pick<LogEnd, 'position' | 'hash'>): Link {
  if (link.last !== end.position) throw broken(`position ${link.last + 1}`, `the log should end with position ${end.position}`);
  if (!sameHash(link.hash, end.hash)) throw broken(placeOf(link), 'its bytes do not have the hash that was noted when it was written');
  return link;
}

function placeOf(link: Link): string {
  return link.first === link.last ? `position ${link.first}` : `positions ${link.first} to ${link.last}`;
}
