/**
 * Datagrams to messages and back: encryption around all of it, then perhaps a checksum, then perhaps compression, then
 * one message or a compound of several. Plain datagrams are never taken. What comes in becomes checked messages and
 * counted rejections; it never throws (I9), and nothing is unpacked beyond the limits of wire-limits.ts.
 */
import assert from 'node:assert/strict';
import { crc32 } from './crc32.ts';
import { type KeyRing, open, seal, sealBytes } from './key-ring.ts';
import { deflate, inflate } from './lzw.ts';
import { decode, encode, type Message } from './messages.ts';
import { encodeMap, readMap } from './msgpack.ts';
import { isRejection, type Rejection, type RejectionReason } from './rejections.ts';
import { wireLimits } from './wire-limits.ts';

const compoundType = 7;
export const compressType = 9;
const checksumType = 12;
export const labelType = 244;

const compoundHeaderBytes = 2;
const partLengthBytes = 2;
const checksumBytes = 5;
const nothing = new Uint8Array(0);

export interface OpenedDatagram {
  readonly messages: readonly Message[];
  /** One for each thing that was not taken; the sound parts of a compound are taken all the same. */
  readonly rejected: readonly RejectionReason[];
}

/** What one datagram has used up so far of what it may. */
interface Opening {
  readonly messages: Message[];
  readonly rejected: RejectionReason[];
  inflatedBytesLeft: number;
}

export function openDatagram(datagram: Uint8Array, ring: KeyRing): OpenedDatagram {
  const opening: Opening = { messages: [], rejected: [], inflatedBytesLeft: wireLimits.datagramInflatedBytesMax };
  const plain = datagram[0] === labelType ? { rejected: 'labelled' as const } : open(ring, nothing, datagram);
  const checked = isRejection(plain) ? plain : withoutChecksum(plain);
  if (isRejection(checked)) opening.rejected.push(checked.rejected);
  else openLayer(checked, 0, opening);
  return { messages: opening.messages, rejected: opening.rejected };
}

/** A checksum is there only where the sender knew that we understand it, so both with and without are right. */
function withoutChecksum(plain: Uint8Array): Uint8Array | Rejection {
  if (plain[0] !== checksumType) return plain;
  if (plain.length < checksumBytes) return { rejected: 'truncated' };
  const message = plain.subarray(checksumBytes);
  return readU32(plain, 1) === crc32(message) ? message : { rejected: 'checksum' };
}

/**
 * | first byte   | what is done                                            |
 * |--------------|---------------------------------------------------------|
 * | 7, compound  | each part is looked at by this table, one layer deeper   |
 * | 9, compress  | what it unpacks to is, one layer deeper                  |
 * | any other    | it is one message, and messages.ts says which            |
 */
function openLayer(bytes: Uint8Array, depth: number, opening: Opening): void {
  const wrapped = bytes[0] === compoundType || bytes[0] === compressType;
  if (wrapped && depth >= wireLimits.layersMax) opening.rejected.push('too-deep');
  else if (bytes[0] === compoundType) openCompound(bytes, depth, opening);
  else if (bytes[0] === compressType) openCompressed(bytes, depth, opening);
  else {
    const message = decode(bytes);
    if (isRejection(message)) opening.rejected.push(message.rejected);
    else opening.messages.push(message);
  }
}

/** Parts that are there are looked at even where a later one is cut short. */
function openCompound(bytes: Uint8Array, depth: number, opening: Opening): void {
  const count = bytes[1] ?? 0;
  let at = compoundHeaderBytes + count * partLengthBytes;
  if (bytes.length < compoundHeaderBytes || bytes.length < at) return void opening.rejected.push('truncated');
  if (count === 0) return void opening.rejected.push('empty');
  for (let index = 0; index < count; index += 1) {
    if (opening.messages.length + opening.rejected.length >= wireLimits.datagramMessagesMax) {
      if (opening.rejected.at(-1) !== 'too-many-parts') opening.rejected.push('too-many-parts');
      return;
    }
    const end = at + readU16(bytes, compoundHeaderBytes + index * partLengthBytes);
    if (end > bytes.length) return void opening.rejected.push('truncated');
    openLayer(bytes.subarray(at, end), depth + 1, opening);
    at = end;
  }
}

function openCompressed(bytes: Uint8Array, depth: number, opening: Opening): void {
  const inner = unpack(bytes, opening.inflatedBytesLeft);
  if (isRejection(inner)) return void opening.rejected.push(inner.rejected);
  opening.inflatedBytesLeft -= inner.length;
  openLayer(inner, depth + 1, opening);
}

/** The message in a compress message, which may be one of the same kind again. */
export function unpack(bytes: Uint8Array, bytesMax: number): Uint8Array | Rejection {
  const map = readMap(bytes, 1);
  if (map === 'more') return { rejected: 'truncated' };
  if (map === 'malformed') return { rejected: 'malformed' };
  const packed = map.fields.get('Buf');
  const algorithm = map.fields.get('Algo') ?? 0;
  if (algorithm !== 0 || !(packed instanceof Uint8Array)) return { rejected: 'compression' };
  const inner = inflate(packed, bytesMax);
  if (inner === 'too-long') return { rejected: 'too-long' };
  if (inner === 'malformed') return { rejected: 'compression' };
  return inner.length === 0 ? { rejected: 'empty' } : inner;
}

/** The message in a compress message if that is smaller, or else as it is. */
export function packed(message: Uint8Array): Uint8Array {
  const wrapped = Buffer.concat([Uint8Array.of(compressType), encodeMap({ Algo: 0, Buf: deflate(message) })]);
  return wrapped.length < message.length ? wrapped : message;
}

export interface DatagramOptions {
  /** Whether the receiver is known to understand checksums. */
  readonly crc: boolean;
  /** Whether to compress what gets smaller by it. Receivers need no setting to read it. Default: no. */
  readonly compress?: boolean;
}

/**
 * Shares encoded messages out to datagrams, in their order, so that each datagram has at most `datagramBytesMax` bytes and
 * 255 parts. One that is too long for any datagram travels alone: the network may take it in pieces, or not.
 */
export function packDatagrams(messages: readonly Message[], { crc }: DatagramOptions): readonly (readonly Message[])[] {
  const budget = wireLimits.datagramBytesMax - sealBytes - (crc ? checksumBytes : 0) - compoundHeaderBytes;
  const datagrams: Message[][] = [];
  let used = 0;
  for (const message of messages) {
    const cost = encode(message).length + partLengthBytes;
    const last = datagrams.at(-1);
    if (last !== undefined && used + cost <= budget && last.length < wireLimits.compoundPartsMax) {
      last.push(message);
      used += cost;
    } else {
      datagrams.push([message]);
      used = cost;
    }
  }
  return datagrams;
}

/** One datagram of 1 to 255 messages. `nonce`: 12 bytes by chance, used never again. */
export function sealDatagram(messages: readonly Message[], ring: KeyRing, nonce: Uint8Array, options: DatagramOptions): Uint8Array {
  const inner = compound(messages.map((message) => encode(message)));
  const small = options.compress === true ? packed(inner) : inner;
  return seal(ring, nonce, nothing, options.crc ? withChecksum(small) : small);
}

/** A single message is its own packet. */
function compound(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  assert(first !== undefined && parts.length <= wireLimits.compoundPartsMax, `a datagram has 1 to 255 messages, not ${parts.length}`);
  if (parts.length === 1) return first;
  const header = Buffer.allocUnsafe(compoundHeaderBytes + parts.length * partLengthBytes);
  header.writeUInt8(compoundType, 0);
  header.writeUInt8(parts.length, 1);
  for (const [index, part] of parts.entries()) header.writeUInt16BE(part.length, compoundHeaderBytes + index * partLengthBytes);
  return Buffer.concat([header, ...parts]);
}

function withChecksum(message: Uint8Array): Uint8Array {
  const header = Buffer.allocUnsafe(checksumBytes);
  header.writeUInt8(checksumType, 0);
  header.writeUInt32BE(crc32(message), 1);
  return Buffer.concat([header, message]);
}

const readU16 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
export const readU32 = (bytes: Uint8Array, at: number) => ((readU16(bytes, at) << 16) | readU16(bytes, at + 2)) >>> 0;
