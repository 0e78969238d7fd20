/**
 * Blocks of the table's buffer, in size classes a sixteenth apart, so that a freed block fits the next of its kind. Only the
 * writer knows of it. A retired block waits, with the epoch in which it was replaced, until nobody can be reading it.
 */

/** Words of the smallest block. */
const smallest = 8;
const stepsPerDoubling = 16;

/** Words of each class: 8, 10, 12, ... 62, 64, 68, 72, ... 124, 128, 136, ... */
const classWords: readonly number[] = (() => {
  const sizes: number[] = [];
  for (let base = smallest; base <= 1 << 20; base *= 2) {
    for (let size = base; size < 2 * base; size += Math.max(2, base / stepsPerDoubling)) sizes.push(size);
  }
  return sizes;
})();

export interface Heap {
  readonly from: number;
  /** The first word that was never taken. */
  end: number;
  readonly limit: number;
  /** Free blocks by class. */
  readonly free: readonly number[][];
  readonly retired: Retired[];
  /** Words in blocks that are in use or retired. */
  usedWords: number;
}

interface Retired {
  readonly epoch: number;
  readonly block: number;
  readonly sizeClass: number;
}

export function createHeap(from: number, limit: number): Heap {
  return { from, end: from, limit, free: classWords.map(() => []), retired: [], usedWords: 0 };
}

/** Words of a block of the class. */
export function blockWords(sizeClass: number): number {
  return classWords[sizeClass] as number;
}

export function classFor(words: number): number {
  let [low, high] = [0, classWords.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((classWords[middle] as number) >= words) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A block of the class; 0 where the buffer is full. */
export function take(heap: Heap, sizeClass: number): number {
  const size = blockWords(sizeClass);
  const reused = heap.free[sizeClass]?.pop();
  if (reused === undefined && heap.end + size > heap.limit) return 0;
  const block = reused ?? heap.end;
  if (reused === undefined) heap.end += size;
  heap.usedWords += size;
  return block;
}

export function retire(heap: Heap, block: number, sizeClass: number, epoch: number): void {
  heap.retired.push({ epoch, block, sizeClass });
}

/** Frees what was retired in epochs that are past; they are past in the order in which they were. */
export function reclaim(heap: Heap, isPast: (epoch: number) => boolean): void {
  let count = 0;
  let checked: number | undefined;
  for (const { epoch, block, sizeClass } of heap.retired) {
    if (epoch !== checked && !isPast(epoch)) break;
    checked = epoch;
    release(heap, block, sizeClass);
    count += 1;
  }
  if (count > 0) heap.retired.splice(0, count);
}

function release(heap: Heap, block: number, sizeClass: number): void {
  heap.free[sizeClass]?.push(block);
  heap.usedWords -= blockWords(sizeClass);
}
