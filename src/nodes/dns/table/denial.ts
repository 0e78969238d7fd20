/**
 * NXDOMAIN for names that no zone has: nothing stands in the table for them, so it is put together from the zone's SOA
 * and, for who asks for signatures, the NSEC records that span the name and the wildcard in its place. Which ones span
 * the name is found by halves among the zone's names in canonical order (RFC 4034 section 6.1).
 */
import { rcodes } from '../codes.ts';
import { headerBytes } from '../wire.ts';
import { denialBlock, soaUse, zoneEntry } from './layout.ts';
import { optBytesOf, patchPointers, writeBare, writeHeader, writeOpt } from './message.ts';
import type { TableReader } from './reader.ts';
import { copyInto, type Room } from './room.ts';
import { soaBytes, soaCount, soaOf, writeSoa } from './soa.ts';

const authoritative = 0x0400;
const truncated = 0x0200;
const pointerBytes = 2;

/** `zone`: its entry; `wildcard`: place in its sorted names of the NSEC that spans the wildcard. The length of the reply. */
export function sayDenial(room: Room, table: TableReader, zone: number, wildcard: number, bytesMax: number, apexOffset: number): number {
  const { words, asked } = table;
  const soa = soaOf(table, zone);
  const isSigned = asked.dnssecOk && words[zone + zoneEntry.sortedCount] !== 0;
  const sortedAt = words[zone + zoneEntry.sortedAt]!;
  const spanning = isSigned ? lastBefore(table, zone, apexOffset) : 0;
  const first = isSigned ? Atomics.load(words, sortedAt + spanning) : 0;
  const second = isSigned && spanning !== wildcard ? Atomics.load(words, sortedAt + wildcard) : 0;

  const proofBytes = (first === 0 ? 0 : words[first + denialBlock.bytes]!) + (second === 0 ? 0 : words[second + denialBlock.bytes]!);
  const total = asked.questionEnd + soaBytes(table, soa, pointerBytes) + proofBytes + optBytesOf(asked);
  const flags = authoritative | rcodes.NXDOMAIN;
  if (total > bytesMax) return writeBare(room, flags | truncated, asked);
  const records = (first === 0 ? 0 : words[first + denialBlock.records]!) + (second === 0 ? 0 : words[second + denialBlock.records]!);
  writeHeader(room, flags, 0, soaCount(table, soa) + records, asked.hasOpt ? 1 : 0);

  // The question is in this zone, so the owner of its SOA is a pointer.
  asked.pointer.view.setUint16(0, 0xc000 | apexOffset);
  let end = writeSoa(room, asked.questionEnd, table, soa, soaUse.denial, asked.pointer, 0, pointerBytes);
  if (first !== 0) end = writeNsec(room, end, table, first, apexOffset);
  if (second !== 0) end = writeNsec(room, end, table, second, apexOffset);
  return writeOpt(room, end, asked);
}

function writeNsec(room: Room, at: number, { words, memory }: TableReader, block: number, apexOffset: number): number {
  const length = words[block + denialBlock.bytes]!;
  const from = 4 * (block + denialBlock.data) + words[block + denialBlock.keyBytes]!;
  copyInto(room, at, memory, from, length);
  patchPointers(memory, from + length, words[block + denialBlock.patches]!, room, at, length, apexOffset);
  return at + length;
}

/** The place of the last name of the zone before the one that is asked for. The apex is the first, and before all. */
function lastBefore(table: TableReader, zone: number, apexOffset: number): number {
  const { words } = table;
  const keyBytes = writeKey(table, apexOffset - headerBytes);
  const sortedAt = words[zone + zoneEntry.sortedAt]!;
  let low = 0;
  let high = words[zone + zoneEntry.sortedCount]! - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isBefore(table, Atomics.load(words, sortedAt + middle), keyBytes)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The question's labels below the apex, from the top down, as `canonical-key.ts` writes them. */
function writeKey({ asked }: TableReader, end: number): number {
  const { name, key, starts } = asked;
  let written = 0;
  for (let label = asked.labels - 1; label >= 0; label -= 1) {
    const start = starts[label]!;
    if (start >= end) continue;
    if (written > 0) key[written++] = 0;
    for (let at = start + 1, until = start + name[start]!; at <= until; at += 1) {
      const byte = name[at]!;
      if (byte <= 1) key[written++] = 1;
      key[written++] = byte <= 1 ? byte + 1 : byte;
    }
  }
  return written;
}

function isBefore({ words, memory, asked }: TableReader, block: number, keyBytes: number): boolean {
  const { key } = asked;
  const length = words[block + denialBlock.keyBytes]!;
  const from = 4 * (block + denialBlock.data);
  const shorter = length < keyBytes ? length : keyBytes;
  for (let at = 0; at < shorter; at += 1) {
    const difference = memory.bytes[from + at]! - key[at]!;
    if (difference !== 0) return difference < 0;
  }
  return length <= keyBytes;
}
