/** What people read in tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago } from '../../../src/cli/style.ts';

for (const [ms, words] of [
  [0, 'now'],
  [999, 'now'],
  [1_000, '1 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_599_999, '59 min ago'],
  [3_600_000, '1 h ago'],
  [86_399_999, '23 h ago'],
  [86_400_000, '1 d ago'],
  [40 * 86_400_000, '40 d ago'],
] as const) {
  test(`${ms} ms are ${words}`, () => assert.equal(ago(ms), words));
}
