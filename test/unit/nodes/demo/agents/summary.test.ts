import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loopbackCast } from '../../../../../src/nodes/demo/agents/cast.ts';
import { agentSteps } from '../../../../../src/nodes/demo/agents/scenario.ts';
import { summarizeWays } from '../../../../../src/nodes/demo/agents/summary.ts';
import type { ClientEntry, RequestEnded } from '../../../../../src/nodes/demo/client-log.ts';
import type { StepOutcome } from '../../../../../src/nodes/demo/run-steps.ts';
import { answer, failed, served } from '../entries.ts';

const steps = agentSteps(loopbackCast);
const [one, two, three] = loopbackCast.webs.map(({ address }) => address) as [string, string, string];

/** Each step takes a second: warm-up from 0, die from 1,000, return, drain from 3,000, direct, stop, end. */
const outcomes: readonly StepOutcome[] = steps.map(({ name, deed, answer: wanted }, index) => ({
  ...{ name, deed, answer: wanted, ok: true, missing: null },
  startedAt: index * 1_000,
  endedAt: index * 1_000 + 999,
}));
const slow = (startedAt: number, at: number, address: string): RequestEnded => ({ ...failed(at, address), startedAt });

const reactiveEntries: readonly ClientEntry[] = [
  answer(10, [one, two, three]),
  served(500, one),
  failed(990, two),
  failed(1_100, two),
  answer(1_200, [one, three], 'witness'),
  failed(1_500, two),
  answer(1_700, [three, one]),
  served(1_800, three),
];
const proactiveEntries: readonly ClientEntry[] = [
  served(3_010, three),
  answer(3_040, [one, two], 'witness'),
  answer(3_900, [one, two]),
  served(5_000, one),
];

test('each way has what happened from its first deed to the next way, from the client alone', () => {
  const { ok, reactive, proactive, requests, seen } = summarizeWays([...reactiveEntries, ...proactiveEntries], steps, outcomes);
  assert.deepEqual(reactive, {
    deed: 'web2 is killed (SIGKILL)',
    requests: 3,
    failedRequests: 2,
    toDnsMs: 200,
    toClientMs: 700,
    toLastFailedRequestMs: 500,
  });
  assert.deepEqual(proactive, {
    deed: 'web3 is drained on its host',
    requests: 2,
    failedRequests: 0,
    toDnsMs: 40,
    toClientMs: 900,
    toLastFailedRequestMs: null,
  });
  assert.equal(ok, true);
  assert.equal(requests.failed, 3);
  assert.deepEqual(seen, [
    [one, two, three],
    [one, three],
    [one, two],
  ]);
});

test('a request that is slow to fail counts where it began', () => {
  const late = slow(2_900, 3_800, two);
  const { reactive, proactive, ok } = summarizeWays([...reactiveEntries, ...proactiveEntries, late], steps, outcomes);
  assert.deepEqual([reactive?.failedRequests, proactive?.failedRequests, ok], [3, 0, true]);
});

for (const { when, startedAt } of [
  { when: 'while the server is drained', startedAt: 3_500 },
  { when: 'once it is stopped', startedAt: 5_200 },
  { when: 'after the last step', startedAt: 7_500 },
]) {
  test(`one failed request ${when} makes it not ok`, () => {
    const entries = [...reactiveEntries, ...proactiveEntries, slow(startedAt, startedAt + 5, three)];
    const { ok, proactive } = summarizeWays(entries, steps, outcomes);
    assert.deepEqual([ok, proactive?.failedRequests], [false, 1]);
  });
}

test('a question without an answer during the proactive way fails a request, and so it counts', () => {
  const entries = [...reactiveEntries, ...proactiveEntries, { ...failed(5_300, null), address: null }];
  assert.equal(summarizeWays(entries, steps, outcomes).ok, false);
});

test('it is not ok where a step was not seen, or never played', () => {
  const entries = [...reactiveEntries, ...proactiveEntries];
  const missed = outcomes.map((outcome) => (outcome.name === 'return' ? { ...outcome, ok: false, missing: 'nothing' } : outcome));
  assert.equal(summarizeWays(entries, steps, missed).ok, false);
  const { ok, proactive } = summarizeWays(entries, steps, outcomes.slice(0, 3));
  assert.deepEqual([ok, proactive], [false, null]);
  assert.equal(summarizeWays(entries, steps, outcomes.slice(0, 5)).ok, false);
});
