/** Gossip keys over the API, with a real member of a gossip behind it. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { EventOf } from '../../src/events/event.ts';
import type { GossipKeyView } from '../../src/nodes/gossip/gossip.ts';
import { a, oneDomain, unchecked } from '../given.ts';
import { makeKey, startTestMember } from '../gossip-members.ts';
import { assertError, type RunningApi, runApi } from './running-api.ts';

interface Changed {
  readonly keys: readonly GossipKeyView[];
  readonly fingerprint: string;
  readonly changed: boolean;
}

async function run(t: TestContext): Promise<{ api: RunningApi; key: string }> {
  const key = makeKey();
  const { gossip } = await startTestMember({ key, name: 'ow-1', thread: false });
  t.after(() => gossip.close());
  const agents = { gossip, isConnected: () => false };
  return { key, api: await runApi(t, { configuration: oneDomain([a], {}, unchecked), agents }) };
}

async function rotations({ log }: RunningApi): Promise<readonly EventOf<'gossip_key.rotated'>[]> {
  const found: EventOf<'gossip_key.rotated'>[] = [];
  for await (const { events } of log.read()) for (const event of events) if (event.type === 'gossip_key.rotated') found.push(event);
  return found;
}

it('makes a key, of which nothing is kept', async (t) => {
  const { api } = await run(t);
  const { status, body } = await api.ask<{ key: string; algorithm: string; bits: number }>('POST', '/gossip/generate-key');
  assert.deepEqual([status, body.algorithm, body.bits, Buffer.from(body.key, 'base64').length], [200, 'AES-256-GCM', 256, 32]);
  const other = await api.ask<{ key: string }>('POST', '/gossip/generate-key');
  assert.notEqual(other.body.key, body.key);
  assert.deepEqual(await rotations(api), []);
});

it('installs, uses and removes keys, and the log says so by fingerprints', async (t) => {
  const { api, key } = await run(t);
  const next = makeKey();
  const change = async (action: string, of: string) => (await api.ask<Changed>('POST', '/gossip/keys', { body: { action, key: of } })).body;

  const installed = await change('install', next);
  const [old, fresh] = installed.keys.map(({ fingerprint }) => fingerprint);
  assert.deepEqual([installed.fingerprint, installed.changed, installed.keys.map(({ primary }) => primary)], [fresh, true, [true, false]]);
  assert.equal((await change('install', next)).changed, false);
  await change('use', next);
  const removed = await change('remove', key);
  assert.deepEqual(removed.keys, [{ fingerprint: fresh, primary: true }]);
  assert.deepEqual((await api.ask<Changed>('GET', '/gossip/keys')).body.keys, removed.keys);

  const events = await rotations(api);
  assert.deepEqual(
    events.map(({ data, actor }) => [data, actor?.kind]),
    [
      [{ action: 'installed', fingerprint: fresh, keys: [old, fresh] }, 'human'],
      [{ action: 'used', fingerprint: fresh, keys: [fresh, old] }, 'human'],
      [{ action: 'removed', fingerprint: old, keys: [fresh] }, 'human'],
    ],
  );
  const said = JSON.stringify(events) + api.logged.join();
  assert.ok(!said.includes(key) && !said.includes(next), 'no key is told');
});

it('refuses what is no key, and what would leave others deaf', async (t) => {
  const { api, key } = await run(t);
  const refused = async (action: string, of: string) => {
    const answer = await api.ask('POST', '/gossip/keys', { body: { action, key: of } });
    const body = answer.body as { error: string; remedy: string };
    assertError(answer, 409, 'gossip-key-refused', body.error, body.remedy);
    return body;
  };
  assert.match((await refused('install', 'abc')).remedy, /opengslb gossip-key generate/);
  assert.match((await refused('use', makeKey())).remedy, /install it on every member first/);
  assert.match((await refused('remove', key)).remedy, /use another one before you remove it/);
  assert.deepEqual(await rotations(api), []);
});

it('says that gossip is off where it is', async (t) => {
  const api = await runApi(t, { configuration: oneDomain([a], {}, unchecked) });
  const [error, remedy] = ['gossip is off at this node', 'set overwatch.gossip.encryption_key, and start it again'];
  const body = { action: 'install', key: makeKey() };
  assertError(await api.ask('GET', '/gossip/keys'), 503, 'not-available', error, remedy);
  assertError(await api.ask('POST', '/gossip/keys', { body }), 503, 'not-available', error, remedy);
});
