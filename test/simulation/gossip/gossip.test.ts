import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playGossipCampaign } from './campaign.ts';
import { playScenario } from './scenario.ts';

test('the same seed plays the same, byte for byte, and another one something else', () => {
  const [once, again, other] = [5, 5, 6].map((seed) => playScenario({ seed, count: 7 }));
  assert.deepEqual(once, again);
  assert.notEqual(once?.digest, other?.digest);
});

test('after partitions, loss, crashes and pauses every cluster agrees again, and finds its dead', (t) => {
  const summary = playGossipCampaign({ seeds: 50, firstSeed: 1 });
  // Trouble that troubles nobody would prove nothing.
  assert.ok(summary.refutes > 50, `${summary.refutes} refutes`);
  t.diagnostic(JSON.stringify(summary));
});
