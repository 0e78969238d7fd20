import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../../../src/nodes/api/stream-turns.ts';

test('however many work, one slice is between two looks at the outside', async () => {
  const turns = createTurns(1);
  let looks = 0;
  let working = true;
  const outside = () => {
    looks += 1;
    if (working) setImmediate(outside);
  };
  let slices = 0;
  const work = async () => {
    for (let piece = 0; piece < 20; piece += 1) {
      const until = performance.now() + 1.1;
      while (performance.now() < until);
      const rest = turns.rest();
      assert(rest !== undefined, 'the slice is over');
      slices += 1;
      await rest;
    }
  };
  const all = Promise.all([work(), work(), work(), work()]);
  const before = slices;
  setImmediate(outside);
  await all;
  working = false;
  assert.equal(slices, 80);
  assert(looks >= slices - before, `${looks} looks in ${slices} slices`);
});

test('who has the slice goes on without resting', async () => {
  const turns = createTurns(1_000);
  await turns.rest();
  assert.equal(turns.rest(), undefined);
});
