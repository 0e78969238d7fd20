import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awarenessOfFailure, changedAwareness } from '../../../../src/nodes/gossip/awareness.ts';
import { confirmSuspicion, postponeSuspicion, startSuspicion } from '../../../../src/nodes/gossip/suspicion.ts';
import { pushPullEveryMs, retransmitLimit, suspicionLimits, timingPresets } from '../../../../src/nodes/gossip/timing.ts';

const { lan } = timingPresets;

test('a rumour is sent more often the larger the cluster is', () => {
  const rows: readonly (readonly [members: number, times: number])[] = [
    [1, 4],
    [3, 4],
    [9, 4],
    [10, 8],
    [99, 8],
    [100, 12],
    [999, 12],
  ];
  for (const [members, times] of rows) assert.equal(retransmitLimit(lan.retransmitMult, members), times, `${members} members`);
});

test('everything is exchanged less often above 32 members', () => {
  const rows: readonly (readonly [members: number, everyMs: number])[] = [
    [1, 30_000],
    [32, 30_000],
    [33, 60_000],
    [64, 60_000],
    [65, 90_000],
    [1_024, 180_000],
  ];
  for (const [members, everyMs] of rows) assert.equal(pushPullEveryMs(lan.pushPullIntervalMs, members), everyMs, `${members} members`);
});

test('a suspicion lasts longer in a larger cluster, and in a small one nobody has to confirm it', () => {
  const rows: readonly (readonly [members: number, minMs: number, maxMs: number, wanted: number])[] = [
    [3, 4_000, 24_000, 0],
    [4, 4_000, 24_000, 2],
    [10, 4_000, 24_000, 2],
    [50, 6_792, 40_752, 2],
    [100, 8_000, 48_000, 2],
    [1_000, 12_000, 72_000, 2],
  ];
  for (const [members, minMs, maxMs, confirmationsWanted] of rows) {
    assert.deepEqual(suspicionLimits(lan, members), { minMs, maxMs, confirmationsWanted }, `${members} members`);
  }
});

test('each confirmation by somebody new shortens a suspicion, until enough have confirmed', () => {
  const suspicion = startSuspicion(suspicionLimits(lan, 10), 'b', 1_000);
  const rows: readonly (readonly [from: string, isNews: boolean, deadline: number])[] = [
    ['b', false, 25_000],
    // ln 2 / ln 3 of the way from 24 s down to 4 s.
    ['c', true, 12_381],
    ['c', false, 12_381],
    ['d', true, 5_000],
    ['e', false, 5_000],
  ];
  for (const [from, isNews, deadline] of rows) {
    assert.equal(confirmSuspicion(suspicion, from), isNews, from);
    assert.equal(suspicion.deadline, deadline, from);
  }
});

test('a suspicion that is put off keeps what was confirmed', () => {
  const suspicion = startSuspicion(suspicionLimits(lan, 10), 'b', 1_000);
  confirmSuspicion(suspicion, 'c');
  postponeSuspicion(suspicion, 700);
  assert.equal(suspicion.deadline, 13_081);
  confirmSuspicion(suspicion, 'd');
  assert.equal(suspicion.deadline, 5_700);
});

test('a suspicion that nobody has to confirm takes the shortest time', () => {
  const suspicion = startSuspicion(suspicionLimits(lan, 3), 'b', 0);
  assert.equal(suspicion.deadline, 4_000);
  assert.equal(confirmSuspicion(suspicion, 'c'), false);
});

test('the health score stays in its range', () => {
  const rows: readonly (readonly [score: number, change: number, then: number])[] = [
    [0, -1, 0],
    [0, 1, 1],
    [3, -1, 2],
    [7, 1, 7],
    [6, 3, 7],
  ];
  for (const [score, change, then] of rows) assert.equal(changedAwareness(score, change, 8), then, `${score} ${change}`);
});

test('a failed probe weighs as many as the nacks that were missing', () => {
  const rows: readonly (readonly [expected: number, received: number, change: number])[] = [
    [0, 0, 1],
    [3, 3, 0],
    [3, 1, 2],
    [3, 4, 0],
  ];
  for (const [expected, received, change] of rows)
    assert.equal(awarenessOfFailure(expected, received), change, `${received} of ${expected}`);
});
