/**
 * A whole export, read batch by batch: the events of each are encoded again, and must give the hash that its line names
 * and that the next batch begins with. So one hash at the end vouches for every byte of the log that was exported.
 */

import { hashOf, type StoredRecord, sameHash } from '../../events/chain.ts';
import { codec } from '../../events/codec.ts';
import type { Envelope } from '../../events/event.ts';
import { type LogEnd, LogError, noHash } from '../../events/log.ts';
import type { BatchMark } from '../../events/ndjson.ts';
import { readStoredLine } from '../../events/ndjson.ts';
import { linesByChunk } from '../replay/ndjson-source.ts';

export interface ExportedBatch {
  readonly record: StoredRecord;
  /** The hash that stands before it. */
  readonly previousHash: Uint8Array;
  /** Where the log ends with this batch. */
  readonly end: LogEnd;
  readonly node: string;
  readonly events: number;
}

/** What is wrong with an export, and on which line. */
function wrong(file: string, line: number, problem: string): LogError {
  const remedy = 'Do not trust the file. Export it again where the log is, or restore it from a copy.';
  return new LogError('log-broken', `${file}:${line}: ${problem}.`, remedy);
}

export function notWhole(file: string): LogError {
  const remedy = 'Only a whole export can be verified or imported: make one with `opengslb log export`, without filters and --redact.';
  return new LogError('log-closed', `${file} names no batches: it is a part of a log, or a redacted one, and cannot be verified.`, remedy);
}

/** Throws `log-broken` at the first line that does not fit, and `log-closed` where the file is no whole export. */
export async function* readWholeExport(file: string): AsyncGenerator<ExportedBatch> {
  let end: LogEnd | undefined;
  let node: string | undefined;
  let events: Envelope[] = [];
  let line = 0;
  /** What is wrong before the first batch line. Only if there is one, the file is meant to be whole. */
  let early: LogError | undefined;
  for await (const texts of linesByChunk(file, () => {})) {
    for (const text of texts) {
      line += 1;
      if (text === '' || (early !== undefined && !text.startsWith('{"batch"'))) continue;
      if (early !== undefined) throw early;
      const reading = readStoredLine(text);
      if ('batch' in reading) {
        const next = batchOf(reading.batch, events, end);
        if (typeof next === 'string') throw wrong(file, line, next);
        end = next.end;
        yield { ...next, node: node as string, events: events.length };
        events = [];
        continue;
      }
      const problem =
        'problem' in reading ? reading.problem : misplaced(reading.event, end ?? beforeFirst(events, reading.event), events, node);
      if (problem === undefined && 'event' in reading) {
        node = reading.event.node;
        events.push(reading.event);
        continue;
      }
      const found = wrong(file, line, problem as string);
      if (end !== undefined) throw found;
      early = found;
    }
  }
  if (early !== undefined || (events.length > 0 && end === undefined)) throw notWhole(file);
  if (events.length > 0) throw wrong(file, line, `the file ends in the middle of a batch, after position ${events.at(-1)?.position}`);
}

/** The most that the codec puts into one batch. */
const batchEventsMax = 999_997;

function misplaced(event: Envelope, end: LogEnd, events: readonly Envelope[], node: string | undefined): string | undefined {
  const expected = end.position + events.length + 1;
  if (events.length >= batchEventsMax) return `no batch has more than ${batchEventsMax} events`;
  if (event.position !== expected) return `position ${event.position} stands where ${expected} should`;
  if (event.at < (events[0]?.at ?? end.at)) return `at ${event.at} is earlier than what is before it`;
  if (events[0] !== undefined && event.at !== events[0].at) return `at ${event.at} is not the moment of its batch, ${events[0].at}`;
  if (node !== undefined && event.node !== node) return `node ${event.node} is not ${node}`;
  return undefined;
}

/** A log begins with position 1, or with a checkpoint where what was before it was dropped. */
function beforeFirst([known]: readonly Envelope[], event: Envelope): LogEnd {
  const first = known ?? event;
  return { position: first.type === 'log.checkpoint' ? first.position - 1 : 0, at: 0, hash: noHash };
}

/** The hash that the batch begins with: that of the batch before, which the first line of a log without its beginning names. */
function previousHashOf({ first, previous }: BatchMark, end: LogEnd | undefined): Uint8Array | string {
  if (end === undefined && first > 1) return previous ?? `the batch line of position ${first} does not name the hash before it`;
  return previous === undefined
    ? (end?.hash ?? noHash)
    : `the batch line of position ${first} names a hash before it, and is not the first`;
}

function batchOf(mark: BatchMark, events: readonly Envelope[], end: LogEnd | undefined): Omit<ExportedBatch, 'node' | 'events'> | string {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return 'a batch line without events before it';
  if (mark.first !== first.position || mark.last !== last.position) {
    return `the batch line names positions ${mark.first} to ${mark.last}, and before it are ${first.position} to ${last.position}`;
  }
  const previousHash = previousHashOf(mark, end);
  if (typeof previousHash === 'string') return previousHash;
  const bytes = codec.encodeStored({ previousHash, at: first.at, events });
  const hash = hashOf(bytes);
  if (!sameHash(hash, mark.hash))
    return `the events of positions ${mark.first} to ${mark.last} do not have the hash that their batch line names`;
  return { record: { first: first.position, bytes }, previousHash, end: { position: last.position, at: first.at, hash } };
}
