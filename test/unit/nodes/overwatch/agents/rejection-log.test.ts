/** Rejections as facts: the first at once, then one a minute with the count, and never more than the tables hold. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { DataOf } from '../../../../../src/events/event.ts';
import { type VirtualClock, virtualClock } from '../../../../../src/nodes/clock.ts';
import { agentLimits } from '../../../../../src/nodes/overwatch/agents/limits.ts';
import { createRejectionLog, type RejectionLog } from '../../../../../src/nodes/overwatch/agents/rejection-log.ts';

let clock: VirtualClock;
let told: DataOf<'agent.rejected'>[];
let log: RejectionLog;
beforeEach(() => {
  clock = virtualClock(0);
  told = [];
  log = createRejectionLog({ clock, isPinned: (agent) => agent.startsWith('web'), tell: ({ data }) => told.push(data) });
});
const counts = () => told.map(({ agent, reason, count }) => [agent, reason, count]);

describe('a rejection', () => {
  test('is told at once, and those of its minute at the end of it, with the newest address', async () => {
    log.note('web-1', 'wrong-mac', '192.0.2.1:7946');
    for (let count = 0; count < 9; count += 1) log.note('web-1', 'wrong-mac', '192.0.2.2:7946');
    assert.deepEqual(counts(), [['web-1', 'wrong-mac', 1]]);
    await clock.moveTo(agentLimits.rejectionToldEveryMs - 1);
    assert.equal(told.length, 1);
    await clock.moveTo(agentLimits.rejectionToldEveryMs);
    assert.deepEqual(told[1], { agent: 'web-1', reason: 'wrong-mac', address: '192.0.2.2:7946', count: 9 });
    assert.equal(log.counts().get('wrong-mac'), 10);
  });

  test('after a quiet minute is a first one again', async () => {
    log.note('web-1', 'replayed', null);
    await clock.moveTo(agentLimits.rejectionToldEveryMs);
    log.note('web-1', 'replayed', null);
    assert.deepEqual(counts(), [
      ['web-1', 'replayed', 1],
      ['web-1', 'replayed', 1],
    ]);
  });

  test('of another reason, or another agent, is told apart', () => {
    log.note('web-1', 'replayed', null);
    log.note('web-1', 'wrong-mac', null);
    log.note('web-2', 'replayed', null);
    assert.equal(told.length, 3);
  });

  test('under a name that nobody pinned never takes the place of one that somebody did', async () => {
    for (let number = 0; number < 10_000; number += 1) log.note(`stranger-${number}`, 'agent-unknown', null);
    assert.equal(told.length, agentLimits.rejectionsOfOthersMax);
    assert.equal(log.counts().get('agent-unknown'), 10_000);
    log.note('web-1', 'wrong-mac', null);
    assert.deepEqual(counts().at(-1), ['web-1', 'wrong-mac', 1]);
    // A minute later there is room for other strangers.
    await clock.moveTo(agentLimits.rejectionToldEveryMs);
    log.note('stranger-late', 'agent-unknown', null);
    assert.deepEqual(counts().at(-1), ['stranger-late', 'agent-unknown', 1]);
  });

  test('is told no more once it is stopped', async () => {
    log.note('web-1', 'replayed', null);
    log.note('web-1', 'replayed', null);
    log.stop();
    await clock.moveTo(10 * agentLimits.rejectionToldEveryMs);
    assert.equal(told.length, 1);
  });
});
