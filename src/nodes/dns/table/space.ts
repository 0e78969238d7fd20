/**
 * The table's buffer as its one writer sees it: finds names, puts blocks in place, replaces them. A block is written
 * whole before one atomic store publishes it, and is never written again while anybody may read it (I6). When it is full,
 * everything that is in use moves to a larger buffer; readers come after when they are between two batches.
 */
import assert from 'node:assert/strict';
import type { Name } from '../names.ts';
import { blockWords, classFor, createHeap, type Heap, retire, take } from './heap.ts';
import type { Desk } from './images.ts';
import { firstEntry, hashOf, header, indexEntryWords, nameBlock, tableFormat, zoneEntry } from './layout.ts';

export interface Space {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly heap: Heap;
}

/** How many of each there will be. */
export interface Extent {
  readonly names: number;
  readonly zones: number;
  /** Names in canonical order, of all signed zones. */
  readonly sorted: number;
}

/** At most half of the index is taken, so that a search is short. */
const indexShare = 2;

export function createSpace({ names, zones, sorted }: Extent, heapWords: number): Space {
  const entries = 2 ** Math.ceil(Math.log2(Math.max(8, indexShare * names)));
  const zonesAt = header.words + entries * indexEntryWords;
  const heapAt = even(zonesAt + zones * zoneEntry.words + sorted);
  const space = spaceOf(heapAt, heapAt + even(heapWords));
  const { words } = space;
  words[header.format] = tableFormat;
  words[header.indexAt] = header.words;
  words[header.indexMask] = entries - 1;
  words[header.zonesAt] = zonesAt;
  words[header.zoneCount] = zones;
  words[header.heapAt] = heapAt;
  return space;
}

function spaceOf(heapAt: number, words: number): Space {
  const buffer = new SharedArrayBuffer(4 * words);
  return { buffer, words: new Int32Array(buffer), bytes: new Uint8Array(buffer), heap: createHeap(heapAt, words) };
}

const even = (words: number) => words + (words & 1);

/** Where in the index the name stands, or would. */
function entryOf({ words, bytes }: Space, name: Name): { readonly at: number; readonly hash: number } {
  const wire = Buffer.from(name, 'latin1');
  const hash = hashOf(wire);
  const mask = words[header.indexMask]!;
  for (let entry = firstEntry(hash, mask); ; entry = (entry + 1) & mask) {
    const at = words[header.indexAt]! + indexEntryWords * entry;
    const block = words[at + 1]!;
    if (block === 0) return { at, hash };
    const from = 4 * (block + nameBlock.bytes);
    const isSame = words[at] === hash && words[block + nameBlock.length] === wire.length;
    if (isSame && wire.equals(bytes.subarray(from, from + wire.length))) return { at, hash };
  }
}

/** The word of the index that points to the name's block; undefined where the table has no such name. */
export function pointerTo(space: Space, name: Name): number | undefined {
  const { at } = entryOf(space, name);
  return space.words[at + 1] === 0 ? undefined : at + 1;
}

/** Puts a name into the index of a table that nobody reads yet. */
export function addName(space: Space, name: Name, block: number): void {
  const { at, hash } = entryOf(space, name);
  assert.equal(space.words[at + 1], 0, 'a name stands in one zone only');
  space.words[at] = hash;
  space.words[at + 1] = block;
}

/** The desk's image as a block that nobody knows yet; 0 where there is no room. */
export function place({ words, heap }: Space, desk: Desk): number {
  const sizeClass = classFor(desk.used);
  const block = take(heap, sizeClass);
  if (block === 0) return 0;
  words.set(desk.words.subarray(0, desk.used), block);
  words[block] = sizeClass;
  return block;
}

/** Publishes a block in the place of the one that stood there. */
export function publishAt({ words, heap }: Space, at: number, block: number, epoch: number): void {
  const before = words[at]!;
  Atomics.store(words, at, block);
  if (before !== 0) retire(heap, before, words[before]!, epoch);
}

/** A copy with everything that is in use, close together, and so many words free behind it. Nobody reads it yet. */
export function moved(space: Space, freeWords: number): Space {
  const { words, heap } = space;
  const target = spaceOf(heap.from, heap.from + even(heap.usedWords + freeWords));
  target.words.set(words.subarray(0, heap.from));
  const move = (block: number): number => {
    const copy = take(target.heap, words[block]!);
    const end = block + blockWords(words[block]!);
    target.words.set(words.subarray(block, end), copy);
    return copy;
  };
  for (let at = words[header.indexAt]! + 1; at < words[header.zonesAt]!; at += indexEntryWords) {
    if (words[at] !== 0) target.words[at] = move(words[at]!);
  }
  for (let zone = 0; zone < words[header.zoneCount]!; zone += 1) {
    const at = words[header.zonesAt]! + zone * zoneEntry.words;
    const sorted = words[at + zoneEntry.sortedAt]!;
    const pointers = [at + zoneEntry.soa, ...Array.from({ length: words[at + zoneEntry.sortedCount]! }, (_, index) => sorted + index)];
    for (const pointer of pointers) if (words[pointer] !== 0) target.words[pointer] = move(words[pointer]!);
  }
  return target;
}
