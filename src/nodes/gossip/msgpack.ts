/**
 * The small part of msgpack that memberlist speaks: flat maps of numbers, truth values and bytes. It writes the old
 * form, in which text and bytes are one family and keys are sorted, byte for byte as other members do; it reads the
 * present forms too. Reading follows no nesting: what is unknown is stepped over by counting, so no depth can exhaust
 * the stack, and nothing is allocated for a length that the bytes do not back. A value that is merely incomplete is told
 * apart from one that can never become right.
 */
import assert from 'node:assert/strict';
import { wireLimits } from './wire-limits.ts';

/** What can be written. Undefined leaves the key out; empty bytes that shall be nil are passed as null. */
export type Outgoing = number | boolean | string | Uint8Array | null | undefined;

/** What a key of a read map may hold. Text and bytes are not told apart; `other` is whatever no field of ours can be. */
export type Field = number | boolean | Uint8Array | null | 'other';

export type MapReading =
  | { readonly fields: ReadonlyMap<string, Field>; readonly end: number }
  /** The bytes end within the map: with more of them it may be one. */
  | 'more'
  | 'malformed';

const u32Max = 0xffff_ffff;

/** Writes a map of fewer than 16 keys, which are ASCII. Numbers that are not whole or not within u32 are a broken invariant. */
export function encodeMap(fields: Readonly<Record<string, Outgoing>>): Uint8Array {
  const entries = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => [key, typeof value === 'string' ? Buffer.from(value) : value] as const);
  assert(entries.length < 16, 'a message has fewer than 16 fields');
  const bytes = Buffer.allocUnsafe(1 + entries.reduce((total, [key, value]) => total + 1 + key.length + sizeOf(value), 0));
  bytes[0] = 0x80 | entries.length;
  let at = 1;
  for (const [key, value] of entries) {
    bytes[at] = 0xa0 | key.length;
    bytes.write(key, at + 1, 'latin1');
    at = write(bytes, at + 1 + key.length, value);
  }
  return bytes;
}

function sizeOf(value: Exclude<Outgoing, string>): number {
  if (value instanceof Uint8Array) return value.length + (value.length < 32 ? 1 : value.length < 0x1_0000 ? 3 : 5);
  if (typeof value !== 'number') return 1;
  assert(Number.isInteger(value) && value >= 0 && value <= u32Max, `a number on the wire is a whole one within u32, not ${value}`);
  return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x1_0000 ? 3 : 5;
}

function write(bytes: Buffer, at: number, value: Exclude<Outgoing, string>): number {
  if (value instanceof Uint8Array) return writeBytes(bytes, at, value);
  if (typeof value === 'number') return writeNumber(bytes, at, value);
  return bytes.writeUInt8(value === true ? 0xc3 : value === false ? 0xc2 : 0xc0, at);
}

function writeBytes(bytes: Buffer, at: number, value: Uint8Array): number {
  const size = value.length;
  let start = at + 1;
  if (size < 32) bytes[at] = 0xa0 | size;
  else if (size < 0x1_0000) start = bytes.writeUInt16BE(size, bytes.writeUInt8(0xda, at));
  else start = bytes.writeUInt32BE(size, bytes.writeUInt8(0xdb, at));
  bytes.set(value, start);
  return start + size;
}

function writeNumber(bytes: Buffer, at: number, value: number): number {
  if (value < 0x80) return bytes.writeUInt8(value, at);
  if (value < 0x100) return bytes.writeUInt8(value, bytes.writeUInt8(0xcc, at));
  if (value < 0x1_0000) return bytes.writeUInt16BE(value, bytes.writeUInt8(0xcd, at));
  return bytes.writeUInt32BE(value, bytes.writeUInt8(0xce, at));
}

/** Reads the map that begins at `at`. Of keys that come twice the last one counts. Bytes behind it are left alone. */
export function readMap(input: Uint8Array, at: number): MapReading {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const head = readHead(bytes, at);
  if (head === 'more' || head === 'malformed') return head;
  if (head.family !== 'map' || head.count > wireLimits.mapEntriesMax) return 'malformed';

  const fields = new Map<string, Field>();
  let next = head.end;
  for (let entry = 0; entry < head.count; entry += 1) {
    const key = readHead(bytes, next);
    if (key === 'more' || key === 'malformed') return key;
    if (key.family !== 'text') return 'malformed';
    if (key.end + key.count > bytes.length) return 'more';
    const value = readField(bytes, key.end + key.count);
    if (value === 'more' || value === 'malformed') return value;
    // A key of ours is short; a longer one is none of ours, and its name is not kept.
    if (key.count <= 32) fields.set(bytes.toString('latin1', key.end, key.end + key.count), value.field);
    next = value.end;
  }
  return { fields, end: next };
}

interface FieldReading {
  readonly field: Field;
  readonly end: number;
}

function readField(bytes: Buffer, at: number): FieldReading | 'more' | 'malformed' {
  const head = readHead(bytes, at);
  if (head === 'more' || head === 'malformed') return head;
  if (head.family === 'plain') return { field: head.value, end: head.end };
  if (head.family === 'text' || head.family === 'bytes') {
    const end = head.end + head.count;
    return end > bytes.length ? 'more' : { field: bytes.subarray(head.end, end), end };
  }
  const end = skipMany(bytes, head.end, head.family === 'map' ? 2 * head.count : head.count);
  if (end === 'more' || end === 'malformed') return end;
  const field = head.family === 'array' ? smallNumbers(bytes, head.end, head.count) : 'other';
  return { field, end };
}

/** An array of numbers below 256 stands for bytes. `at`: behind its head; every element is known to be there. */
function smallNumbers(bytes: Buffer, at: number, count: number): Field {
  if (count > wireLimits.byteArrayMax) return 'other';
  const numbers = Buffer.alloc(count);
  let next = at;
  for (let index = 0; index < count; index += 1) {
    const head = readHead(bytes, next);
    if (head === 'more' || head === 'malformed' || head.family !== 'plain' || typeof head.value !== 'number') return 'other';
    if (head.value < 0 || head.value > 255) return 'other';
    numbers[index] = head.value;
    next = head.end;
  }
  return numbers;
}

/** Steps over `count` values, whatever they hold. Each takes at least a byte, so this ends with the bytes. */
function skipMany(bytes: Buffer, at: number, count: number): number | 'more' | 'malformed' {
  let next = at;
  for (let pending = count; pending > 0; pending -= 1) {
    const head = readHead(bytes, next);
    if (head === 'more' || head === 'malformed') return head;
    next = head.end;
    if (head.family === 'text' || head.family === 'bytes') next += head.count;
    else if (head.family !== 'plain') pending += head.family === 'map' ? 2 * head.count : head.count;
  }
  return next > bytes.length ? 'more' : next;
}

/** The first bytes of a value: all of a plain one; of any other how many bytes, elements or pairs follow from `end` on. */
type Head =
  | { readonly family: 'plain'; readonly value: number | boolean | null | 'other'; readonly end: number }
  | { readonly family: 'text' | 'bytes' | 'array' | 'map'; readonly count: number; readonly end: number };

/**
 * | first byte      | what it is                 |
 * |-----------------|----------------------------|
 * | 00..7f, e0..ff  | a number in the byte itself |
 * | 80..8f          | a map of up to 15 pairs    |
 * | 90..9f          | an array of up to 15       |
 * | a0..bf          | text of up to 31 bytes     |
 * | c0, c2, c3      | nil, false, true           |
 * | c1              | nothing: malformed         |
 * | others          | the table below            |
 */
function readHead(bytes: Buffer, at: number): Head | 'more' | 'malformed' {
  const first = bytes[at];
  if (first === undefined) return 'more';
  const end = at + 1;
  if (first < 0x80 || first >= 0xe0) return { family: 'plain', value: first < 0x80 ? first : first - 0x100, end };
  if (first < 0x90) return { family: 'map', count: first & 0x0f, end };
  if (first < 0xa0) return { family: 'array', count: first & 0x0f, end };
  if (first < 0xc0) return { family: 'text', count: first & 0x1f, end };
  if (first === 0xc0) return { family: 'plain', value: null, end };
  if (first === 0xc2 || first === 0xc3) return { family: 'plain', value: first === 0xc3, end };
  const form = longForms.get(first);
  if (form === undefined) return 'malformed';
  return end + form.size > bytes.length ? 'more' : form.read(bytes, end, end + form.size);
}

interface LongForm {
  /** Bytes behind the first one that belong to the head. */
  readonly size: number;
  readonly read: (bytes: Buffer, at: number, end: number) => Head;
}

const counted = (family: 'text' | 'bytes' | 'array' | 'map', size: 1 | 2 | 4): LongForm => ({
  size,
  read: (bytes, at, end) => ({ family, count: bytes.readUIntBE(at, size), end }),
});
const unsigned = (size: 1 | 2 | 4): LongForm => ({
  size,
  read: (bytes, at, end) => ({ family: 'plain', value: bytes.readUIntBE(at, size), end }),
});
const signed = (size: 1 | 2 | 4): LongForm => ({
  size,
  read: (bytes, at, end) => ({ family: 'plain', value: bytes.readIntBE(at, size), end }),
});
/** Eight bytes may hold a number that no double can: then it is none of ours. */
const long = (read: (bytes: Buffer, at: number) => bigint): LongForm => ({
  size: 8,
  read: (bytes, at, end) => {
    const value = Number(read(bytes, at));
    return { family: 'plain', value: Number.isSafeInteger(value) ? value : 'other', end };
  },
});
/** Fractions stand in no field of ours, not even whole ones. */
const fraction = (size: 4 | 8): LongForm => ({ size, read: (_bytes, _at, end) => ({ family: 'plain', value: 'other', end }) });
/** An extension has a byte for its kind, and then its bytes, which are stepped over as bytes are. */
const fixedExtension = (count: number): LongForm => ({ size: 1, read: (_bytes, _at, end) => ({ family: 'bytes', count, end }) });
const extension = (size: 1 | 2 | 4): LongForm => ({
  size: size + 1,
  read: (bytes, at, end) => ({ family: 'bytes', count: bytes.readUIntBE(at, size), end }),
});

const longForms: ReadonlyMap<number, LongForm> = new Map([
  [0xc4, counted('bytes', 1)],
  [0xc5, counted('bytes', 2)],
  [0xc6, counted('bytes', 4)],
  [0xc7, extension(1)],
  [0xc8, extension(2)],
  [0xc9, extension(4)],
  [0xca, fraction(4)],
  [0xcb, fraction(8)],
  [0xcc, unsigned(1)],
  [0xcd, unsigned(2)],
  [0xce, unsigned(4)],
  [0xcf, long((bytes, at) => bytes.readBigUInt64BE(at))],
  [0xd0, signed(1)],
  [0xd1, signed(2)],
  [0xd2, signed(4)],
  [0xd3, long((bytes, at) => bytes.readBigInt64BE(at))],
  [0xd4, fixedExtension(1)],
  [0xd5, fixedExtension(2)],
  [0xd6, fixedExtension(4)],
  [0xd7, fixedExtension(8)],
  [0xd8, fixedExtension(16)],
  [0xd9, counted('text', 1)],
  [0xda, counted('text', 2)],
  [0xdb, counted('text', 4)],
  [0xdc, counted('array', 2)],
  [0xdd, counted('array', 4)],
  [0xde, counted('map', 2)],
  [0xdf, counted('map', 4)],
]);
