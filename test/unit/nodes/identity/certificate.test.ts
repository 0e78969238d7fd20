import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { isDueForRotation, mayBePinned, readCertificate } from '../../../../src/nodes/identity/certificate.ts';
import { makeCertificate } from '../../../../src/nodes/identity/make-certificate.ts';
import { agentCertificate, agentCertificateFingerprint, agentPublicKey, certificateOnAnotherCurve } from './vectors.ts';

const now = Date.UTC(2027, 0, 31, 12);
const hour = 3_600_000;
const day = 24 * hour;
const own = makeCertificate({ role: 'agent', id: 'web-1', now });

describe('a certificate of somebody else', () => {
  it('is read: key, name, dates, and the SHA-256 of its bytes', () => {
    const read = readCertificate(agentCertificate);
    assert.equal(read?.fingerprint, agentCertificateFingerprint);
    assert.equal(read.commonName, 'opengslb-agent-web-1');
    assert.ok(read.publicKey.equals(agentPublicKey));
    assert.equal(new Date(read.notBefore).toISOString(), '2026-11-21T14:59:10.000Z');
    assert.equal(new Date(read.notAfter).toISOString(), '2126-10-28T14:59:10.000Z');
  });

  const refused: Readonly<Record<string, Uint8Array>> = {
    'no bytes': new Uint8Array(),
    'bytes behind it': Buffer.concat([agentCertificate, Buffer.from([0])]),
    'half of it': agentCertificate.subarray(0, 200),
    'another curve': certificateOnAnotherCurve,
    'text instead of DER': Buffer.from(new X509Certificate(agentCertificate).toString()),
  };
  for (const [what, bytes] of Object.entries(refused)) it(`is refused: ${what}`, () => assert.equal(readCertificate(bytes), undefined));

  it('is refused where it is longer than any of ours', () => {
    assert.ok(makeCertificate({ role: 'agent', id: 'x'.repeat(800), now }).der.length < 2_048);
    assert.throws(() => makeCertificate({ role: 'agent', id: 'x'.repeat(900), now }), /no certificate can be made/);
  });

  it('is refused with any single bit changed', () => {
    const accepted: number[] = [];
    for (let bit = 0; bit < agentCertificate.length * 8; bit += 1) {
      const changed = Buffer.from(agentCertificate);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (readCertificate(changed) !== undefined) accepted.push(bit);
    }
    assert.deepEqual(accepted, []);
  });
});

describe('a certificate of our own', () => {
  it('is for a year, for that name, and for signatures and key agreement alone', () => {
    assert.equal(own.commonName, 'opengslb-agent-web-1');
    assert.equal(own.notBefore, now - hour);
    assert.equal(own.notAfter - own.notBefore, 365 * day);
    const certificate = new X509Certificate(own.der);
    assert.equal(certificate.ca, false);
    assert.ok(certificate.checkPrivateKey(own.privateKey));
    assert.equal(certificate.issuer, certificate.subject);
  });
  it('has a key and a number of its own each time', () => {
    const other = makeCertificate({ role: 'agent', id: 'web-1', now });
    assert.ok(!other.publicKey.equals(own.publicKey));
    const again = makeCertificate({ role: 'agent', id: 'web-1', now, privateKey: own.privateKey });
    assert.ok(again.publicKey.equals(own.publicKey));
    assert.notEqual(new X509Certificate(again.der).serialNumber, new X509Certificate(own.der).serialNumber);
  });
  it('can carry every name', () => {
    for (const id of ['a', 'web-1.example.com', 'Zürich, Süd', 'a=b/CN=c+d "e"', 'ö'.repeat(127)])
      assert.equal(makeCertificate({ role: 'overwatch', id, now }).commonName, `opengslb-overwatch-${id}`);
  });
});

describe('dates', () => {
  const rows = [
    ['an hour before it begins', own.notBefore - hour, true],
    ['a day before it begins', own.notBefore - day, true],
    ['more than a day before it begins', own.notBefore - day - 1, false],
    ['while it lasts', now, true],
    ['an hour after its end', own.notAfter + hour, true],
    ['a day after its end', own.notAfter + day, true],
    ['more than a day after its end', own.notAfter + day + 1, false],
  ] as const;
  for (const [when, at, may] of rows) it(`${when}: ${may ? 'may be pinned' : 'may not'}`, () => assert.equal(mayBePinned(own, at), may));

  it('make it due for rotation 30 days before its end', () => {
    assert.equal(isDueForRotation(own, own.notAfter - 30 * day - 1), false);
    assert.equal(isDueForRotation(own, own.notAfter - 30 * day), true);
  });
});
