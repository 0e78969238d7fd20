/** What is counted of keys, from facts that a real engine folded and from keys that are there, while time is moved by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { Configuration } from '../../../../src/events/catalogue/configuration.ts';
import { openMemoryLog } from '../../../../src/events/memory-log.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import type { KeySync } from '../../../../src/nodes/dns/key-sync/key-sync.ts';
import { openKeys } from '../../../../src/nodes/dns/keys/keys.ts';
import { createEngine, type Listener } from '../../../../src/nodes/engine.ts';
import { createExposition } from '../../../../src/nodes/metrics/exposition.ts';
import { keyMetrics } from '../../../../src/nodes/metrics/keys.ts';
import { createMetrics } from '../../../../src/nodes/metrics/metrics.ts';
import { initialState } from '../../../../src/projections/state.ts';
import { app, applying, keyImported, oneDomain, order, someone } from '../../../given.ts';

async function running(context: TestContext, configuration: Configuration) {
  const secrets = mkdtempSync(join(tmpdir(), 'opengslb-key-metrics-'));
  const clock = virtualClock(1_000);
  const log = openMemoryLog({ node: 'test' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, () => {});
  engine.start();
  await engine.execute(order(applying(configuration, { force: true })));
  const keys = await openKeys({ engine, clock, secrets, logger: pino({ level: 'silent' }) });
  const metrics = createMetrics({ engine, log, clock, version: '1.2.3', keys });
  listeners.push(metrics.listener, keys.listener);
  context.after(async () => {
    await keys.stop();
    await engine.stop();
    rmSync(secrets, { recursive: true });
  });
  /** The samples of one metric, by what stands in its braces. */
  const samples = async (name: string): Promise<Record<string, number>> => {
    const lines = (await metrics.render()).split('\n').filter((line) => new RegExp(`^opengslb_dnssec_${name}[{ ]`).test(line));
    return Object.fromEntries(lines.map((line) => [/\{(.*)\}/.exec(line)?.[1] ?? '', Number(line.slice(line.lastIndexOf(' ')))]));
  };
  return { engine, clock, keys, samples };
}

test('a node that signs says so, how old its keys are, and how far a rotation is', async (context) => {
  const { clock, keys, samples, engine } = await running(context, oneDomain(['192.0.2.1']));
  const first = engine.state.keys.get(app)?.[0]?.keyTag;
  await clock.moveTo(61_000);
  await keys.rotate(app, someone);
  const second = engine.state.keys.get(app)?.[1]?.keyTag;
  assert.deepEqual(
    [await samples('enabled'), await samples('managed_zones'), await samples('zones_without_key')],
    [{ '': 1 }, { '': 1 }, { '': 0 }],
  );
  assert.deepEqual(await samples('key_age_seconds'), { '': 60 }, 'of the one that signs');
  const of = (keyTag: number | undefined) => `zone="${app}",key_tag="${keyTag}"`;
  assert.deepEqual(await samples('key_age_by_zone_seconds'), { [of(first)]: 60, [of(second)]: 0 });
  assert.deepEqual(await samples('key_stage'), { [`${of(first)},stage="active"`]: 1, [`${of(second)},stage="published"`]: 1 });
  assert.deepEqual(await samples('parent_looks_total'), { 'result="shown"': 0, 'result="waits"': 0, 'result="failed"': 0 });
});

test('a zone that waits for a key is counted, and so is a key that comes', async (context) => {
  const peers = { overwatch: { dnssec: { key_sync: { peers: [{ url: 'https://o.example', fingerprint: 'a'.repeat(64) }] } } } };
  const { engine, samples } = await running(context, oneDomain(['192.0.2.1'], {}, peers));
  assert.deepEqual(
    [await samples('enabled'), await samples('managed_zones'), await samples('zones_without_key')],
    [{ '': 1 }, { '': 0 }, { '': 1 }],
  );
  assert.deepEqual(await samples('key_age_seconds'), { '': 0 });
  const { data } = keyImported(7);
  const { waitSeconds: _none, ...offered } = data;
  await engine.execute(order({ kind: 'importKey', ...offered, signs: true }));
  assert.deepEqual(await samples('keys_imported_total'), { 'peer="overwatch-2"': 1 });
});

test('what came of asking peers is counted, by peer, and so is who was sent away', async () => {
  const exposition = createExposition();
  const peer = (url: string, successes: number, failures: number, lastSuccess: number | null, refusedKeys: number) =>
    ({ url, successes, failures, lastSuccess, refusedKeys }) as ReturnType<KeySync['peers']>[number];
  const peers = [peer('https://b.example', 3, 1, 61_500, 0), peer('https://c.example', 4, 0, null, 2)];
  const keySync = { peers: () => peers, strangers: () => 5 } as unknown as KeySync;
  keyMetrics(exposition, { state: initialState(), clock: virtualClock(0), keys: undefined, keySync });
  const lines = (await exposition.render()).split('\n').filter((line) => /^opengslb_dnssec_key(s_refused|_sync)/.test(line));
  assert.deepEqual(lines, [
    'opengslb_dnssec_key_sync_success_total 7',
    'opengslb_dnssec_key_sync_failures_total{peer="https://b.example"} 1',
    'opengslb_dnssec_key_sync_failures_total{peer="https://c.example"} 0',
    'opengslb_dnssec_key_sync_last_success_timestamp_seconds{peer="https://b.example"} 61.5',
    'opengslb_dnssec_key_sync_last_success_timestamp_seconds{peer="https://c.example"} 0',
    'opengslb_dnssec_keys_refused_total{peer="https://b.example"} 0',
    'opengslb_dnssec_keys_refused_total{peer="https://c.example"} 2',
    'opengslb_dnssec_key_sync_strangers_total 5',
  ]);
});
