import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { follows } from '../../../../src/nodes/identity/handshake-of-agent.ts';
import { IdentityError, type IdentityErrorCode } from '../../../../src/nodes/identity/identity-error.ts';
import { openIdentity, type Place, rotateIdentity } from '../../../../src/nodes/identity/own-certificate.ts';

const now = Date.UTC(2027, 0, 31);
let folder = '';
let place: Place;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opengslb-identity-'));
  const [certPath, keyPath] = [join(folder, 'own', 'agent.crt'), join(folder, 'own', 'agent.key')];
  place = { role: 'agent', id: 'web-1', certPath, keyPath };
});
afterEach(() => rmSync(folder, { recursive: true }));

const refusal = (code: IdentityErrorCode, mentions: RegExp) => (error: unknown) => {
  assert.ok(error instanceof IdentityError, String(error));
  assert.equal(error.code, code);
  assert.match(`${error.message}: ${error.remedy}`, mentions);
  return true;
};
const files = () => readdirSync(join(folder, 'own')).sort();
const kept = (name: string) => join(folder, name);

describe('a node without files', () => {
  it('gets both, with the right modes, and is the same at its next start', () => {
    const made = openIdentity(place, now);
    assert.deepEqual(files(), ['agent.crt', 'agent.key']);
    assert.deepEqual(
      [place.certPath, place.keyPath, join(folder, 'own')].map((path) => statSync(path).mode & 0o777),
      [0o644, 0o600, 0o700],
    );
    assert.match(readFileSync(place.keyPath, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/);
    const again = openIdentity(place, now + 1_000_000);
    assert.equal(again.certificate.fingerprint, made.certificate.fingerprint);
    assert.ok(again.certificate.privateKey.equals(made.certificate.privateKey));
    assert.equal(again.rotation, null);
  });
});

describe('a node with one file, or damaged ones', () => {
  beforeEach(() => void openIdentity(place, now));

  it('gets a certificate for a key that has none', () => {
    const key = readFileSync(place.keyPath, 'utf8');
    rmSync(place.certPath);
    openIdentity(place, now);
    assert.equal(readFileSync(place.keyPath, 'utf8'), key);
    assert.ok(existsSync(place.certPath));
  });
  it('does not start without its key, nor with a key that is none', () => {
    writeFileSync(place.keyPath, 'no key');
    assert.throws(() => openIdentity(place, now), refusal('identity-damaged', /agent\.key holds no P-256 private key: restore it/));
    rmSync(place.keyPath);
    assert.throws(() => openIdentity(place, now), refusal('identity-damaged', /agent\.crt is there, but not its private key.*restore/));
  });
  it('does not start with the certificate of another key', () => {
    openIdentity({ ...place, certPath: kept('other.crt'), keyPath: kept('other.key') }, now);
    copyFileSync(kept('other.crt'), place.certPath);
    assert.throws(() => openIdentity(place, now), refusal('identity-damaged', /agent\.crt is not the certificate of the key in/));
    writeFileSync(place.certPath, '');
    assert.throws(() => openIdentity(place, now), refusal('identity-damaged', /agent\.crt is not the certificate of the key in/));
  });
  it('does not start under another name', () => {
    assert.throws(() => openIdentity({ ...place, id: 'web-2' }, now), refusal('identity-damaged', /opengslb-agent-web-1, not of web-2/));
    assert.throws(() => openIdentity({ ...place, role: 'overwatch' }, now), refusal('identity-damaged', /opengslb-agent-web-1/));
  });
  it('does not start with a key that others may read', () => {
    chmodSync(place.keyPath, 0o640);
    assert.throws(() => openIdentity(place, now), refusal('identity-exposed', /\(mode 640\): chmod 600 /));
  });
  it('says where files cannot be', () => {
    const inAFile = join(place.keyPath, 'agent.key');
    assert.throws(() => openIdentity({ ...place, keyPath: inAFile }, now), refusal('identity-unavailable', /let this user read and write/));
  });
});

describe('a rotation', () => {
  it('makes a new pair that the old key vouches for, now and after a restart', () => {
    const before = openIdentity(place, now);
    const rotated = rotateIdentity(place, before, now + 1);
    assert.notEqual(rotated.certificate.fingerprint, before.certificate.fingerprint);
    for (const { certificate, rotation } of [rotated, openIdentity(place, now + 2)]) {
      assert.equal(certificate.fingerprint, rotated.certificate.fingerprint);
      assert.ok(follows(certificate, rotation, before.certificate.fingerprint));
    }
    assert.deepEqual(files(), ['agent.crt', 'agent.crt.previous', 'agent.key']);
    assert.equal(statSync(place.keyPath).mode & 0o777, 0o600);
    const twice = rotateIdentity(place, rotated, now + 3);
    assert.ok(follows(twice.certificate, twice.rotation, rotated.certificate.fingerprint));
    assert.ok(!follows(twice.certificate, twice.rotation, before.certificate.fingerprint));
  });

  it('that ended before the key was renamed leaves the old pair', () => {
    const before = openIdentity(place, now);
    const old = [place.certPath, place.keyPath].map((path) => readFileSync(path));
    rotateIdentity(place, before, now + 1);
    copyFileSync(place.certPath, `${place.certPath}.next`);
    for (const [index, path] of [place.certPath, place.keyPath].entries()) writeFileSync(path, old[index] ?? '');
    const opened = openIdentity(place, now + 2);
    assert.equal(opened.certificate.fingerprint, before.certificate.fingerprint);
    assert.equal(opened.rotation, null);
    assert.deepEqual(files(), ['agent.crt', 'agent.crt.previous', 'agent.key']);
  });

  for (const isThere of [true, false]) {
    it(`that ended between the two renames is finished, with the old certificate ${isThere ? 'there' : 'gone'}`, () => {
      const before = openIdentity(place, now);
      const old = readFileSync(place.certPath);
      const { certificate } = rotateIdentity(place, before, now + 1);
      copyFileSync(place.certPath, `${place.certPath}.next`);
      if (isThere) writeFileSync(place.certPath, old);
      else rmSync(place.certPath);
      const opened = openIdentity(place, now + 2);
      assert.equal(opened.certificate.fingerprint, certificate.fingerprint);
      assert.ok(follows(opened.certificate, opened.rotation, before.certificate.fingerprint));
      assert.deepEqual(files(), ['agent.crt', 'agent.crt.previous', 'agent.key']);
    });
  }
});
