/**
 * A batch as bytes: MessagePack of `[format, previous hash, at, ...events]`, every event by position:
 *
 *     [code, v, extras | nil, ...data in the order of its schema]      extras: [actor | nil, request | nil, cause | nil]
 *
 * A long list of one shape (`rows` of a definition) holds its elements by position too, without the nils at their end.
 *
 * The same facts always give the same bytes: fields stand in one order, the keys of nested maps are sorted. Facts are
 * checked when they go in; what comes out is vouched for by the chain of hashes, so only its outline is checked: it
 * either fits a version of the catalogue or is refused with a `LogError`.
 */
import assert from 'node:assert/strict';
import { Decoder, Encoder } from '@msgpack/msgpack';
import { z } from 'zod';
import { batchFormat, hashOf } from './chain.ts';
import { type Actor, actor, type Envelope, type Event, type Fact, type Request, request } from './event.ts';
import { type Batch, noHash, type StoredBatch } from './log.ts';
import { broken, tooNew } from './log-errors.ts';
import { quickCheck } from './quick-check.ts';
import type { EventVersion, Layout, Versions } from './versions.ts';

/** More than any configuration that people maintain; a batch is held in memory whole. */
const batchBytesMax = 64 * 1024 * 1024;
/** Elements of one array or map: the decoder sets memory aside for as many as a damaged head claims. */
const elementsMax = 1_000_000;

/** What is kept between two batches. */
const encoderBytesKept = 1024 * 1024;
const createEncoder = () => new Encoder({ sortKeys: true, ignoreUndefined: true });

/** Numbers at the start of a batch and of an event, before what they are about. */
const batchHead = 3;
const eventHead = 3;

interface Contents<E> {
  readonly previousHash: Uint8Array;
  readonly at: number;
  readonly events: readonly E[];
}

export interface BatchCodec {
  /** Facts as bytes, at the newest versions. A fact that does not fit its schema is a broken invariant: it asserts. */
  encodeBatch(contents: Contents<Fact>): Uint8Array;
  /** Events as the bytes that they once were: for recomputing the hash of a batch from an export. */
  encodeStored(contents: Contents<Envelope>): Uint8Array;
  /** Events at the newest versions. `first` is the position of the first, `hash` the batch's, where it is known. */
  decodeBatch(bytes: Uint8Array, first: number, node: string, hash?: Uint8Array): Batch;
  /** Events at the versions at which they were written. */
  decodeStored(bytes: Uint8Array, first: number, node: string, hash?: Uint8Array): StoredBatch;
}

export function createBatchCodec(versions: Versions): BatchCodec {
  let encoder = createEncoder();
  const decoder = new Decoder({ maxArrayLength: elementsMax, maxMapLength: elementsMax });
  const factSchemas = new Map([...versions.byType].map(([type, lineage]) => [type, factSchema(lineage.at(-1) as EventVersion)]));
  /** What checks measured comes in by the thousand, and is canonical already: zod need not say so again. */
  const quickChecks = new Map([...factSchemas].map(([type, schema]) => [type, quickCheck(schema)]));

  function encode<E>({ previousHash, at, events }: Contents<E>, rowFor: (event: E) => unknown[]): Uint8Array {
    const count = events.length;
    assert(count > 0 && count <= elementsMax - batchHead, `a batch holds 1 to ${elementsMax - batchHead} events, not ${count}`);
    assert(previousHash.length === noHash.length, `a hash has ${noHash.length} bytes, not ${previousHash.length}`);
    assert(isWhole(at), `a moment is a whole number of milliseconds, not ${at}`);
    const bytes = encoder.encode([batchFormat, previousHash, at, ...events.map(rowFor)]);
    // It would keep a place of twice that size for the next one.
    if (bytes.length > encoderBytesKept) encoder = createEncoder();
    assert(bytes.length <= batchBytesMax, `a batch has at most ${batchBytesMax} bytes, not ${bytes.length}`);
    return bytes;
  }

  function factRow(fact: Fact): unknown[] {
    const schema = factSchemas.get(fact.type);
    assert(schema !== undefined, `${fact.type} is not in the catalogue`);
    const version = versions.byType.get(fact.type)?.at(-1) as EventVersion;
    if (quickChecks.get(fact.type)?.(fact)) return rowOf(fact, version);
    const checked = schema.safeParse(fact);
    assert(checked.success, `a fact ${fact.type} does not fit its schema: ${checked.error?.message}`);
    return rowOf(checked.data, version);
  }

  function eventRow(event: Envelope): unknown[] {
    const version = versions.byType.get(event.type)?.[event.v - 1];
    assert(version !== undefined, `${event.type} version ${event.v} is not in the catalogue`);
    return rowOf(event, version);
  }

  function decode(bytes: Uint8Array, first: number, node: string, upcast: boolean): Contents<Envelope> {
    const batch = readBatch(decoder, bytes, first);
    const at = batch[2] as number;
    const events = new Array<Envelope>(batch.length - batchHead);
    for (let index = 0; index < events.length; index++) {
      const position = first + index;
      const row = batch[index + batchHead];
      if (!Array.isArray(row) || row.length < eventHead) throw broken(`position ${position}`, 'an event is not a list');
      const version = versionOf(row, versions, position);
      let data: unknown = readFields(row, version, position);
      if (upcast && version.v < version.newest) data = version.upcast(data);
      const v = upcast ? version.newest : version.v;
      events[index] =
        row[2] === null
          ? { position, at, node, type: version.type, v, data }
          : { position, at, node, type: version.type, v, ...readExtras(row[2], position), data };
    }
    return { previousHash: batch[1] as Uint8Array, at, events };
  }

  return {
    encodeBatch: (contents) => encode(contents, factRow),
    encodeStored: (contents) => encode(contents, eventRow),
    decodeBatch(bytes, first, node, hash = hashOf(bytes)) {
      const { at, events } = decode(bytes, first, node, true);
      // Upcast to the newest version, every event is one that the program knows by its type.
      return { first, last: first + events.length - 1, at, hash, events: events as Event[] };
    },
    decodeStored(bytes, first, node, hash = hashOf(bytes)) {
      const { previousHash, at, events } = decode(bytes, first, node, false);
      // The decoder's binaries are views of its input, which would stay in memory with them.
      return { first, last: first + events.length - 1, at, previousHash: new Uint8Array(previousHash), hash, events };
    },
  };
}

/** What may be appended: a fact at the newest version. What is parsed is canonical, so a fact has one form. */
function factSchema(version: EventVersion): z.ZodType<Omit<Envelope, 'position' | 'at' | 'node' | 'v'>> {
  return z.strictObject({
    type: z.literal(version.type),
    actor: actor.optional(),
    request: request.optional(),
    cause: z.int().positive().optional(),
    data: version.data,
  }) as never;
}

function rowOf(event: Pick<Envelope, 'actor' | 'request' | 'cause' | 'data'>, version: EventVersion): unknown[] {
  const data = event.data as Readonly<Record<string, unknown>>;
  return [version.code, version.v, extrasOf(event), ...version.fields.map((field, index) => stored(data[field], version.rows[index]))];
}

function stored(value: unknown, row: Layout | undefined): unknown {
  if (row === undefined || !Array.isArray(value)) return value ?? null;
  return value.map((element: Readonly<Record<string, unknown>>) => {
    const values = row.fields.map((field) => element[field] ?? null);
    while (values.at(-1) === null) values.pop();
    return values;
  });
}

function extrasOf({ actor: by, request: of, cause }: Pick<Envelope, 'actor' | 'request' | 'cause'>): unknown[] | null {
  if (by === undefined && of === undefined && cause === undefined) return null;
  return [by === undefined ? null : [by.kind, by.name, by.address ?? null], of === undefined ? null : [of.key, of.digest], cause ?? null];
}

/** The batch as a list whose head is sound: what stands before the events is what it should be. */
function readBatch(decoder: Decoder, bytes: Uint8Array, first: number): readonly unknown[] {
  const place = `position ${first}`;
  if (bytes.length > batchBytesMax)
    throw broken(place, `the batch has ${bytes.length} bytes, more than the ${batchBytesMax} that one may have`);
  let batch: unknown;
  try {
    batch = decoder.decode(bytes);
  } catch (cause) {
    throw broken(place, 'the batch is not MessagePack', cause);
  }
  if (!Array.isArray(batch) || !isWhole(batch[0])) throw broken(place, 'the batch is not a list that begins with its format');
  if (batch[0] > batchFormat) throw tooNew(place, `format ${batch[0]}`);
  if (batch[0] !== batchFormat) throw broken(place, `there was never a format ${batch[0]}`);
  if (!(batch[1] instanceof Uint8Array) || batch[1].length !== noHash.length)
    throw broken(place, 'the hash of the batch before is not there');
  if (!isWhole(batch[2])) throw broken(place, 'the batch does not say when it was appended');
  if (batch.length === batchHead) throw broken(place, 'the batch is empty');
  return batch;
}

function versionOf(row: readonly unknown[], versions: Versions, position: number): EventVersion {
  const [code, v] = row;
  if (!isWhole(code) || !isWhole(v) || v === 0) throw broken(`position ${position}`, 'an event does not begin with its type and version');
  const lineage = versions.byCode.get(code);
  if (lineage === undefined) throw tooNew(`position ${position}`, `an event of type number ${code}`);
  const version = lineage[v - 1];
  if (version === undefined) throw tooNew(`position ${position}`, `${lineage[0]?.type} at version ${v}`);
  return version;
}

/** The data, its fields always added in the same order, so that all events of a version share one hidden class. */
function readFields(row: readonly unknown[], version: EventVersion, position: number): Record<string, unknown> {
  const { type, v, fields, rows } = version;
  if (row.length !== eventHead + fields.length) {
    const found = row.length - eventHead;
    throw broken(`position ${position}`, `${type} version ${v} has ${fields.length} fields, and ${found} are there`);
  }
  const data = readLayout(row, eventHead, version, `${type} version ${v}`, position);
  for (let index = 0; index < fields.length; index++) {
    const layout = rows[index];
    const field = fields[index] as string;
    if (layout !== undefined && data[field] !== undefined) data[field] = readRows(data[field], layout, `${type} version ${v}`, position);
  }
  return data;
}

function readRows(list: unknown, layout: Layout, name: string, position: number): unknown[] {
  if (!Array.isArray(list)) throw broken(`position ${position}`, `a list of ${name} is not one`);
  return list.map((row) => {
    if (!Array.isArray(row) || row.length > layout.fields.length)
      throw broken(`position ${position}`, `an element of ${name} does not fit`);
    return readLayout(row, 0, layout, name, position);
  });
}

/** Values by position; those that are missing at the end are nil. */
function readLayout(
  row: readonly unknown[],
  head: number,
  { fields, nil }: Layout,
  name: string,
  position: number,
): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index++) {
    const value = row[index + head] ?? null;
    const field = fields[index] as string;
    if (value === null) {
      if (nil[index] === 'absent') continue;
      if (nil[index] === 'error') throw broken(`position ${position}`, `${name} has no ${field}`);
    }
    data[field] = value;
  }
  return data;
}

function readExtras(extras: unknown, position: number): Pick<Envelope, 'actor' | 'request' | 'cause'> {
  const wrong = (what: string) => broken(`position ${position}`, `the ${what} is not what one looks like`);
  if (!Array.isArray(extras) || extras.length !== 3) throw wrong('envelope');
  const [by, of, cause] = extras;
  if (cause !== null && !isWhole(cause)) throw wrong('cause');
  return {
    ...(by === null ? {} : { actor: readActor(by) ?? raise(wrong('actor')) }),
    ...(of === null ? {} : { request: readRequest(of) ?? raise(wrong('request')) }),
    ...(cause === null ? {} : { cause }),
  };
}

function readActor(parts: unknown): Actor | undefined {
  if (!Array.isArray(parts) || parts.length !== 3) return undefined;
  const [kind, name, address] = parts;
  return actor.safeParse({ kind, name, ...(address === null ? {} : { address }) }).data;
}

function readRequest(parts: unknown): Request | undefined {
  if (!Array.isArray(parts) || parts.length !== 2) return undefined;
  return request.safeParse({ key: parts[0], digest: parts[1] }).data;
}

function raise(error: Error): never {
  throw error;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
