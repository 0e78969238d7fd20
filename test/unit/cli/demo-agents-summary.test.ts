import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentSummaryWords } from '../../../src/cli/demo-agents-summary.ts';
import type { AgentSummary, WaySummary } from '../../../src/nodes/demo/agents/summary.ts';

const reactive: WaySummary = {
  deed: 'web2 is killed (SIGKILL)',
  requests: 124,
  failedRequests: 14,
  toDnsMs: 849,
  toClientMs: 2_151,
  toLastFailedRequestMs: 2_052,
};
const proactive: WaySummary = {
  deed: 'web3 is drained on its host',
  requests: 246,
  failedRequests: 0,
  toDnsMs: 44,
  toClientMs: 1_089,
  toLastFailedRequestMs: null,
};
const summary: AgentSummary = {
  ok: true,
  reactive,
  proactive,
  steps: [],
  requests: { total: 410, failed: 14, byServer: { web3: 94, web1: 178 } },
  dns: { answers: 11, failed: 0 },
  seen: [],
};

test('both ways stand side by side', () => {
  const words = agentSummaryWords(summary);
  assert.match(words, /^what is done +web2 is killed \(SIGKILL\) +web3 is drained on its host/m);
  assert.match(words, /^DNS answers without it +after 0\.849 s +after 0\.044 s/m);
  assert.match(words, /^the client, with its cache, has heard +after 2\.151 s +after 1\.089 s/m);
  assert.match(words, /^last failed request +after 2\.052 s +-/m);
  assert.match(words, /^failed requests +14 +0/m);
  assert.match(words, /^410 requests, 14 failed; served by web1 178, web3 94$/m);
  assert.match(words, /dying cost 14 failed requests; being drained first cost none\n$/);
});

test('a request that failed although the server was drained first is said at the end', () => {
  const words = agentSummaryWords({ ...summary, ok: false, proactive: { ...proactive, failedRequests: 3 } });
  assert.match(words, /3 requests failed although the server was drained before it was stopped\n$/);
});

test('what was not seen is said at the end, and what was not reached has no numbers', () => {
  const step = { name: 'die', deed: '', ok: false, missing: 'the client did not see it', tookMs: 1, toAnswerMs: null };
  const steps = [{ ...step, toLastFailedRequestMs: null, failedRequests: 0 }];
  const words = agentSummaryWords({ ...summary, ok: false, proactive: null, steps });
  assert.match(words, /^failed requests +14 +-/m);
  assert.match(words, /step die: the client did not see it\n$/);
});
