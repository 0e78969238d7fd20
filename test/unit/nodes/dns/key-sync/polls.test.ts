/** When a peer is asked next: never later than the interval that other overwatches count on. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextPollMs } from '../../../../../src/nodes/dns/key-sync/polls.ts';

for (const [name, intervalMs, inVain, draw, ms] of [
  ['after an hour', 3_600_000, 0, 0, 3_600_000],
  ['up to a fifth sooner', 3_600_000, 0, 0.999_999_9, 2_880_000],
  ['soon after a failure', 3_600_000, 1, 0, 1_000],
  ['twice as long after the second', 3_600_000, 2, 0, 2_000],
  ['some time after many', 3_600_000, 100, 0, 300_000],
  ['never after the interval', 5_000, 100, 0, 5_000],
] as const) {
  it(name, () => assert.equal(nextPollMs({ intervalMs, inVain, draw }), ms));
}
