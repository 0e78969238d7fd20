import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepOutcome } from '../../../../src/nodes/demo/run-steps.ts';
import { readReplay, summarize } from '../../../../src/nodes/demo/summary.ts';
import { answer, failed, one, served, three, two } from './entries.ts';

const kill: StepOutcome = {
  name: 'kill',
  deed: 'web2 is killed',
  answer: [one, three],
  startedAt: 1_000,
  endedAt: 4_000,
  ok: true,
  missing: null,
};
const entries = [
  answer(500, [one, two, three]),
  served(600, two),
  failed(900, two),
  answer(1_500, [one, two, three]),
  failed(1_600, two),
  served(1_700, one),
  answer(1_800, [one, three], 'witness'),
  failed(2_900, two),
  answer(3_500, [three, one]),
  served(3_600, three),
  served(3_700, two, true),
  { kind: 'no-answer', by: 'client', askedAt: 3_700, at: 3_800, error: 'none' } as const,
  failed(4_100, two),
];
const told = [[one], [one, two, three], [one, three]];

test('every number comes from the client, and each step has what happened in its time', () => {
  const summary = summarize(entries, [kill], { events: 9, told });
  assert.deepEqual(summary.steps, [
    {
      name: 'kill',
      deed: 'web2 is killed',
      ok: true,
      missing: null,
      tookMs: 3_000,
      toAnswerMs: 2_500,
      toLastFailedRequestMs: 1_900,
      failedRequests: 2,
    },
  ]);
  assert.deepEqual(summary.requests, { total: 7, failed: 4, byServer: { web1: 1, web2: 1, web3: 1 } });
  assert.deepEqual(summary.dns, { answers: 3, failed: 1 });
  assert.deepEqual(summary.seen, [
    [one, two, three],
    [one, three],
  ]);
  assert.equal(summary.ok, true);
});

test('a step that was not seen makes it all not ok', () => {
  const missed = { ...kill, ok: false, missing: 'nothing was seen' };
  assert.equal(summarize(entries, [missed], { events: 9, told }).ok, false);
});

for (const { what, sets, agrees } of [
  { what: 'tells all that was seen, and more', sets: told, agrees: true },
  {
    what: 'tells it in another order',
    sets: [
      [one, three],
      [one, two, three],
    ],
    agrees: false,
  },
  { what: 'leaves something out', sets: [[one, two, three]], agrees: false },
]) {
  test(`a replay that ${what} ${agrees ? 'agrees' : 'does not agree'}`, () => {
    const summary = summarize(entries, [kill], { events: 9, told: sets });
    assert.equal(summary.replay?.agrees, agrees);
    assert.equal(summary.ok, agrees);
  });
}

test('without a replay it is not ok', () => assert.equal(summarize(entries, [kill], null).ok, false));

test('the sets are read from what replay prints, one after another', () => {
  const shown = (...addresses: readonly string[]) => ({
    A: { tier: 'fit', addresses: addresses.map((address) => ({ address, share: 1 })) },
  });
  const timeline = [
    { service: 'app.demo.local', to: shown(two, one) },
    { service: 'app.demo.local', to: shown(one, two) },
    { service: 'other.demo.local', to: shown(three) },
    { service: 'app.demo.local', to: null },
  ];
  assert.deepEqual(readReplay(JSON.stringify({ events: 4, timeline })), { events: 4, told: [[one, two], []] });
});
