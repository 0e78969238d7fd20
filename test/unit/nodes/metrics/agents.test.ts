/** What an overwatch counts of agents, from facts that a real engine folded, while time is moved by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../../src/events/event.ts';
import { openMemoryLog } from '../../../../src/events/memory-log.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import { createEngine, type Listener } from '../../../../src/nodes/engine.ts';
import { createMetrics } from '../../../../src/nodes/metrics/metrics.ts';
import * as given from '../../../given.ts';

const { a, b, agent1, app, beat, checked, claims, cpuPolicy, joined, measuring, pinned, received } = given;
const ofWeb1 = `agent_id="${agent1}"`;

async function running() {
  const clock = virtualClock(1_000);
  const log = openMemoryLog({ node: 'test' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, () => {});
  engine.start();
  await engine.execute(given.order(given.applying(given.oneDomain([]), { force: true })));
  const metrics = createMetrics({ engine, log, clock, version: '1.2.3' });
  listeners.push(metrics.listener);
  /** The samples of one metric, by what stands in its braces. */
  const samples = async (name: string): Promise<Record<string, number>> => {
    const lines = (await metrics.render()).split('\n').filter((line) => new RegExp(`^opengslb_${name}[{ ]`).test(line));
    return Object.fromEntries(lines.map((line) => [/\{(.*)\}/.exec(line)?.[1] ?? '', Number(line.slice(line.lastIndexOf(' ')))]));
  };
  /** Resolves when they are folded: an order has its turn after them. */
  const observe = async (...facts: readonly Fact[]) => {
    for (const fact of facts) engine.observe(fact);
    await engine.execute(given.order(given.clearingOverride('192.0.2.99')));
  };
  return { clock, observe, samples };
}

test('who is known, with which proof, and what each claims', async () => {
  const { observe, samples } = await running();
  await observe(...joined(agent1, a, b), pinned('eu-0123456789ab', { fingerprint: null, certificate: null, legacy: true }));
  assert.deepEqual(await samples('overwatch_agents_registered'), { '': 2 });
  assert.deepEqual(await samples('overwatch_agent_certs_pinned'), { '': 1 });
  assert.deepEqual(await samples('overwatch_agents_unauthenticated'), { '': 1 });
  assert.deepEqual(await samples('agent_backends_registered_per_agent'), { [ofWeb1]: 2, 'agent_id="eu-0123456789ab"': 0 });
});

test('the age of a silent agent grows, also where nothing happens any more, and its silence is counted once', async () => {
  const { clock, observe, samples } = await running();
  await observe(...joined(agent1, a));
  await clock.moveTo(100_000);
  assert.deepEqual(await samples('overwatch_stale_agents_total'), { '': 1 });
  assert.deepEqual(await samples('agent_stale_events_total'), { [ofWeb1]: 1 });
  const [first] = Object.values(await samples('agent_heartbeat_age_seconds'));
  await clock.moveTo(160_000);
  assert.deepEqual(await samples('agent_heartbeat_age_seconds'), { [ofWeb1]: (first as number) + 60 });
  assert.deepEqual(await samples('agent_stale_events_total'), { [ofWeb1]: 1 });
});

test('a signal that turns bad is counted once, however long it is', async () => {
  const { observe, samples } = await running();
  await observe(...joined(agent1, a));
  await observe(received(beat(2, { claims: { ...claims(a), predictive: cpuPolicy }, signals: measuring(95) })));
  await observe(received(beat(3, { signals: measuring(96) })));
  assert.deepEqual(await samples('gossip_predictive_signals_total'), { 'signal="cpu"': 1 });
  await observe(received(beat(4, { signals: measuring(10) })), received(beat(5, { signals: measuring(99) })));
  assert.deepEqual(await samples('gossip_predictive_signals_total'), { 'signal="cpu"': 2 });
});

test('checks that take down what its agent calls healthy are a veto; one of a server that nobody praises is none', async () => {
  const { observe, samples } = await running();
  await observe(...joined(agent1, a, b), received(beat(2, { claims: claims(a, given.claimed(b, { healthy: false })) })));
  await observe(checked(a, 'ok'), checked(b, 'ok'));
  await observe(...[a, a, a, a, b, b, b, b].map((address) => checked(address, 'failed')));
  assert.deepEqual(await samples('overwatch_vetoes_total'), { [`service="${app}",reason="checks-fail"`]: 1 });
});

test('one that is revoked has no series of its own any more', async () => {
  const { clock, observe, samples } = await running();
  await observe(...joined(agent1, a));
  await clock.moveTo(100_000);
  await observe({ type: 'agent.revoked', data: { agent: agent1, fingerprint: given.fingerprintOf(agent1), reason: 'stolen' } });
  for (const name of ['agent_heartbeat_age_seconds', 'agent_stale_events_total', 'agent_backends_registered_per_agent']) {
    assert.deepEqual(await samples(name), {}, name);
  }
  assert.deepEqual(await samples('overwatch_agents_registered'), { '': 0 });
});
