/** What was dropped, counted until a fact has said so. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createGap } from '../../../src/nodes/gap.ts';
import { a, checked, started } from '../../given.ts';

it('counts by type and reason, from the first to the last', () => {
  const gap = createGap();
  assert.equal(gap.fact(), undefined);
  gap.note(checked(a, 'ok'), 5, 'repetitions');
  gap.note(checked(a, 'failed'), 7, 'lost');
  gap.note(started(), 9, 'lost');
  assert.deepEqual(gap.fact()?.data, {
    since: 5,
    until: 9,
    dropped: [
      { type: 'validation.recorded', repetitions: 1, lost: 1 },
      { type: 'node.started', repetitions: 0, lost: 1 },
    ],
  });
});

it('keeps what was dropped while the fact was on its way', () => {
  const gap = createGap();
  gap.note(checked(a, 'ok'), 5, 'lost');
  const fact = gap.fact();
  gap.note(checked(a, 'ok'), 6, 'lost');
  gap.note(started(), 8, 'lost');
  assert.ok(fact !== undefined);
  gap.told(fact);
  const rest = gap.fact();
  assert.deepEqual(rest?.data, {
    since: 5,
    until: 8,
    dropped: [
      { type: 'validation.recorded', repetitions: 0, lost: 1 },
      { type: 'node.started', repetitions: 0, lost: 1 },
    ],
  });
  assert.ok(rest !== undefined);
  gap.told(rest);
  assert.equal(gap.fact(), undefined);
});
