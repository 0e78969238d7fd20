import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockWords, classFor, createHeap, reclaim, retire, take } from '../../../../../src/nodes/dns/table/heap.ts';

const always = () => true;

describe('size classes', () => {
  it('hold what is asked for, waste at most a sixteenth beyond the smallest, and begin at even words', () => {
    for (let words = 1; words < 5000; words += 1) {
      const size = blockWords(classFor(words));
      assert.ok(size >= words && size % 2 === 0, `${words} -> ${size}`);
      assert.ok(size === 8 || size <= words * (1 + 1 / 16) + 2, `${words} -> ${size}`);
    }
  });

  it('reach beyond the largest reply', () => {
    assert.ok(blockWords(classFor(1 << 20)) >= 1 << 20);
  });
});

describe('a heap', () => {
  it('says 0 where it is full, and gives a freed block to the next of its class', () => {
    const heap = createHeap(100, 100 + 3 * 8);
    const blocks = [take(heap, 0), take(heap, 0), take(heap, 0)];
    assert.deepEqual(blocks, [100, 108, 116]);
    assert.equal(take(heap, 0), 0);
    retire(heap, 108, 0, 1);
    assert.equal(take(heap, 0), 0, 'retired is not free');
    reclaim(heap, always);
    assert.equal(take(heap, 0), 108);
    assert.equal(heap.usedWords, 24);
  });

  it('frees epoch by epoch, as they pass', () => {
    const heap = createHeap(100, 200);
    for (const epoch of [1, 1, 2]) retire(heap, take(heap, 0), 0, epoch);
    reclaim(heap, (epoch) => epoch < 2);
    assert.deepEqual([heap.retired.length, heap.usedWords], [1, 8]);
    reclaim(heap, always);
    assert.deepEqual([heap.retired.length, heap.usedWords], [0, 0]);
  });
});
