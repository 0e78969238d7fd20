import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleMemory } from '../../../src/nodes/settled-memory.ts';

test('what a start took is given back to the system', async () => {
  let taken: unknown[] | undefined = Array.from({ length: 500_000 }, (_, index) => ({ index, text: `text ${index}` }));
  // Scattered over all pages, so that gaps have to be closed.
  const kept = taken.filter((_, index) => index % 50 === 0);
  const before = process.memoryUsage().heapTotal;
  taken = undefined;
  await settleMemory();
  const given = (before - process.memoryUsage().heapTotal) / 2 ** 20;
  assert(given > 30, `${given.toFixed(0)} MiB were given back`);
  assert.equal(kept.length, 10_000);
});
