import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Configuration } from '../../../../src/events/catalogue/configuration.ts';
import { openMemoryLog } from '../../../../src/events/memory-log.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import type { Respond } from '../../../../src/nodes/dns/answering.ts';
import { createDnsCounter } from '../../../../src/nodes/dns/counts.ts';
import { nameOf } from '../../../../src/nodes/dns/names.ts';
import { createEngine, type Listener } from '../../../../src/nodes/engine.ts';
import { createMetrics } from '../../../../src/nodes/metrics/metrics.ts';
import { a, app, applying, b, checked, clearingOverride, oneDomain, order, settingOverride, unchecked } from '../../../given.ts';

const client = { address: '192.0.2.200', port: 1024, transport: 'udp' } as const;

async function running(configuration: Configuration) {
  const clock = virtualClock(1_000);
  const log = openMemoryLog({ node: 'test' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, () => {});
  engine.start();
  const apply = (of: Configuration) => engine.execute(order(applying(of, { force: true })));
  await apply(configuration);
  const metrics = createMetrics({ engine, log, clock, dnsCounter: createDnsCounter(), version: '1.2.3' });
  listeners.push(metrics.listener);
  /** The samples of one metric, by what stands in its braces. */
  const samples = async (name: string): Promise<Record<string, number>> => {
    const lines = (await metrics.render())
      .split('\n')
      .filter((line) => line.startsWith(`opengslb_${name}{`) || line.startsWith(`opengslb_${name} `));
    return Object.fromEntries(lines.map((line) => [/\{(.*)\}/.exec(line)?.[1] ?? '', Number(line.slice(line.lastIndexOf(' ')))]));
  };
  return { clock, engine, log, apply, metrics, samples };
}

/** An answer with one address of `service`, to a question for `name`. */
function answering(service: string, address: string, name = service): Respond {
  const decision = { service, algorithm: 'round-robin', addresses: [address] };
  return () => ({ reply: Buffer.alloc(12), name: nameOf(name), type: 1, rcode: 'NOERROR', decision });
}

describe('numbers of a service and its servers', () => {
  test('go when they go, and those of others stay', async () => {
    const { engine, apply, metrics, samples } = await running(oneDomain([a, b]));
    engine.observe(checked(a, 'ok'));
    engine.observe(checked(b, 'failed'));
    metrics.measured(answering(app, a))(Buffer.alloc(0), client);
    metrics.measured(answering(app, b))(Buffer.alloc(0), client);
    await apply(oneDomain([a], { ttl: 7 }));
    assert.deepEqual(await samples('health_check_results_total'), { [`region="eu",server="${a}:80",result="success"`]: 1 });
    assert.deepEqual(await samples('routing_decisions_total'), { [`domain="${app}",algorithm="round-robin",server="${a}"`]: 1 });
    assert.deepEqual(await samples('dns_queries_total'), { [`domain="${app}",type="A",status="NOERROR"`]: 2 });
    const checks = { [`service="${app}",result="success"`]: 1, [`service="${app}",result="failure"`]: 1 };
    assert.deepEqual(await samples('overwatch_validation_checks_total'), checks);

    await apply(oneDomain([], { name: 'other.example.com' }));
    for (const name of [
      'health_check_results_total',
      'health_check_duration_seconds_count',
      'overwatch_validation_checks_total',
      'overwatch_validation_latency_seconds_count',
      'routing_decisions_total',
      'dns_queries_total',
    ]) {
      assert.deepEqual(await samples(name), {}, name);
    }
    metrics.measured(answering(app, a))(Buffer.alloc(0), client);
    assert.deepEqual(await samples('dns_queries_total'), { 'domain="other",type="A",status="NOERROR"': 1 });
  });

  test('are judged anew when something changed them', async () => {
    const { engine, samples } = await running(oneDomain([a, b], {}, unchecked));
    const fit = async () => (await samples('service_candidates'))[`service="${app}",tier="fit"`];
    assert.equal(await fit(), 2);
    await engine.execute(order(settingOverride(a, 'drain')));
    assert.equal(await fit(), 1);
    assert.deepEqual(await samples('healthy_servers'), { 'region="eu"': 1 });
  });
});

test('an override that runs out is counted as such, and not as cleared', async () => {
  const { clock, engine, samples } = await running(oneDomain([a, b], {}, unchecked));
  await engine.execute(order(settingOverride(a, 'down', { expiresInMs: 60_000 })));
  await engine.execute(order(settingOverride(b, 'up', { authority: 'tool' })));
  await engine.execute(order(clearingOverride(b, { authority: 'tool' })));
  assert.deepEqual(await samples('overrides_active'), { [`service="${app}"`]: 1 });
  await clock.moveTo(100_000);
  const counted = { [`service="${app}",action="down"`]: 1, [`service="${app}",action="up"`]: 1, [`service="${app}",action="clear"`]: 1 };
  assert.deepEqual(await samples('overrides_changes_total'), { ...counted, [`service="${app}",action="expire"`]: 1 });
  assert.deepEqual(await samples('overwatch_overrides_active'), { '': 0 });
});

test('a responder that fails is counted as what its caller answers, and its error goes on to the caller', async () => {
  const { metrics, samples } = await running(oneDomain([a]));
  const failing = metrics.measured(() => {
    throw new Error('a fault');
  });
  assert.throws(() => failing(Buffer.alloc(0), client), /a fault/);
  metrics.measured(() => ({ reply: null, reason: 'short' }))(Buffer.alloc(0), client);
  assert.deepEqual(await samples('dns_queries_total'), { 'domain="other",type="none",status="SERVFAIL"': 1 });
  assert.deepEqual(await samples('dns_query_duration_seconds_count'), { 'status="SERVFAIL"': 1 });
});

test('reloads are counted by what became of them', async () => {
  const { clock, engine, metrics, samples } = await running(oneDomain([a], {}, unchecked));
  metrics.countReload(false);
  assert.deepEqual(await samples('config_reload_timestamp_seconds'), { '': 0 });
  await clock.moveTo(5_000);
  await engine.execute(order(settingOverride(a, 'up')));
  metrics.countReload(true);
  assert.deepEqual(await samples('config_reloads_total'), { 'result="failure"': 1, 'result="success"': 1 });
  assert.deepEqual(await samples('config_reload_timestamp_seconds'), { '': 5 });
  assert.deepEqual(await samples('config_load_timestamp_seconds'), { '': 1 });
});

test('the log says how far back it reaches, when everything was restated, and what it takes', async () => {
  const { clock, engine, log, samples } = await running(oneDomain([a], {}, unchecked));
  assert.deepEqual(await samples('log_oldest_position'), { '': 1 });
  assert.deepEqual(await samples('log_checkpoint_timestamp_seconds'), { '': 0 });
  const whole = (await samples('log_bytes'))[''] as number;
  await clock.moveTo(5_000);
  await engine.execute(order({ kind: 'takeCheckpoint' }));
  const both = (await samples('log_bytes'))[''] as number;
  await log.dropBefore(log.end.position);
  assert.deepEqual(await samples('log_oldest_position'), { '': 3 });
  assert.deepEqual(await samples('log_oldest_timestamp_seconds'), { '': 5 });
  assert.deepEqual(await samples('log_checkpoint_timestamp_seconds'), { '': 5 });
  assert.deepEqual(await samples('log_bytes'), { '': both - whole });
  await engine.stop();
  await log.close();
  assert.deepEqual(await samples('log_bytes'), { '': both - whole }, 'a log that cannot be asked has what it had');
});

test('several who ask at once are given one text, and the next a new one', async () => {
  const { metrics } = await running(oneDomain([a]));
  const [one, other] = [metrics.render(), metrics.render()];
  assert.equal(one, other);
  await one;
  assert.notEqual(metrics.render(), one);
});
