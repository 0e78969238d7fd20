/**
 * Reads what nearly every query is: a header, one question and at most an OPT, straight from the packet into fields that
 * are used again for the next. It follows the table of `wire.ts` and decides nothing that is doubtful: what is not plain
 * at once is left to `odd.ts`, which has the reference read it.
 */
import { types } from '../codes.ts';
import { dnsLimits } from '../limits.ts';
import { headerBytes } from '../wire.ts';
import { hashPrime, hashSeed } from './layout.ts';
import { type Room, roomOf } from './room.ts';

export interface Asked {
  /** The name in lower case; filled up with zeros to a whole word. */
  readonly name: Uint8Array;
  readonly nameWords: Int32Array;
  nameBytes: number;
  labels: number;
  /** Where each label begins, and the hash of the name from there on. */
  readonly starts: Uint8Array;
  readonly hashes: Int32Array;
  questionEnd: number;
  type: number;
  class: number;
  hasOpt: boolean;
  dnssecOk: boolean;
  udpBytes: number;
  /** The client subnet option's contents, as they go back; 0 bytes where there is none. */
  readonly subnet: Room;
  subnetBytes: number;
  /** The prefix around the client within which the answer is the same; 0: it is for everybody. */
  scope: number;
  /** For the search among names in canonical order. */
  readonly key: Uint8Array;
  /** For an owner that is a pointer. */
  readonly pointer: Room;
}

const nameBytesMax = 255;
const labelBytesMax = 63;

export function createAsked(): Asked {
  const name = new Uint8Array(nameBytesMax + 1 + 4);
  return {
    name,
    nameWords: new Int32Array(name.buffer),
    nameBytes: 0,
    labels: 0,
    starts: new Uint8Array(nameBytesMax),
    hashes: new Int32Array(nameBytesMax),
    questionEnd: 0,
    type: 0,
    class: 0,
    hasOpt: false,
    dnssecOk: false,
    udpBytes: 0,
    subnet: roomOf(new Uint8Array(20)),
    subnetBytes: 0,
    scope: 0,
    key: new Uint8Array(2 * nameBytesMax),
    pointer: roomOf(new Uint8Array(2)),
  };
}

/** Lower case for ASCII letters, everything else as it is. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte));

/** Whether it is a plain query, and then all of `asked` is its. Reads nothing behind `length`. */
export function readPlain(packet: Uint8Array, length: number, asked: Asked): boolean {
  if (length > dnsLimits.queryBytesMax || (packet[2]! & 0x78) !== 0) return false;
  const additional = packet[11]!;
  const others = packet[4]! | (packet[5]! ^ 1) | packet[6]! | packet[7]! | packet[8]! | packet[9]! | packet[10]!;
  if (others !== 0 || additional > 1) return false;
  const at = readName(packet, length, asked);
  if (at === 0 || at + 4 > length) return false;
  asked.type = (packet[at]! << 8) | packet[at + 1]!;
  asked.class = (packet[at + 2]! << 8) | packet[at + 3]!;
  asked.questionEnd = at + 4;
  asked.subnetBytes = 0;
  asked.scope = 0;
  asked.hasOpt = additional === 1;
  if (additional === 1) return readOpt(packet, at + 4, length, asked);
  asked.dnssecOk = false;
  asked.udpBytes = 0;
  return at + 4 === length;
}

/** Where the name ends; 0 where it is cut off, too long, or holds a pointer. */
function readName(packet: Uint8Array, length: number, asked: Asked): number {
  const { name, starts, hashes } = asked;
  let at = headerBytes;
  let written = 0;
  let labels = 0;
  for (;;) {
    if (at >= length) return 0;
    const bytes = packet[at]!;
    if (bytes === 0) break;
    const end = at + 1 + bytes;
    if (bytes > labelBytesMax || end > length || written + 1 + bytes >= nameBytesMax) return 0;
    starts[labels] = written;
    labels += 1;
    name[written] = bytes;
    for (let from = at + 1, to = written + 1; from < end; from += 1, to += 1) name[to] = lower[packet[from]!]!;
    written += 1 + bytes;
    at = end;
  }
  name[written] = 0;
  name[written + 1] = 0;
  name[written + 2] = 0;
  name[written + 3] = 0;
  asked.nameBytes = written + 1;
  asked.labels = labels;

  let hash = Math.imul(hashSeed, hashPrime);
  let until = written;
  for (let label = labels - 1; label >= 0; label -= 1) {
    const start = starts[label]!;
    for (let place = until - 1; place >= start; place -= 1) hash = Math.imul(hash ^ name[place]!, hashPrime);
    hashes[label] = hash;
    until = start;
  }
  return at + 1;
}

/** An OPT at the root that ends the packet: version 0, whole options, at most one client subnet, that one correct. */
function readOpt(packet: Uint8Array, at: number, length: number, asked: Asked): boolean {
  const data = at + 11;
  if (data > length || packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== types.OPT || packet[at + 6] !== 0) return false;
  if (data + ((packet[at + 9]! << 8) | packet[at + 10]!) !== length) return false;
  asked.udpBytes = (packet[at + 3]! << 8) | packet[at + 4]!;
  asked.dnssecOk = packet[at + 7]! >= 0x80;
  return data === length || readOptions(packet, data, length, asked);
}

const clientSubnetOption = 8;

function readOptions(packet: Uint8Array, from: number, length: number, asked: Asked): boolean {
  for (let at = from; at < length; ) {
    if (at + 4 > length) return false;
    const code = (packet[at]! << 8) | packet[at + 1]!;
    const bytes = (packet[at + 2]! << 8) | packet[at + 3]!;
    if (at + 4 + bytes > length) return false;
    if (code === clientSubnetOption && !readSubnet(packet, at + 4, bytes, asked)) return false;
    at += 4 + bytes;
  }
  return true;
}

/** The table in `edns.ts`. */
function readSubnet(packet: Uint8Array, at: number, bytes: number, asked: Asked): boolean {
  if (asked.subnetBytes !== 0 || bytes < 4) return false;
  const family = (packet[at]! << 8) | packet[at + 1]!;
  const prefix = packet[at + 2]!;
  const bits = family === 1 ? 32 : family === 2 ? 128 : 0;
  if (family > 2 || prefix > bits || packet[at + 3] !== 0 || bytes !== 4 + ((prefix + 7) >> 3)) return false;
  const hostBits = 0xff >> (prefix & 7);
  if ((prefix & 7) !== 0 && (packet[at + bytes - 1]! & hostBits) !== 0) return false;
  for (let index = 0; index < bytes; index += 1) asked.subnet.bytes[index] = packet[at + index]!;
  asked.subnetBytes = bytes;
  return true;
}
