/** Overwatches that share their keys, over real TLS on loopback: what goes from one to the other, and when a rotation goes on. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isRefusal } from '../../../src/commands/command.ts';
import type { KeyPeer } from '../../../src/events/catalogue/configuration.ts';
import { keysOf } from '../../../src/projections/keys.ts';
import { app, someone } from '../../given.ts';
import { day, hour, newFolder, until } from './node.ts';
import { identityIn, runSyncNode, type SyncNode } from './sync-node.ts';

const minute = 60_000;
const tagsOf = (node: SyncNode) => keysOf(node.engine.state, app).map(({ keyTag }) => keyTag);
const stagesOf = (node: SyncNode) =>
  keysOf(node.engine.state, app)
    .map(({ keyTag, stage }) => `${keyTag} ${stage}`)
    .join(', ');
const filesOf = (node: SyncNode) => readdirSync(join(node.folder, 'secrets', 'dnssec')).sort();
const signsWith = (node: SyncNode) => node.keys.signingOf(app)?.dataKey.keyTag;
const refusedAt = (node: SyncNode) => node.sync.peers().map(({ refusedKeys }) => refusedKeys);

async function rotate(node: SyncNode): Promise<number> {
  const outcome = await node.keys.rotate(app, someone);
  assert(!isRefusal(outcome), JSON.stringify(outcome));
  return tagsOf(node).at(-1) as number;
}

/** What the log says of refused keys, as soon as it says so: what was observed is synced a little later. */
async function refusals(node: SyncNode) {
  for (let times = 0; times < 100; times += 1) {
    const facts = [];
    for await (const { events } of node.log.read()) for (const event of events) if (event.type === 'key.refused') facts.push(event.data);
    if (facts.length > 0) return facts;
    await node.pass(50);
  }
  return [];
}

/** How others name a node that has not started yet, and is to be asked by nobody. */
function fresh(folder: string, name: string): KeyPeer {
  return { url: 'https://127.0.0.1:9', fingerprint: identityIn(folder, name).certificate.fingerprint };
}

/** One that has a key, and one that got it from the first. */
async function pair(test: TestContext): Promise<readonly [SyncNode, SyncNode]> {
  const one = await runSyncNode(test, { name: 'one' });
  const folder = newFolder(test);
  await one.knows(fresh(folder, 'two'));
  const two = await runSyncNode(test, { name: 'two', folder, peers: [one.peer] });
  await one.knows(two.peer);
  return [one, two];
}

/** Lets the same time pass at all of them, who ask each other in between. */
async function pass(ms: number, ...nodes: readonly SyncNode[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10 * minute) {
    for (const node of nodes) await node.pass(Math.min(10 * minute, ms - passed));
    for (const node of nodes) await node.sync.syncNow();
  }
}

async function reach(stages: string, node: SyncNode): Promise<void> {
  await until(`${stages}, not ${stagesOf(node)}`, () => stagesOf(node) === stages);
}

describe('keys go from one overwatch to another', () => {
  it('to one that starts afresh, before it answers anything, and no private part is anywhere but in its file', async (test) => {
    const [one, two] = await pair(test);
    assert.deepEqual([tagsOf(two), signsWith(two)], [tagsOf(one), signsWith(one)]);
    assert.deepEqual(two.keys.waiting(), []);
    assert.deepEqual(filesOf(two), filesOf(one));
    const [name] = filesOf(one) as [string];
    const files = [one, two].map((node) => join(node.folder, 'secrets', 'dnssec', name));
    const [der, copied] = files.map((file) => readFileSync(file, 'utf8'));
    assert.equal(copied, der);
    assert.equal(statSync(files[1] as string).mode & 0o777, 0o600);
    const number = Buffer.from((der as string).replace(/-----[^-]+-----|\s/g, ''), 'base64').subarray(36, 68);
    const said = [one, two].flatMap((node) => node.logged).join('\n');
    for (const text of [number.toString('hex'), number.toString('base64').slice(0, 40), (der as string).split('\n')[1] as string]) {
      assert(!said.includes(text), 'the private key was logged');
    }
    assert.match(said, /private keys were given to a peer/);
    const imported = keysOf(two.engine.state, app)[0];
    assert.deepEqual([imported?.from, imported?.stage], [one.peer.url, 'active']);
  });

  it('once: who has a key is not given it again', async (test) => {
    const [one, two] = await pair(test);
    const given = () => one.logged.filter((line) => line.includes('private keys were given')).length;
    assert.equal(given(), 1);
    assert.deepEqual(await two.sync.syncNow(), { asked: 1, taken: 0, failures: [] });
    assert.equal(given(), 1);
    assert.deepEqual(
      two.sync.peers().map(({ successes, failures, lastError }) => [successes, failures, lastError]),
      [[2, 0, null]],
    );
  });

  it('on their own, when it is time, and sooner after a failure', async (test) => {
    const [one, two] = await pair(test);
    two.sync.begin();
    await two.pass(1);
    const successes = () => two.sync.peers()[0]?.successes as number;
    await until('it asks at once', () => successes() === 2);
    const second = await rotate(one);
    await until('it is at rest', () => two.engine.waiting.orders === 0);
    await new Promise((resolve) => setImmediate(resolve));
    await two.pass(10 * minute - 1);
    assert.equal(successes(), 2, 'not before its time');
    await two.pass(1);
    await until('the new key came', () => tagsOf(two).includes(second));
    await until('it is asked', () => successes() === 3);
    await one.stop();
    const failures = () => two.sync.peers()[0]?.failures as number;
    await new Promise((resolve) => setImmediate(resolve));
    await two.pass(10 * minute);
    await until('nobody answers', () => failures() === 1);
    for (let expected = 2; expected <= 4; expected += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      await two.pass(1_000 * 2 ** (expected - 2));
      await until(`attempt ${expected}`, () => failures() === expected);
    }
    assert.match(two.sync.peers()[0]?.lastError ?? '', /^it cannot be asked: .*ECONNREFUSED/);
    assert.equal(signsWith(two), tagsOf(two)[0], 'it signs as before');
    assert.equal(two.logged.filter((line) => line.includes('could not be fetched')).length, 1, 'the same again is no news');
  });
});

describe('a rotation', () => {
  it('goes through all its stages at both, each step only when the other is ready for it', async (test) => {
    const [one, two] = await pair(test);
    const [first] = tagsOf(one) as [number];
    const second = await rotate(one);
    await one.pass(2 * hour);
    assert.match(one.keys.heldUpBy(app) ?? '', /has not answered yet$/);
    await one.sync.syncNow();
    assert.match(one.keys.heldUpBy(app) ?? '', new RegExp(`does not show key ${second} yet$`));
    assert.equal(stagesOf(one), `${first} active, ${second} published`, 'time alone is not enough');

    await two.sync.syncNow();
    assert.equal(stagesOf(two), `${first} active, ${second} published`);
    await one.sync.syncNow();
    assert.match(one.keys.heldUpBy(app) ?? '', /answered with the keys without key \d+, which caches may hold for another 1h10m5s$/);
    await pass(hour + 30 * minute, one, two);
    await pass(10 * minute, one, two);
    await reach(`${first} active, ${second} announced`, one);
    await reach(`${first} active, ${second} announced`, two);

    await one.give({ kind: 'confirmDs', zone: app, keyTag: null, dsTtlSeconds: 3_600, evidence: 'kim says so' });
    await two.sync.syncNow();
    await reach(`${first} active, ${second} trusted`, two);
    await pass(2 * hour, one, two);
    await reach(`${first} retiring, ${second} active`, one);
    await reach(`${first} retiring, ${second} active`, two);
    await pass(3 * hour, one, two);
    await reach(`${second} active`, one);
    await reach(`${second} active`, two);
    assert.deepEqual([filesOf(one), filesOf(two)], [[`${app}+${second}`], [`${app}+${second}`]]);
    assert.deepEqual([refusedAt(one), refusedAt(two)], [[0], [0]]);
  });

  it('does not remove the old key while a peer signs with it', async (test) => {
    const [one, two] = await pair(test);
    const [first] = tagsOf(one) as [number];
    const second = await rotate(one);
    await pass(3 * hour, two, one);
    await reach(`${first} active, ${second} announced`, one);
    await one.give({ kind: 'confirmDs', zone: app, keyTag: null, dsTtlSeconds: 0, evidence: 'kim says so' });
    await one.pass(hour);
    await reach(`${first} retiring, ${second} active`, one);
    await one.pass(30 * day);
    await one.sync.syncNow();
    assert.match(one.keys.heldUpBy(app) ?? '', new RegExp(`does not sign with key ${second} yet$`));
    assert.equal(stagesOf(one), `${first} retiring, ${second} active`);
    await pass(6 * hour, two, one);
    await reach(`${second} active`, one);
    assert.equal(signsWith(two), second);
  });

  it('is joined by one that starts afresh while the old key is still shown', async (test) => {
    const one = await runSyncNode(test, { name: 'one' });
    const [first] = tagsOf(one) as [number];
    const second = await rotate(one);
    await one.pass(2 * hour);
    await one.give({ kind: 'confirmDs', zone: app, keyTag: null, dsTtlSeconds: 0, evidence: 'kim says so' });
    await one.pass(1);
    await reach(`${first} retiring, ${second} active`, one);
    const folder = newFolder(test);
    await one.knows(fresh(folder, 'three'));
    const three = await runSyncNode(test, { name: 'three', folder, peers: [one.peer], at: one.clock.now() });
    assert.equal(stagesOf(three), `${first} retiring, ${second} active`);
    assert.equal(signsWith(three), second);
    assert.deepEqual(filesOf(three), filesOf(one));
    await three.pass(3 * hour);
    await three.sync.syncNow();
    await three.pass(minute);
    assert.match(
      three.keys.heldUpBy(app) ?? '',
      new RegExp(`answered with what key ${first} signed, which caches may hold for another 1h$`),
    );
    await one.pass(hour);
    await three.sync.syncNow();
    await three.pass(minute);
    await reach(`${second} active`, three);
  });

  it('that went by while a node was away is made up for at once', async (test) => {
    const [one, two] = await pair(test);
    const [first] = tagsOf(one) as [number];
    const { folder } = two;
    await two.stop();
    await one.knows();
    const second = await rotate(one);
    await one.pass(hour);
    await until('announced', () => stagesOf(one).includes('announced'));
    await one.give({ kind: 'confirmDs', zone: app, keyTag: null, dsTtlSeconds: 0, evidence: 'kim says so' });
    await one.pass(1);
    await until('active', () => stagesOf(one).includes('retiring'));
    await one.pass(3 * hour);
    await reach(`${second} active`, one);
    await one.knows(two.peer);
    const back = await runSyncNode(test, { name: 'two', folder, peers: [one.peer], at: one.clock.now() });
    assert.equal(signsWith(back), first);
    await back.sync.syncNow();
    assert.equal(stagesOf(back), `${first} retiring, ${second} active`);
    assert.equal(signsWith(back), second);
    // Who is behind is no alarm to the one that is ahead.
    await one.sync.syncNow();
    assert.deepEqual(refusedAt(one), [0]);
  });

  it('begun at both is that of the newer key', async (test) => {
    const [one, two] = await pair(test);
    const older = await rotate(one);
    await two.pass(minute);
    const newer = await rotate(two);
    await one.pass(minute);
    await Promise.all([one.sync.syncNow(), two.sync.syncNow()]);
    const [first] = tagsOf(one) as [number];
    assert.deepEqual([stagesOf(one), stagesOf(two)], [`${first} active, ${newer} published`, `${first} active, ${newer} published`]);
    assert(!filesOf(one).includes(`${app}+${older}`), 'the file of the older one is gone');
  });
});

describe('a key that has nothing to do with the one here', () => {
  it('is refused, told once as a fact, and counted each time; neither node signs otherwise', async (test) => {
    const one = await runSyncNode(test, { name: 'one' });
    const two = await runSyncNode(test, { name: 'two', at: one.clock.now() + day });
    await one.knows(two.peer);
    await two.knows(one.peer);
    const [own] = tagsOf(one) as [number];
    const [other] = tagsOf(two) as [number];
    for (let times = 0; times < 3; times += 1) assert.deepEqual(await one.sync.syncNow(), { asked: 1, taken: 0, failures: [] });
    assert.deepEqual([stagesOf(one), signsWith(one), refusedAt(one)], [`${own} active`, own, [3]], 'however new it is');
    const facts = await refusals(one);
    assert.deepEqual(
      facts.map(({ reason: _its, ...data }) => data),
      [{ zone: app, keyTag: other, from: two.peer.url }],
    );
    assert.match(facts[0]?.reason ?? '', /is no successor of key/);
    assert.deepEqual(filesOf(one), [`${app}+${own}`]);
    assert.equal(two.logged.filter((line) => line.includes('were given')).length, 0, 'it was not even asked for');
  });
});
