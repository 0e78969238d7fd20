/**
 * Events as lines of JSON, for exports, fixtures and the stream: one event a line, its keys in the order of the
 * envelope, and between the events of a whole export what each batch's hash was. A line may come from anywhere, so
 * reading one never throws: it is an event that fits the catalogue, the mark of a batch, or a sentence about what is wrong.
 */
import { z } from 'zod';
import { moment, sha256 } from './catalogue/scalars.ts';
import { actor, catalogue, type Envelope, type Event, request } from './event.ts';
import { type QuickCheck, quickCheck } from './quick-check.ts';
import { type EventVersion, openCatalogue, type Versions } from './versions.ts';

/** Characters in one line. */
export const lineCharactersMax = 16 * 1024 * 1024;
const problemCharactersMax = 300;

/** Which events were one batch, and its hash. */
export interface BatchMark {
  readonly first: number;
  readonly last: number;
  readonly hash: Uint8Array;
  /** The hash of the batch before: only where the export begins with this one, and the log not with position 1. */
  readonly previous?: Uint8Array;
}

type Problem = { readonly problem: string };
export type Line = { readonly event: Event } | { readonly batch: BatchMark } | Problem;
/** A line with its event at the version at which it was written. */
export type StoredLine = { readonly event: Envelope } | { readonly batch: BatchMark } | Problem;

export interface LineReader {
  /** The event at its newest version. */
  readLine(text: string): Line;
  /** The event as it was written: for recomputing the hash of its batch. */
  readStoredLine(text: string): StoredLine;
}

/** Without a line end. */
export function eventToLine({ position, at, node, type, v, actor, request, cause, data }: Envelope): string {
  return JSON.stringify({ position, at, node, type, v, actor, request, cause, data });
}

/** Without a line end. It stands behind the events of its batch. */
export function batchLine({ first, last, hash, previous }: BatchMark): string {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return JSON.stringify({ batch: { first, last, hash: hex(hash), ...(previous !== undefined && { previous: hex(previous) }) } });
}

const position = z.int().positive();
const batchMark = z.strictObject({ batch: z.strictObject({ first: position, last: position, hash: sha256, previous: sha256.optional() }) });

export function createLineReader(versions: Versions): LineReader {
  const schemas = new Map([...versions.byType].map(([type, lineage]) => [type, lineage.map(eventSchema)]));

  function read(text: string): StoredLine {
    if (text.length > lineCharactersMax) return { problem: `the line has ${text.length} characters; ${lineCharactersMax} are allowed` };
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch (error) {
      return problem(`the line is not JSON: ${(error as Error).message}`);
    }
    if (typeof line !== 'object' || line === null || Array.isArray(line)) return { problem: 'the line is not a JSON object' };
    if ('batch' in line) return readMark(line);
    const { type, v } = line as { readonly type?: unknown; readonly v?: unknown };
    const lineage = typeof type === 'string' ? schemas.get(type) : undefined;
    if (lineage === undefined) return problem(`type: ${shown(type)} is no event that this program knows; a newer one may`);
    const schema = typeof v === 'number' ? lineage[v - 1] : undefined;
    if (schema === undefined) return problem(`v: ${shown(v)} is no version of ${type} that this program knows; a newer one may`);
    if (schema.quick?.(line)) return { event: line as unknown as Envelope };
    const checked = check(schema.whole, line);
    // As it was written: a field that came later has a default, which the bytes that were hashed do not hold.
    return 'problem' in checked ? checked : { event: line as Envelope };
  }

  return {
    readStoredLine: read,
    readLine(text) {
      const line = read(text);
      if (!('event' in line)) return line;
      const version = versions.byType.get(line.event.type)?.[line.event.v - 1] as EventVersion;
      if (version.v === version.newest) return line as { readonly event: Event };
      return { event: { ...line.event, v: version.newest, data: version.upcast(line.event.data) } as Event };
    },
  };
}

/** What a line of one version must be, and the quick way of saying that it is. */
interface EventSchema {
  readonly whole: z.ZodType<Envelope>;
  readonly quick: QuickCheck | undefined;
}

function eventSchema(version: EventVersion): EventSchema {
  const whole = z.strictObject({
    position,
    at: moment,
    node: z.string().min(1).max(253),
    type: z.literal(version.type),
    v: z.literal(version.v),
    actor: actor.optional(),
    request: request.optional(),
    cause: position.optional(),
    data: version.data,
  });
  return { whole: whole as never, quick: quickCheck(whole) };
}

function readMark(line: unknown): StoredLine {
  const checked = check(batchMark, line);
  if ('problem' in checked) return checked;
  const { first, last, hash, previous } = checked.value.batch;
  if (last < first) return { problem: `batch.last: ${last} is before the first position ${first}` };
  const before = previous === undefined ? {} : { previous: Buffer.from(previous, 'hex') };
  return { batch: { first, last, hash: Buffer.from(hash, 'hex'), ...before } };
}

function check<T>(schema: z.ZodType<T>, value: unknown): { readonly value: T } | Problem {
  try {
    const checked = schema.safeParse(value);
    if (checked.success) return { value: checked.data };
    const issue = checked.error.issues[0];
    return problem(`${issue?.path.join('.') || 'the line'}: ${issue?.message}`);
  } catch (error) {
    // A pattern that meets megabytes of text can run out of stack, which the engine reports by throwing.
    return problem(`the line could not be checked: ${(error as Error).message}`);
  }
}

function problem(sentence: string): Problem {
  return { problem: sentence.length > problemCharactersMax ? `${sentence.slice(0, problemCharactersMax)}...` : sentence };
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value).slice(0, 100);
}

/** Lines of the program's own catalogue. */
export const { readLine, readStoredLine } = createLineReader(openCatalogue(catalogue));
