/**
 * Where a client is, by the ranges that stand in the table: a binary search over addresses as words of the network's order.
 * It says what `client-ranges.ts` says, and which prefix around the client the answer holds for. Nothing is allocated.
 */
import { choice, placesPart } from './layout.ts';
import type { TableReader } from './reader.ts';

/** The choice for the client of the query at hand; notes the scope. `at`: the one for everybody. */
export function choiceAtPlace(table: TableReader, block: number, at: number): number {
  const { words, asked } = table;
  const places = block + words[at + choice.places]!;
  const isSubnet = words[places + placesPart.usesSubnet] === 1 && readSubnet(table);
  const bytes = isSubnet ? (asked.subnet.bytes[1] === 1 ? 4 : 16) : table.peerBytes;
  if (bytes === 0) return at;
  if (!isSubnet) readClient(table, table.peer, table.peerAt, bytes);
  const range = bytes === 4 ? rangeOf4(table, places) : rangeOf6(table, places);
  if (isSubnet) asked.scope = bytes === 4 ? scopeOf4(table, places, range) : scopeOf6(table, places, range);
  const found = words[range + (bytes === 4 ? placesPart.words4 : placesPart.words6) - 1]!;
  return found === 0 ? at : block + found;
}

/** Whether the query names a subnet that is to count: not all addresses. Then its first address is the client. */
function readSubnet(table: TableReader): boolean {
  const { subnet, subnetBytes } = table.asked;
  // Family, source prefix, scope prefix; then as much of the address as the prefix needs.
  if (subnetBytes <= 4) return false;
  readClient(table, subnet.bytes, 4, subnetBytes - 4);
  return true;
}

/** What is missing of an address is zero. */
function readClient({ client }: TableReader, from: Uint8Array, at: number, bytes: number): void {
  for (let word = 0; word < 4; word += 1) {
    let value = 0;
    for (let byte = 4 * word; byte < 4 * word + 4; byte += 1) value = (value << 8) | (byte < bytes ? from[at + byte]! : 0);
    client[word] = value;
  }
}

/** The last range that does not begin behind the client. */
function rangeOf4({ words, client }: TableReader, places: number): number {
  const value = client[0]! >>> 0;
  const first = places + placesPart.first;
  let low = 0;
  let high = words[places + placesPart.ranges4]! - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (words[first + placesPart.words4 * middle]! >>> 0 <= value) low = middle;
    else high = middle - 1;
  }
  return first + placesPart.words4 * low;
}

const firstOf6 = (words: Int32Array, places: number) => places + placesPart.first + placesPart.words4 * words[places + placesPart.ranges4]!;

function rangeOf6({ words, client }: TableReader, places: number): number {
  const first = firstOf6(words, places);
  let low = 0;
  let high = words[places + placesPart.ranges6]! - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (beginsBehind(words, first + placesPart.words6 * middle, client)) high = middle - 1;
    else low = middle;
  }
  return first + placesPart.words6 * low;
}

function beginsBehind(words: Int32Array, at: number, client: Int32Array): boolean {
  for (let word = 0; word < 4; word += 1) {
    const begins = words[at + word]! >>> 0;
    const value = client[word]! >>> 0;
    if (begins !== value) return begins > value;
  }
  return false;
}

/** One bit more than is shared with the nearest address on either side that is elsewhere. */
function scopeOf4({ words, client }: TableReader, places: number, range: number): number {
  const value = client[0]!;
  const begins = words[range]!;
  const next = range + placesPart.words4;
  const end = firstOf6(words, places);
  const before = begins === 0 ? -1 : Math.clz32(value ^ (begins - 1));
  const behind = next === end ? -1 : Math.clz32(value ^ words[next]!);
  return Math.max(before, behind) + 1;
}

function scopeOf6({ words, client }: TableReader, places: number, range: number): number {
  const next = range + placesPart.words6;
  const end = firstOf6(words, places) + placesPart.words6 * words[places + placesPart.ranges6]!;
  const behind = next === end ? -1 : sharedBits(words, next, client, -1);
  return Math.max(sharedWithBefore(words, range, client), behind) + 1;
}

/** With the last address before the range; -1 where the range is the first. */
function sharedWithBefore(words: Int32Array, range: number, client: Int32Array): number {
  let borrows = 3;
  while (borrows >= 0 && words[range + borrows] === 0) borrows -= 1;
  return borrows < 0 ? -1 : sharedBits(words, range, client, borrows);
}

/** `borrows`: the word at which one is taken away, so that all behind it are full; -1: nothing is. */
function sharedBits(words: Int32Array, at: number, client: Int32Array, borrows: number): number {
  for (let word = 0; word < 4; word += 1) {
    const own = words[at + word]!;
    const other = borrows < 0 || word < borrows ? own : word === borrows ? own - 1 : -1;
    const differs = client[word]! ^ other;
    if (differs !== 0) return 32 * word + Math.clz32(differs);
  }
  return 128;
}
