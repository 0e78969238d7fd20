import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Configuration } from '../../../../src/events/catalogue/configuration.ts';
import { openMemoryLog } from '../../../../src/events/memory-log.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import { createDnsCounter } from '../../../../src/nodes/dns/counts.ts';
import { createTableReaders } from '../../../../src/nodes/dns/workers/table-readers.ts';
import { createEngine, type Listener } from '../../../../src/nodes/engine.ts';
import { createMetrics } from '../../../../src/nodes/metrics/metrics.ts';
import { answerPublisher, answersOf } from '../../../../src/nodes/overwatch/published-answers.ts';
import { a, app, applying, b, checked, clearingOverride, oneDomain, order, settingOverride, unchecked } from '../../../given.ts';
import { query, subnetOption } from '../dns/demo.ts';

const client = { address: '192.0.2.200', port: 1024, transport: 'tcp' } as const;
const unsigned = { signingOf: () => undefined, signatures: { of: () => [] } };

/** A node that answers DNS without sockets: what is asked goes to the table at once. */
async function running(configuration: Configuration, chance = () => 0) {
  const clock = virtualClock(1_000);
  const log = openMemoryLog({ node: 'test' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, () => {});
  engine.start();
  const apply = (of: Configuration) => engine.execute(order(applying(of, { force: true })));
  await apply(configuration);
  const readers = createTableReaders(answersOf(engine.state, unsigned), 0);
  const publisher = answerPublisher(engine.state);
  publisher.begin(readers.writer);
  const failures: unknown[] = [];
  const answer = readers.answerTcp({ chance, sample: 0, onSample: () => {}, onFailure: (error) => failures.push(error) });
  const dns = readers.numbers({ tcp: createDnsCounter().tally, kind: () => undefined, pool: () => undefined });
  const metrics = createMetrics({ engine, log, clock, dns, version: '1.2.3' });
  listeners.push(publisher.listener, metrics.listener);
  const ask = (name: string) => answer(query(name), client);
  /** The samples of one metric, by what stands in its braces. */
  const samples = async (name: string): Promise<Record<string, number>> => {
    const lines = (await metrics.render())
      .split('\n')
      .filter((line) => line.startsWith(`opengslb_${name}{`) || line.startsWith(`opengslb_${name} `));
    return Object.fromEntries(lines.map((line) => [/\{(.*)\}/.exec(line)?.[1] ?? '', Number(line.slice(line.lastIndexOf(' ')))]));
  };
  return { clock, engine, log, apply, metrics, samples, ask, answer, failures };
}

describe('numbers of a service and its servers', () => {
  test('go when they go, and those of others stay', async () => {
    const { engine, apply, samples, ask } = await running(oneDomain([a, b]));
    ask(app);
    ask(app);
    engine.observe(checked(a, 'ok'));
    engine.observe(checked(b, 'failed'));
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
    ask(app);
    assert.deepEqual(await samples('dns_queries_total'), { 'domain="other",type="A",status="REFUSED"': 1 });
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

describe('answers by place', () => {
  const servers = [
    { address: a, region: 'eu' },
    { address: b, region: 'us' },
  ];
  const near = { cidr: '192.0.2.0/24', region: 'eu' };
  const placed = (domain = {}, networks = [near]) =>
    oneDomain(
      servers,
      { routing_algorithm: 'geolocation', ...domain },
      { overwatch: { validation: { enabled: false }, geolocation: { custom_mappings: networks } } },
    );

  test('are counted by the region that was answered for, and those for everybody apart', async () => {
    const { answer, ask, apply, samples } = await running(placed());
    for (let turn = 0; turn < 3; turn += 1) ask(app);
    answer(query(app), { ...client, address: '198.51.100.7' });
    // The subnet that a resolver names counts, not the resolver.
    answer(query(app, { edns: { options: subnetOption(1, 24, 0, [198, 51, 100]) } }), client);
    const inEurope = { [`domain="${app}",region="eu"`]: 3 };
    assert.deepEqual(await samples('routing_geo_decisions_total'), inEurope);
    assert.deepEqual(await samples('routing_geo_fallback_total'), { [`domain="${app}"`]: 2 });

    await apply(placed({ ttl: 7 }, []));
    ask(app);
    assert.deepEqual(await samples('routing_geo_decisions_total'), inEurope, 'what was counted stays while the region is there');
    assert.deepEqual(await samples('routing_geo_fallback_total'), { [`domain="${app}"`]: 3 });
    await apply(oneDomain([], { name: 'other.example.com' }));
    assert.deepEqual([await samples('routing_geo_decisions_total'), await samples('routing_geo_fallback_total')], [{}, {}]);
  });

  test('are none where nobody is told apart', async () => {
    const { ask, samples } = await running(placed({ routing_algorithm: 'weighted' }));
    ask(app);
    assert.deepEqual([await samples('routing_geo_decisions_total'), await samples('routing_geo_fallback_total')], [{}, {}]);
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

test('a query on which answering fails gets SERVFAIL, is counted as such, and the fault is told', async () => {
  const chance = () => {
    throw new Error('a fault');
  };
  const { ask, answer, failures, samples } = await running(oneDomain([a, b], { routing_algorithm: 'weighted' }, unchecked), chance);
  assert.equal(ask(app)?.toString('hex'), `12678002${'0000'.repeat(4)}`);
  assert.deepEqual(failures.map(String), ['Error: a fault']);
  assert.equal(answer(Buffer.from('short'), client), null);
  assert.deepEqual(await samples('dns_queries_total'), { 'domain="other",type="none",status="SERVFAIL"': 1 });
  assert.deepEqual(await samples('dns_query_duration_seconds_count'), { 'status="SERVFAIL"': 1 });
  assert.deepEqual(await samples('dns_failures_total'), { '': 1 });
  assert.deepEqual(await samples('dns_dropped_total'), { 'transport="tcp",reason="short"': 1 });
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
