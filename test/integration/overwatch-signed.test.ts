/** A whole overwatch signs what it answers without being asked to, and a validator that knows only its keys finds a proof in every reply. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { decode } from 'dns-packet';
import { pino } from 'pino';
import { type Overwatch, startOverwatch } from '../../src/nodes/overwatch/overwatch.ts';
import { type Anchors, validated } from '../dnssec-validator.ts';
import { configurationOf, order, settingOverride, someone } from '../given.ts';
import { query } from '../unit/nodes/dns/demo.ts';

const service = 'app.example.com';
const [a, b] = ['192.0.2.1', '192.0.2.2'] as const;
const withSignatures = { edns: { size: 1232, flags: 0x8000 } };

/** Valid as a file as well: YAML reads JSON. */
const settings = (folder: string, zones: readonly string[]) => ({
  mode: 'overwatch',
  overwatch: { data_dir: join(folder, 'data'), identity: { node_id: 'overwatch-1' }, validation: { enabled: false } },
  dns: {
    listen_address: '127.0.0.1:0',
    zones: zones.map((name) => ({ name, records: [{ name: 'text', type: 'TXT', text: 'hello' }] })),
  },
  regions: [{ name: 'eu', servers: [a, b].map((address) => ({ service, address, port: 80 })) }],
  domains: [{ name: service, regions: ['eu'], answers: 'all' }],
  metrics: { enabled: true, address: '127.0.0.2:0' },
  api: { enabled: true, address: '127.0.0.1:0' },
});

describe('an overwatch that nothing was said to about DNSSEC', () => {
  let folder: string;
  let overwatch: Overwatch;
  const path = () => join(folder, 'overwatch.yaml');
  const write = (zones: readonly string[]) => writeFile(path(), JSON.stringify(settings(folder, zones)), { mode: 0o600 });
  const start = () => {
    const configuration = configurationOf(settings(folder, ['example.com']) as Parameters<typeof configurationOf>[0]);
    return startOverwatch({ path: path(), configuration, version: '1.2.3', logger: pino({ level: 'silent' }) });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-signed-'));
    await write(['example.com']);
    overwatch = await start();
  });
  after(async () => {
    await overwatch.stop('the test is over');
    await rm(folder, { recursive: true });
  });

  const ask = async (name: string, type = 1): Promise<Buffer> => {
    const socket = createSocket('udp4');
    socket.send(query(name, { type, ...withSignatures }), overwatch.dnsPort, '127.0.0.1');
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
    socket.close();
    return reply;
  };
  /** The keys as the log has them: what a parent would vouch for. */
  const anchors = (): Anchors =>
    new Map(
      [...overwatch.engine.state.keys].map(([zone, keys]) => [
        zone,
        keys.map(({ algorithm, keyTag, publicKey }) => ({ algorithm, keyTag, key: Buffer.from(publicKey, 'base64') })),
      ]),
    );
  const verdict = async (name: string, type?: number) => validated(await ask(name, type), anchors(), Date.now());
  const addresses = async () =>
    (decode(await ask(service)).answers ?? []).flatMap((record) => (record.type === 'A' ? [record.data] : [])).sort();
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (const begun = Date.now(); ; await turn()) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(Date.now() - begun < 10_000, `never: ${what}`);
    }
  };
  const whole = async () => ({
    steered: await verdict(service),
    'no such type': await verdict(service, 28),
    'no such name': await verdict('nobody.example.com'),
    text: await verdict('text.example.com', 16),
    apex: await verdict('example.com', 6),
    keys: await verdict('example.com', 48),
  });
  const proven = {
    steered: 'answer',
    'no such type': 'nodata',
    'no such name': 'nxdomain',
    text: 'answer',
    apex: 'answer',
    keys: 'answer',
  };

  test('proves addresses, static records, keys, and that names and types do not exist, from its first moment on', async () => {
    assert.deepEqual(await whole(), proven);
    assert.equal(overwatch.engine.state.keys.get('example.com')?.length, 1);
  });

  test('proves what it answers after an override as well', async () => {
    assert.deepEqual(await addresses(), [a, b]);
    await overwatch.engine.execute(order(settingOverride(a, 'down', { service })));
    assert.deepEqual(await addresses(), [b]);
    assert.deepEqual(await whole(), proven);
  });

  test('makes a key for a zone that a reload brings, and never answers it unsigned', async () => {
    await write(['example.com', 'another.test']);
    const names = ['text.another.test', 'nobody.another.test'];
    const heard = new Set<string>();
    const askBoth = async () => {
      const replies = await Promise.all(names.map((name) => ask(name, 16)));
      const found = replies.map((reply) => {
        const { rcode } = decode(reply) as unknown as { readonly rcode: string };
        return rcode === 'REFUSED' || rcode === 'SERVFAIL' ? rcode : validated(reply, anchors(), Date.now());
      });
      for (const one of found) heard.add(one);
      return found.includes('answer') && found.includes('nxdomain') ? true : undefined;
    };
    await askBoth();
    const reloaded = overwatch.reload({ actor: someone, force: false });
    await until('the new zone is signed', askBoth);
    assert.equal((await reloaded).applied, true);
    assert.deepEqual([...heard].filter((one) => one !== 'SERVFAIL').sort(), ['REFUSED', 'answer', 'nxdomain'], 'all else would be bogus');
    assert.deepEqual(await whole(), proven);
  });

  test('shows the successor of a key as soon as a rotation began, and proves everything on', async () => {
    const rotate = await fetch(`http://127.0.0.1:${overwatch.apiPort}/api/v1/dnssec/rotate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ zone: 'example.com' }),
    });
    assert.equal(rotate.status, 200);
    await until('both keys are shown', async () => {
      const keys = (decode(await ask('example.com', 48)).answers ?? []).filter(({ type }) => type === 'DNSKEY');
      return keys.length === 2 || undefined;
    });
    assert.deepEqual(await whole(), proven);
  });

  test('signs with the same keys after a restart', async () => {
    const tags = () => (overwatch.engine.state.keys.get('example.com') ?? []).map(({ keyTag }) => keyTag);
    const before = tags();
    await overwatch.stop('the test starts it again');
    overwatch = await start();
    assert.deepEqual(tags(), before);
    assert.deepEqual(await whole(), proven);
    const metrics = await (await fetch(`http://127.0.0.2:${overwatch.metricsPort}/metrics`)).text();
    assert.match(metrics, /^opengslb_dnssec_managed_zones 1$/m);
  });
});
