import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { types } from '../../../../../src/nodes/dns/codes.ts';
import { dnskeyRRset, dsRdata, dsRRset, keyTagOf, parentRequest, removalRequest } from '../../../../../src/nodes/dns/dnssec/dnskey.ts';
import { rrsigHead, rrsigRdata, signedRecords } from '../../../../../src/nodes/dns/dnssec/rrsig.ts';
import { signingKey } from '../../../../../src/nodes/dns/dnssec/signing-key.ts';
import { named, newKey, signingWith } from '../../../../dnssec-keys.ts';

/** The examples of RFC 6605 section 6: private key, public key, key tag, moments and signature over one address. */
const examples = [
  {
    name: 'P-256',
    algorithm: 13,
    privateKey: 'GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=',
    publicKey: 'GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
    keyTag: 55648,
    validity: { inception: Date.UTC(2010, 7, 12, 10, 4, 39) / 1000, expiration: Date.UTC(2010, 8, 9, 10, 4, 39) / 1000 },
    signature: 'qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==',
  },
  {
    name: 'P-384',
    algorithm: 14,
    privateKey: 'WURgWHCcYIYUPWgeLmiPY2DJJk02vgrmTfitxgqcL4vwW7BOrbawVmVe0d9V94SR',
    publicKey:
      'xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40',
    keyTag: 10771,
    validity: { inception: Date.UTC(2010, 7, 12, 10, 20, 25) / 1000, expiration: Date.UTC(2010, 8, 9, 10, 20, 25) / 1000 },
    signature:
      '/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm',
  },
] as const;

const address = { owner: named('www.example.net'), type: types.A, ttlSeconds: 3600, rdata: [Uint8Array.of(192, 0, 2, 1)] };

for (const example of examples) {
  describe(`the ${example.name} key of RFC 6605`, () => {
    const bytes = Buffer.from(example.publicKey, 'base64');
    const [x, y] = [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)].map((half) => half.toString('base64url')) as [
      string,
      string,
    ];
    const d = Buffer.from(example.privateKey, 'base64').toString('base64url');
    const key = signingKey(createPrivateKey({ key: { kty: 'EC', crv: example.name, x, y, d }, format: 'jwk' }));

    it('has its record and tag', () => {
      assert.equal(
        Buffer.from(key.dnskey).toString('hex'),
        `010103${example.algorithm.toString(16).padStart(2, '0')}${bytes.toString('hex')}`,
      );
      assert.deepEqual([key.algorithm, key.keyTag], [example.algorithm, example.keyTag]);
    });

    it('signed what we say is to be signed, and so do we', () => {
      const data = Buffer.concat([rrsigHead(address, { zone: named('example.net'), ...key }, example.validity), signedRecords(address)]);
      const publicKey = createPublicKey(key.privateKey);
      const hash = example.algorithm === 13 ? 'sha256' : 'sha384';
      const isTheirs = (signature: Uint8Array) => verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
      assert.ok(isTheirs(Buffer.from(example.signature, 'base64')));
      const rrsig = rrsigRdata(address, named('example.net'), key, example.validity);
      assert.ok(isTheirs(rrsig.subarray(rrsig.length - bytes.length)));
      assert.equal(Buffer.from(rrsig).toString('hex', 0, 4), `00010${example.algorithm.toString(16)}03`);
    });
  });
}

describe('a DS', () => {
  it('is the digest of RFC 6605 and of RFC 4509', () => {
    const [p256] = examples;
    const dnskey = Buffer.concat([Buffer.from([1, 1, 3, 13]), Buffer.from(p256.publicKey, 'base64')]);
    assert.equal(
      Buffer.from(dsRdata(named('example.net'), { dnskey, keyTag: p256.keyTag, algorithm: 13 })).toString('hex'),
      'd9600d02b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17',
    );
    const rsa =
      'AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==';
    const older = Buffer.concat([Buffer.from([1, 0, 3, 5]), Buffer.from(rsa, 'base64')]);
    assert.equal(keyTagOf(older), 60485);
    assert.equal(
      Buffer.from(dsRdata(named('dskey.example.com'), { dnskey: older, keyTag: 60485, algorithm: 13 })).toString('hex', 4),
      'd4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a',
    );
  });

  it('of a zone of ours inside another is what the zone asks for', () => {
    const [zone, key, next] = [named('inner.demo.local'), newKey(), newKey()];
    const signing = signingWith(zone, key);
    assert.deepEqual(dsRRset(zone, signing)?.rdata, [dsRdata(zone, key)]);
    assert.equal(dsRRset(zone, { ...signing, dnskey: { ...signing.dnskey, ttlSeconds: 77 } })?.ttlSeconds, 77, 'for as long as its keys');
    assert.deepEqual(dsRRset(zone, { ...signing, ...parentRequest(zone, [next], 3_600) })?.rdata, [dsRdata(zone, next)]);
    assert.equal(dsRRset(zone, { ...signing, ...removalRequest(zone, 60) }), undefined);
  });
});

describe('what a parent is asked for', () => {
  it('is the DS and the key itself, or the removal of RFC 8078', () => {
    const [zone, key] = [named('demo.local'), newKey()];
    const { cds, cdnskey } = parentRequest(zone, [key], 60);
    assert.deepEqual([cds.type, cds.ttlSeconds, cds.rdata], [59, 60, [dsRdata(zone, key)]]);
    assert.deepEqual([cdnskey.type, cdnskey.rdata], [60, dnskeyRRset(zone, [key], 60).rdata]);
    const removal = removalRequest(zone, 60);
    assert.deepEqual(
      [...removal.cds.rdata, ...removal.cdnskey.rdata].map((rdata) => Buffer.from(rdata).toString('hex')),
      ['0000000000', '0000030000'],
    );
  });
});

describe('a key of another kind', () => {
  it('is refused with a sentence that says what would do', () => {
    const refusal = /private key on the curve P-256 or P-384, and this is .*; make one with "openssl/;
    assert.throws(() => signingKey(generateKeyPairSync('ed25519').privateKey), refusal);
    assert.throws(() => signingKey(generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey), refusal);
    assert.throws(() => signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), refusal);
  });
});
