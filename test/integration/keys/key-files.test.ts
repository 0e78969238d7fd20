/** Private keys on a real disk: made once, found again, never replaced in silence, and nowhere else than in their files. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SecretsError } from '../../../src/nodes/configuration/secrets-folder.ts';
import { openKeyFiles } from '../../../src/nodes/dns/keys/key-files.ts';
import { exportLines } from '../../../src/nodes/log-files/export.ts';
import { keysOf } from '../../../src/projections/keys.ts';
import { app, oneDomain, someone } from '../../given.ts';
import { hour, type KeyNode, newFolder, runNode, start, until, withDnssec } from './node.ts';

const placeOf = (folder: string) => join(folder, 'secrets', 'dnssec');
const only = (folder: string) => {
  const [name, ...others] = readdirSync(placeOf(folder));
  assert(name !== undefined && others.length === 0);
  return join(placeOf(folder), name);
};
const modeOf = (path: string) => statSync(path).mode & 0o777;
const tagOf = (node: KeyNode) => keysOf(node.engine.state, app)[0]?.keyTag;

/** A folder in which a node made its first key. */
async function withKey(test: TestContext): Promise<{ readonly folder: string; readonly keyTag: number }> {
  const folder = newFolder(test);
  const node = await runNode(test, { folder });
  const keyTag = tagOf(node);
  assert(keyTag !== undefined);
  await node.stop();
  return { folder, keyTag };
}

describe('the first key', () => {
  it('is made for this user alone, is on the disk before its fact, and is used after a restart', async (test) => {
    const { folder, keyTag } = await withKey(test);
    assert.equal(only(folder), join(placeOf(folder), `${app}+${keyTag}`));
    assert.deepEqual([modeOf(placeOf(folder)), modeOf(only(folder))], [0o700, 0o600]);
    const again = await runNode(test, { folder, at: start + hour });
    assert.equal(again.keys.signingOf(app)?.dataKey.keyTag, keyTag);
    assert.equal(keysOf(again.engine.state, app).length, 1);
  });

  for (const [algorithm, bytes] of [
    ['ECDSAP256SHA256', 64],
    ['ECDSAP384SHA384', 96],
  ] as const) {
    it(`is of the algorithm that the configuration names, and so is its successor: ${algorithm}`, async (test) => {
      const node = await runNode(test, { folder: newFolder(test), configuration: withDnssec({ algorithm }) });
      await node.keys.rotate(app, someone);
      const points = keysOf(node.engine.state, app).map(({ publicKey }) => Buffer.from(publicKey, 'base64').length);
      assert.deepEqual(points, [bytes, bytes]);
      assert.equal(node.keys.signingOf(app)?.dataKey.sign(Buffer.from('data')).length, bytes);
    });
  }

  it('is not made where keys are shared, but by the one that may', async (test) => {
    const peers = { key_sync: { peers: [{ url: 'https://overwatch-2.example', fingerprint: 'a'.repeat(64) }] } };
    const waiting = await runNode(test, { folder: newFolder(test), configuration: withDnssec(peers) });
    assert.deepEqual([waiting.keys.waiting(), waiting.keys.signingOf(app)], [[app], undefined]);
    const first = await runNode(test, { folder: newFolder(test), configuration: withDnssec({ ...peers, bootstrap: true }) });
    assert.deepEqual([first.keys.waiting(), first.keys.signingOf(app) !== undefined], [[], true]);
  });

  it('is made for a zone that a reload adds, and none is for zones that are not to be signed', async (test) => {
    const node = await runNode(test, { folder: newFolder(test) });
    const two = { ...oneDomain(['192.0.2.1'], {}, { dns: { zones: [app, 'other.example'] } }) };
    await node.give({ kind: 'applyConfiguration', configuration: two, force: true });
    await until('it has one', () => node.keys.signingOf('other.example') !== undefined);
    const acknowledged =
      'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';
    const off = await runNode(test, {
      folder: newFolder(test),
      configuration: withDnssec({ enabled: false, security_acknowledgment: acknowledged }),
    });
    assert.deepEqual([off.engine.state.keys.size, off.keys.signingOf(app)], [0, undefined]);
  });
});

describe('a key that is not as it was stops the start:', () => {
  const faults: Readonly<Record<string, readonly [(path: string, folder: string) => void, code: string, remedy: RegExp]>> = {
    'it is gone': [
      (path) => rmSync(path),
      'secrets-damaged',
      /^restore it from a backup of secrets\/dnssec, .* take the DS of app\.example\.com out/,
    ],
    'it holds no key': [(path) => writeFileSync(path, 'no key'), 'secrets-damaged', /^restore it/],
    'it is empty': [(path) => writeFileSync(path, ''), 'secrets-damaged', /^restore it/],
    'it is much too long': [(path) => writeFileSync(path, 'x'.repeat(5_000)), 'secrets-damaged', /^restore it/],
    'it is another key': [
      (path, folder) => {
        const files = openKeyFiles(join(folder, 'other'));
        copyFileSync(join(folder, 'other', 'dnssec', `x.example+${files.make(['x.example'], 13)[0]?.keyTag}`), path);
      },
      'secrets-damaged',
      /^restore it/,
    ],
    'others may read it': [(path) => chmodSync(path, 0o640), 'secrets-exposed', /^chmod 600 /],
    'others may enter its folder': [(path) => chmodSync(join(path, '..'), 0o755), 'secrets-exposed', /^chmod 700 /],
    'it is a link': [
      (path) => {
        renameSync(path, `${path}.away`);
        symlinkSync(`${path}.away`, path);
      },
      'secrets-unavailable',
      /./,
    ],
  };
  for (const [name, [fault, code, remedy]] of Object.entries(faults)) {
    it(name, async (test) => {
      const { folder } = await withKey(test);
      fault(only(folder), folder);
      const before = readdirSync(placeOf(folder));
      await assert.rejects(runNode(test, { folder, at: start + hour }), (error) => {
        assert(error instanceof SecretsError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.remedy, remedy);
        assert.match(error.message, /secrets\/dnssec/);
        return true;
      });
      assert.deepEqual(readdirSync(placeOf(folder)), before, 'no other key was made in its place');
    });
  }
});

it('what a crash left half made is removed, and is no key', async (test) => {
  const { folder, keyTag } = await withKey(test);
  writeFileSync(join(placeOf(folder), `${app}+7.new`), 'half');
  const node = await runNode(test, { folder, at: start + hour });
  assert.deepEqual([tagOf(node), readdirSync(placeOf(folder))], [keyTag, [`${app}+${keyTag}`]]);
});

describe('a key that the log does not know', () => {
  it('signs where the log was lost: its DS may be at the parent', async (test) => {
    const { folder, keyTag } = await withKey(test);
    const node = await runNode(test, { folder, at: start + hour, logName: 'new-log' });
    assert.equal(node.keys.signingOf(app)?.dataKey.keyTag, keyTag);
    assert.equal(keysOf(node.engine.state, app)[0]?.from, 'file');
  });

  it('is not chosen among several', async (test) => {
    const { folder } = await withKey(test);
    openKeyFiles(join(folder, 'secrets')).make([app], 13);
    await assert.rejects(runNode(test, { folder, at: start + hour, logName: 'new-log' }), /several lie in secrets\/dnssec/);
  });

  it('is left alone beside one that it knows', async (test) => {
    const { folder, keyTag } = await withKey(test);
    const [stray] = openKeyFiles(join(folder, 'secrets')).make([app], 13);
    const node = await runNode(test, { folder, at: start + hour });
    assert.equal(node.keys.signingOf(app)?.dataKey.keyTag, keyTag);
    assert(existsSync(join(placeOf(folder), `${app}+${stray?.keyTag}`)));
  });
});

it('a zone that goes keeps its key until an operator forgets it, and one that comes back signs with it', async (test) => {
  const folder = newFolder(test);
  const node = await runNode(test, { folder });
  const keyTag = tagOf(node);
  const away = oneDomain(['192.0.2.1'], {}, { dns: { zones: ['example.com'] } });
  await node.give({ kind: 'applyConfiguration', configuration: away, force: true });
  assert.equal(node.keys.signingOf(app), undefined);
  await node.give({ kind: 'applyConfiguration', configuration: withDnssec(), force: true });
  assert.equal(node.keys.signingOf(app)?.dataKey.keyTag, keyTag);
  await node.give({ kind: 'applyConfiguration', configuration: away, force: true });
  await node.give({ kind: 'removeZoneKeys', zone: app, reason: 'sold' });
  assert.equal(existsSync(join(placeOf(folder), `${app}+${keyTag}`)), false);
  assert.equal(node.engine.state.keys.has(app), false);
});

describe('private keys', () => {
  it('are in no event, no file of the log, no line and no export', async (test) => {
    const folder = newFolder(test);
    const node = await runNode(test, { folder });
    await node.keys.rotate(app, someone);
    const files = readdirSync(placeOf(folder)).map((name) => readFileSync(join(placeOf(folder), name), 'utf8'));
    assert.equal(files.length, 2);
    await node.engine.stop();
    const exported: string[] = [];
    for await (const lines of exportLines(node.log, {})) exported.push(...lines);
    const stored = readdirSync(join(folder, 'log')).map((name) => readFileSync(join(folder, 'log', name)).toString('latin1'));
    const places = { exported: exported.join('\n'), logged: node.logged.join('\n'), stored: stored.join('\n') };
    assert.match(places.exported, /key\.generated/);
    assert.match(places.logged, /keys were made for zones/);
    for (const [place, text] of Object.entries(places)) {
      for (const secret of files.flatMap(secretsIn)) assert(!text.includes(secret), `${place} holds a private key`);
    }
  });
});

/** The number that is the secret, in every form in which it could slip out: of the PEM, base64 and hexadecimal, and as bytes. */
function secretsIn(pem: string): readonly string[] {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  // PKCS#8 of P-256: the number has 32 bytes behind 36 that are the same for every key.
  const number = der.subarray(36, 68);
  return [
    ...pem.split('\n').filter((line) => line.length > 40),
    ...[number.toString('hex'), number.toString('base64'), number.toString('base64url'), number.toString('latin1')],
    der.toString('base64'),
  ];
}
