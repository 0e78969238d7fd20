import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summaryWords } from '../../../src/cli/demo-summary.ts';
import type { DemoSummary } from '../../../src/nodes/demo/summary.ts';

const step = {
  name: 'kill',
  deed: 'web2 is killed (SIGKILL)',
  ok: true,
  missing: null,
  tookMs: 4_000,
  toAnswerMs: 2_109,
  toLastFailedRequestMs: 2_052,
  failedRequests: 14,
};
const summary: DemoSummary = {
  ok: true,
  steps: [step],
  requests: { total: 282, failed: 14, byServer: { web3: 94, web1: 174 } },
  dns: { answers: 7, failed: 0 },
  seen: [],
  replay: { events: 95, told: [], agrees: true },
};

test('it tells what a step cost, in the words of the client', () => {
  const words = summaryWords(summary);
  assert.match(words, /^web2 is killed \(SIGKILL\) +yes +after 2\.109 s +after 2\.052 s +14$/m);
  assert.match(words, /^282 requests, 14 failed; served by web1 174, web3 94$/m);
  assert.match(words, /^7 DNS answers, 0 questions without one$/m);
  assert.match(words, /^replay folded 95 events and tells every change/m);
  assert.match(words, /^every step was seen by the client$/m);
});

test('what was not seen stands at the end', () => {
  const words = summaryWords({
    ...summary,
    ok: false,
    replay: null,
    steps: [{ ...step, ok: false, missing: 'the client did not see it' }],
  });
  assert.match(words, /^web2 is killed \(SIGKILL\) +NO /m);
  assert.match(words, /step kill: the client did not see it\n$/);
  assert.doesNotMatch(words, /replay/);
});

test('a replay that tells another story is told of', () => {
  const words = summaryWords({ ...summary, ok: false, replay: { events: 95, told: [], agrees: false } });
  assert.match(words, /does not tell every change/);
  assert.match(words, /replay and the client disagree\n$/);
});
