/**
 * Events from an NDJSON file, checked line by line. A bad line ends the reading and names its place; with `skipBad` it
 * is passed over and counted. The file may be of any size: it is never held whole.
 */
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Event } from '../../events/event.ts';
import { type Batch, type EventSource, noHash } from '../../events/log.ts';
import { lineCharactersMax, readLine } from '../../events/ndjson.ts';

const chunkBytes = 1 << 18;
/** Bad lines that are told one by one; the others are counted. */
const badLinesKeptMax = 100;

export interface BadLine {
  readonly line: number;
  readonly problem: string;
}

/** A line that is no event, or not the next one. */
class BadLineError extends Error {
  readonly remedy = 'mend the line, or pass over bad lines with --skip-bad';
  constructor(file: string, { line, problem }: BadLine) {
    super(`${file}:${line}: ${problem}`);
    this.name = 'BadLineError';
  }
}

export interface NdjsonSource extends EventSource {
  /** Lines that were passed over: how many, and the first of them. */
  readonly bad: { count: number; readonly first: BadLine[] };
  /** How much of the file has been read. */
  readonly bytesRead: number;
}

export function ndjsonSource(file: string, options: { readonly skipBad: boolean }): NdjsonSource {
  const bad: { count: number; readonly first: BadLine[] } = { count: 0, first: [] };
  let bytesRead = 0;
  let node = '';

  function reject(line: number, problem: string): void {
    if (!options.skipBad) throw new BadLineError(file, { line, problem });
    bad.count += 1;
    if (bad.first.length < badLinesKeptMax) bad.first.push({ line, problem });
  }

  /** Takes an event only where it can come next: of the same node, later in its log and not earlier in time. */
  function isNext(event: Event, before: Event | undefined, line: number): boolean {
    const problem = misplaced(event, before, options.skipBad);
    if (problem !== undefined) reject(line, problem);
    return problem === undefined;
  }

  async function* read(): AsyncGenerator<Batch> {
    let line = 0;
    let last: Event | undefined;
    for await (const texts of linesByChunk(file, (bytes) => {
      bytesRead += bytes;
    })) {
      const events: Event[] = [];
      for (const text of texts) {
        line += 1;
        if (text === '') continue;
        const reading = readLine(text);
        if ('problem' in reading) reject(line, reading.problem);
        else if ('event' in reading && isNext(reading.event, last, line)) {
          events.push(reading.event);
          last = reading.event;
        }
      }
      node = last?.node ?? node;
      if (events.length > 0) yield batchOf(events);
    }
  }

  return {
    get node() {
      return node;
    },
    get bytesRead() {
      return bytesRead;
    },
    bad,
    read,
  };
}

/** A file's events have no batches that mean anything here: they are handed on in pieces, without a hash. */
function batchOf(events: readonly Event[]): Batch {
  const first = events[0] as Event;
  const last = events.at(-1) as Event;
  return { first: first.position, last: last.position, at: last.at, hash: noHash, events };
}

function misplaced(event: Event, before: Event | undefined, gapsAllowed: boolean): string | undefined {
  const next = (before?.position ?? 0) + 1;
  if (event.position < next) return `position ${event.position} comes after ${before?.position}`;
  // A log whose beginning was dropped begins with a checkpoint, which says all that its story needs.
  const begins = before === undefined && event.type === 'log.checkpoint';
  if (event.position > next && !gapsAllowed && !begins) {
    return before === undefined
      ? `the first event has position ${event.position}, not 1, and is no checkpoint: this is a part of a log, and its story cannot be told without what came before`
      : `position ${event.position} follows ${before.position}: events between them are missing`;
  }
  if (before !== undefined && event.at < before.at) return `at ${event.at} is earlier than the event before it (${before.at})`;
  if (before !== undefined && event.node !== before.node) return `node ${event.node} is not ${before.node}: one file holds one node's log`;
  return undefined;
}

/** The lines of each piece of the file, in arrays: a line at a time would cost more than folding it. */
export async function* linesByChunk(file: string, onBytes: (bytes: number) => void): AsyncGenerator<readonly string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
    onBytes((chunk as Buffer).length);
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = parts.pop() as string;
    yield parts;
    if (rest.length > lineCharactersMax) break; // longer than any line may be: it is refused as it stands
  }
  rest += decoder.end();
  if (rest !== '') yield [rest];
}
