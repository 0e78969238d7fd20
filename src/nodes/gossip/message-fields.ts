/**
 * The fields of messages, checked in both directions. Inbound, a missing field has its zero value, as other members
 * read it, and the first unsound one becomes the rejection of the whole message. Outbound, an unsound field is a broken
 * invariant of ours and is refused before it could spread through the cluster.
 */
import assert from 'node:assert/strict';
import type { Field } from './msgpack.ts';
import type { Rejection, RejectionReason } from './rejections.ts';
import { wireLimits } from './wire-limits.ts';

const u32Max = 0xffff_ffff;
const portMax = 65_535;
const noBytes = new Uint8Array(0);
// A byte order mark is part of a name as any other character: what was read must be written again unchanged.
const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenientText = new TextDecoder('utf-8', { ignoreBOM: true });

export interface CheckedFields {
  u32(key: string): number;
  /** A whole number from 0 to `max`; `reason` says what is wrong with a greater one. */
  whole(key: string, max: number, reason?: RejectionReason): number;
  port(key: string): number;
  truth(key: string): boolean;
  /** A copy. */
  bytes(key: string, max: number): Uint8Array;
  /** The same without copying, for what is read at once. */
  view(key: string): Uint8Array;
  /** 1 to 255 bytes of UTF-8. */
  name(key: string): string;
  nameOrEmpty(key: string): string;
  address(key: string): Uint8Array;
  addressOrEmpty(key: string): Uint8Array;
  versions(key: string): Uint8Array;
  /** Text for people: what is not UTF-8 is replaced, what is too long is cut off. */
  text(key: string, max: number): string;
  /** The first thing that was wrong, or undefined. Asked once all fields were read. */
  fault(): Rejection | undefined;
}

export function checkedFields(fields: ReadonlyMap<string, Field>): CheckedFields {
  let fault: Rejection | undefined;
  function fail(rejected: RejectionReason): void {
    fault ??= { rejected };
  }
  function whole(key: string, max: number, reason: RejectionReason = 'bad-field'): number {
    const value = fields.get(key) ?? 0;
    if (typeof value !== 'number' || value < 0) fail('bad-field');
    else if (value <= max) return value;
    else fail(reason);
    return 0;
  }
  function view(key: string): Uint8Array {
    const value = fields.get(key) ?? noBytes;
    if (value instanceof Uint8Array) return value;
    fail('bad-field');
    return noBytes;
  }
  function bytes(key: string, max: number): Uint8Array {
    const value = view(key);
    if (value.length <= max) return new Uint8Array(value);
    fail('bad-field');
    return noBytes;
  }
  function nameOrEmpty(key: string): string {
    const value = view(key);
    const name = value.length > wireLimits.nameBytesMax ? undefined : strictly(value);
    if (name === undefined) fail('bad-field');
    return name ?? '';
  }
  function addressOrEmpty(key: string): Uint8Array {
    const value = view(key);
    if (value.length === 0 || isAddress(value)) return plainAddress(value);
    fail('bad-field');
    return noBytes;
  }
  return {
    u32: (key) => whole(key, u32Max),
    whole,
    port: (key) => whole(key, portMax),
    truth(key) {
      const value = fields.get(key) ?? false;
      if (value === true || value === 1) return true;
      if (value !== false && value !== 0) fail('bad-field');
      return false;
    },
    bytes,
    view,
    name(key) {
      const name = nameOrEmpty(key);
      if (name === '') fail('bad-field');
      return name;
    },
    nameOrEmpty,
    address(key) {
      const address = addressOrEmpty(key);
      if (address.length === 0) fail('bad-field');
      return address;
    },
    addressOrEmpty,
    versions(key) {
      const value = fields.get(key);
      if (value instanceof Uint8Array && value.length === 6) return new Uint8Array(value);
      fail('bad-versions');
      return noBytes;
    },
    text: (key, max) => lenientText.decode(view(key).subarray(0, max)),
    fault: () => fault,
  };
}

function strictly(value: Uint8Array): string | undefined {
  // Almost every name is ASCII, and a decoder costs more than all the rest of reading a message.
  if (value.every((byte) => byte < 0x80)) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  try {
    return strictText.decode(value);
  } catch {
    return undefined;
  }
}

const isAddress = (value: Uint8Array) => value.length === 4 || value.length === 16;

/** `::ffff:a.b.c.d` as the four bytes that it stands for; a copy of any other. */
function plainAddress(value: Uint8Array): Uint8Array {
  const mapped = value.length === 16 && value.every((byte, index) => index >= 12 || byte === (index < 10 ? 0 : 0xff));
  return new Uint8Array(mapped ? value.subarray(12) : value);
}

/** What we send. Each function gives back what it was given, or ends the call with the invariant that was broken. */
export const outgoing = {
  name(value: string): string {
    const size = Buffer.byteLength(value);
    assert(size >= 1 && size <= wireLimits.nameBytesMax, `a member's name has 1 to ${wireLimits.nameBytesMax} bytes, not ${size}`);
    return value;
  },
  nameOrEmpty: (value: string): string => (value === '' ? value : outgoing.name(value)),
  address(value: Uint8Array): Uint8Array {
    assert(isAddress(value), `an address has 4 or 16 bytes, not ${value.length}`);
    return plainAddress(value);
  },
  port(value: number): number {
    assert(Number.isInteger(value) && value >= 0 && value <= portMax, `a port is a whole number up to ${portMax}, not ${value}`);
    return value;
  },
  /** At most `max` bytes; none at all are nil, as other members write them. */
  bytes(value: Uint8Array, max: number): Uint8Array | null {
    assert(value.length <= max, `a field has at most ${max} bytes, not ${value.length}`);
    return value.length === 0 ? null : value;
  },
  versions(value: Uint8Array): Uint8Array {
    assert(value.length === 6, `a member is described by six version numbers, not ${value.length}`);
    return value;
  },
  /** Cut off between two characters. */
  text(value: string, max: number): string {
    const encoded = Buffer.from(value);
    if (encoded.length <= max) return value;
    let end = max;
    while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    return encoded.toString('utf8', 0, end);
  },
};
