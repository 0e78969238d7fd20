/**
 * A rotation from its start to its end on a real log, with real key files and a real parent that is asked over UDP and
 * TCP: each stage begins when its time has come and not before, and a node that was stopped goes on where it was.
 */
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isRefusal } from '../../../src/commands/command.ts';
import { dsRdata } from '../../../src/nodes/dns/dnssec/dnskey.ts';
import type { SigningKey } from '../../../src/nodes/dns/dnssec/zone-signing.ts';
import { apexOf, dsRecordOf } from '../../../src/nodes/dns/keys/public-records.ts';
import { keysOf } from '../../../src/projections/keys.ts';
import { app, applying, someone } from '../../given.ts';
import { day, hour, type KeyNode, newFolder, runNode, start, until, withDnssec } from './node.ts';
import { type ParentServer, startParentServer } from './parent-server.ts';

const minute = 60_000;
const parentOf = (...servers: readonly ParentServer[]) => [{ zone: 'example.com', servers: servers.map(({ address }) => address) }];
const stage = (node: KeyNode, stages: string) => until(stages, () => node.stages() === stages);
const keyAt = (node: KeyNode, index: number) => {
  const key = keysOf(node.engine.state, app)[index];
  assert(key !== undefined);
  return key;
};

async function rotate(node: KeyNode) {
  const outcome = await node.keys.rotate(app, someone, 'my key');
  assert(!isRefusal(outcome), JSON.stringify(outcome));
}

/** Whether a signature of this key is one that the DNSKEY with this rdata accepts, as a validator would look at it. */
function verifies(key: SigningKey, dnskey: Uint8Array): boolean {
  const point = Buffer.from(dnskey.subarray(4));
  const half = point.length / 2;
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(0, half).toString('base64url'), y: point.subarray(half).toString('base64url') };
  const data = Buffer.from('what is signed');
  return verify('sha256', data, { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, key.sign(data));
}

/** The tags of what a zone shows and signs with. */
function shown({ keys }: KeyNode) {
  const signing = keys.signingOf(app);
  assert(signing !== undefined);
  const { dnskey, dnskeySigners, dataKey, cds, cdnskey } = signing;
  assert.deepEqual(
    dnskey.rdata,
    dnskeySigners.map((key) => key.dnskey),
    'all that is shown signs',
  );
  assert(dnskeySigners.every((key) => verifies(key, key.dnskey)));
  assert.equal(cds === undefined, cdnskey === undefined);
  return {
    dnskey: dnskeySigners.map(({ keyTag }) => keyTag),
    data: dataKey.keyTag,
    cds: cds?.rdata.map((rdata) => Buffer.from(rdata).readUInt16BE(0)),
  };
}

describe('a rotation', () => {
  it('goes from the first key to the second, at the pace of caches and of the parent', async (test) => {
    const folder = newFolder(test);
    const parents = [await startParentServer(test), await startParentServer(test)] as const;
    const node = await runNode(test, { folder, configuration: withDnssec({ parents: parentOf(...parents) }) });
    await stage(node, '1 active');
    const old = keyAt(node, 0);
    const oldDs = dsRecordOf(old, 2);
    for (const parent of parents) parent.records = [oldDs];
    assert.deepEqual(shown(node), { dnskey: [old.keyTag], data: old.keyTag, cds: undefined });

    await rotate(node);
    await stage(node, '1 active, 2 published');
    const next = keyAt(node, 1);
    const newDs = dsRecordOf(next, 2);
    assert.deepEqual(shown(node), { dnskey: [old.keyTag, next.keyTag], data: old.keyTag, cds: undefined });
    await node.pass(hour - 1);
    assert.equal(node.stages(), '1 active, 2 published', 'somebody may still keep the old DNSKEY');

    await node.pass(1);
    await stage(node, '1 active, 2 announced');
    assert.deepEqual(shown(node), { dnskey: [old.keyTag, next.keyTag], data: old.keyTag, cds: [next.keyTag] });
    assert.deepEqual(
      node.keys.signingOf(app)?.cds?.rdata[0],
      dsRdata(apexOf(app), node.keys.signingOf(app)?.dnskeySigners[1] as SigningKey),
    );

    await until('the parent was asked', () => node.keys.lastLook(app)?.verdict === 'waits');
    assert.match(node.keys.lastLook(app)?.found ?? '', new RegExp(`shows the DS of key ${old.keyTag}$`));
    parents[0].records = [oldDs, newDs];
    for (let days = 0; days < 4; days += 1) await node.pass(day);
    await until('it was asked again and again', () => parents[1].asked.udp > 5);
    assert.equal(node.stages(), '1 active, 2 announced', 'one server of the parent is late, and time alone does not pass this stage');

    parents[1].records = [newDs];
    parents[1].ttlSeconds = 7_200;
    while (node.keys.looks.shown === 0) await node.pass(minute);
    assert.equal(node.stages(), '1 active, 2 announced', 'one look is none');
    while (node.stages() === '1 active, 2 announced') await node.pass(minute);
    assert.equal(node.stages(), '1 active, 2 trusted');
    assert.equal(node.keys.looks.shown, 2);
    const { since, until: end } = keyAt(node, 1);
    assert.equal((end as number) - since, 7_200_000, 'the longest TTL that a server of the parent gave');
    assert.deepEqual(shown(node), { dnskey: [old.keyTag, next.keyTag], data: old.keyTag, cds: [next.keyTag] });

    await node.clock.moveTo((end as number) - 1);
    assert.equal(node.stages(), '1 active, 2 trusted', 'somebody may still keep the old DS');
    await node.pass(1);
    await stage(node, '1 retiring, 2 active');
    assert.deepEqual(shown(node), { dnskey: [old.keyTag, next.keyTag], data: next.keyTag, cds: [next.keyTag] });
    assert.equal(existsSync(join(folder, 'secrets', 'dnssec', `${app}+${old.keyTag}`)), true);

    await node.clock.moveTo((keyAt(node, 0).until as number) - 1);
    assert.equal(node.stages(), '1 retiring, 2 active');
    await node.pass(1);
    await stage(node, '2 active');
    assert.deepEqual(shown(node), { dnskey: [next.keyTag], data: next.keyTag, cds: undefined });
    assert.deepEqual(readdirSync(join(folder, 'secrets', 'dnssec')), [`${app}+${next.keyTag}`], 'the old private key is gone');
    assert.deepEqual(new Set(node.changed), new Set([app]), 'each stage was told to whoever signs');
    assert.equal(node.changed.length, 5);
  });

  it('goes on after each stop where it was, and what fell due meanwhile is done at once', async (test) => {
    const folder = newFolder(test);
    let node = await runNode(test, { folder });
    await rotate(node);
    const tags = keysOf(node.engine.state, app).map(({ keyTag }) => keyTag);
    const restart = async (later: number) => {
      const at = node.clock.now() + later;
      await node.stop();
      node = await runNode(test, { folder, at, configuration: withDnssec({ parents: [{ zone: 'com', servers: ['127.0.0.1:9'] }] }) });
      node.stages();
      assert.deepEqual(
        keysOf(node.engine.state, app).map(({ keyTag }) => keyTag),
        tags,
      );
    };
    await restart(minute);
    assert.equal(node.stages(), '1 active, 2 published', 'a restart is no reason to go on');
    await restart(hour);
    await stage(node, '1 active, 2 announced');
    await restart(30 * day);
    await until('the parent was asked', () => node.keys.lastLook(app) !== undefined);
    assert.equal(node.keys.lastLook(app)?.verdict, 'failed', 'nobody answers there');
    assert.equal(node.stages(), '1 active, 2 announced');
    await node.give({ kind: 'confirmDs', zone: app, keyTag: null, dsTtlSeconds: 60, evidence: 'kim says so' });
    await restart(59_000);
    assert.equal(node.stages(), '1 active, 2 trusted');
    await restart(1_000);
    await stage(node, '1 retiring, 2 active');
    await restart(hour);
    await stage(node, '2 active');
  });

  it('waits from when clients are answered with a stage, and not before they are', async (test) => {
    let shownAt: number | undefined;
    const shownSince = (_zone: string, factAt: number) => (shownAt === undefined ? undefined : Math.max(shownAt, factAt));
    const node = await runNode(test, { folder: newFolder(test), shownSince });
    await rotate(node);
    await stage(node, '1 active, 2 published');
    await node.pass(2 * hour);
    assert.equal(node.stages(), '1 active, 2 published', 'resolvers still hear of the old key alone');
    shownAt = node.clock.now();
    await node.pass(hour - 1);
    assert.equal(node.stages(), '1 active, 2 published', 'one that asked just before may still keep it');
    await node.pass(1_000);
    await stage(node, '1 active, 2 announced');
  });

  it('waits for the DS of before, where the parent gave it a longer TTL than the new one', async (test) => {
    const parent = await startParentServer(test);
    const node = await runNode(test, { folder: newFolder(test), configuration: withDnssec({ parents: parentOf(parent) }) });
    parent.records = [dsRecordOf(keyAt(node, 0), 2)];
    parent.ttlSeconds = 86_400;
    await rotate(node);
    await node.pass(hour);
    await until('the parent was asked', () => node.keys.lastLook(app)?.verdict === 'waits');
    parent.records = [dsRecordOf(keyAt(node, 1), 2)];
    parent.ttlSeconds = 60;
    while (node.stages() === '1 active, 2 announced') await node.pass(minute);
    const { since, until: end } = keyAt(node, 1);
    assert.deepEqual([node.stages(), (end as number) - since], ['1 active, 2 trusted', 86_400_000]);
  });

  it('waits for the TTL that DNSKEY had before a reload, and has the new one in its records', async (test) => {
    const node = await runNode(test, { folder: newFolder(test) });
    await stage(node, '1 active');
    await node.give(applying(withDnssec({ dnskey_ttl: '5s' }), { force: true }));
    assert.equal(node.keys.signingOf(app)?.dnskey.ttlSeconds, 5);
    await rotate(node);
    await node.pass(hour);
    assert.equal(node.stages(), '1 active, 2 published', 'an hour, and a minute in which the new TTL is laid out');
    await node.pass(minute);
    await stage(node, '1 active, 2 announced');
    assert.deepEqual([node.keys.signingOf(app)?.dnskey.ttlSeconds, node.keys.signingOf(app)?.cds?.ttlSeconds], [5, 5]);
  });

  it('is begun once under one request key, and another one waits for its end', async (test) => {
    const folder = newFolder(test);
    const node = await runNode(test, { folder });
    await rotate(node);
    const again = await node.keys.rotate(app, someone, 'my key');
    assert('repeated' in again && again.repeated);
    const other = await node.keys.rotate(app, someone, 'another key');
    assert('refused' in other && other.refused === 'rotation-in-progress');
    assert.equal(readdirSync(join(folder, 'secrets', 'dnssec')).length, 2, 'no key lies there that nobody needs');
    await node.give({ kind: 'abortRotation', zone: app, reason: 'a mistake', force: false });
    await until('its file is gone', () => readdirSync(join(folder, 'secrets', 'dnssec')).length === 1);
    assert.equal(node.stages(), '1 active');
  });

  it('begins by itself where the configuration says how often', async (test) => {
    const node = await runNode(test, { folder: newFolder(test), configuration: withDnssec({ rotate_every: '30d' }) });
    await stage(node, '1 active');
    await node.pass(30 * day - 1);
    assert.equal(node.stages(), '1 active');
    await node.pass(1);
    await stage(node, '1 active, 2 published');
    const events = [];
    for await (const batch of node.log.read({ from: 1 })) events.push(...batch.events);
    const made = events.filter(({ type }) => type === 'key.generated').map(({ at, actor }) => [at, actor?.kind]);
    assert.deepEqual(made, [
      [start, 'system'],
      [start + 30 * day, 'system'],
    ]);
  });
});
