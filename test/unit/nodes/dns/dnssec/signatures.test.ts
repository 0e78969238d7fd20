import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../../src/nodes/dns/codes.ts';
import { dnskeyRRset, parentRequest } from '../../../../../src/nodes/dns/dnssec/dnskey.ts';
import { signatureShelf } from '../../../../../src/nodes/dns/dnssec/signature-shelf.ts';
import { createSignatureStore, signatureTimes } from '../../../../../src/nodes/dns/dnssec/signatures.ts';
import type { SigningKey, ZoneSigning } from '../../../../../src/nodes/dns/dnssec/zone-signing.ts';
import type { RRset } from '../../../../../src/nodes/dns/reply.ts';
import type { Zone } from '../../../../../src/nodes/dns/zone.ts';
import { named, newKey, signingWith } from '../../../../dnssec-keys.ts';

const zone: Zone = { name: 'demo.local', apex: named('demo.local'), primary: 'ns1.demo.local', apexTtlSeconds: 3_600, nodes: new Map() };
const address = (last: number): RRset => ({
  owner: named('app.demo.local'),
  type: types.A,
  ttlSeconds: 20,
  rdata: [Uint8Array.of(192, 0, 2, last)],
});
const [hour, day] = [3600, 86_400];
const begin = Date.UTC(2026, 0, 1) / 1000;

/** A key that counts what it signs. */
function counting(key: SigningKey): SigningKey & { signed: number } {
  const counted = {
    ...key,
    signed: 0,
    sign: (data: Uint8Array) => {
      counted.signed += 1;
      return key.sign(data);
    },
  };
  return counted;
}

function given(signing: ZoneSigning | undefined, share = 0.5) {
  const world = { nowSeconds: begin, share, signing };
  const store = createSignatureStore({ signingOf: () => world.signing, now: () => world.nowSeconds * 1000, chance: () => world.share });
  return { world, store };
}

function moments(rdata: Uint8Array | undefined): { inception: number; expiration: number; keyTag: number } {
  const bytes = Buffer.from(rdata ?? assert.fail('no signature'));
  return { inception: bytes.readUInt32BE(12), expiration: bytes.readUInt32BE(8), keyTag: bytes.readUInt16BE(16) };
}

describe('a signature', () => {
  const key = counting(newKey());

  it('is made once and kept: asked again, and when an answer comes back', () => {
    const { store } = given(signingWith(zone.apex, key));
    key.signed = 0;
    const [first] = store.of(zone, address(1));
    store.of(zone, address(2));
    assert.deepEqual(store.of(zone, address(1)), [first]);
    assert.equal(key.signed, 2);
    assert.equal(store.kept.signatures, 2);
  });

  it('is one for any order of the records, and another for each TTL', () => {
    const { store } = given(signingWith(zone.apex, key));
    const both = { ...address(1), rdata: [...address(1).rdata, ...address(2).rdata] };
    assert.deepEqual(store.of(zone, both), store.of(zone, { ...both, rdata: both.rdata.toReversed() }));
    assert.notDeepEqual(store.of(zone, both), store.of(zone, { ...both, ttlSeconds: 21 }));
    assert.deepEqual(store.of(zone, { ...both, ttlSeconds: 3, zoneTtlSeconds: 20 }), store.of(zone, both));
  });

  it('began an hour ago, and ends in seven days and its share of one more', () => {
    for (const [share, extra] of [
      [0, 0],
      [0.5, day / 2],
      [0.999, 0.999 * day],
    ] as const) {
      const { store } = given(signingWith(zone.apex, key), share);
      const [rrsig] = store.of(zone, address(1));
      assert.deepEqual(moments(rrsig), { inception: begin - hour, expiration: begin + 7 * day + Math.floor(extra), keyTag: key.keyTag });
    }
  });

  it('does not come due with all the others', () => {
    const { store, world } = given(signingWith(zone.apex, key));
    for (let last = 0; last < 200; last += 1) {
      world.share = (last * 0.618_033_988_7) % 1;
      store.of(zone, address(last));
    }
    const dueAfter = (seconds: number) => {
      world.nowSeconds = begin + seconds;
      return Array.from({ length: 200 }, (_, last) => store.tasksFor(zone, address(last)).length).filter((count) => count > 0).length;
    };
    assert.equal(dueAfter(4 * day), 0);
    assert.ok(Math.abs(dueAfter(4 * day + day / 4) - 50) < 5, `${dueAfter(4 * day + day / 4)} are due`);
    assert.equal(dueAfter(5 * day), 200);
  });

  it('is never given out when it has expired, or nearly, or has not begun, whatever the clock does', () => {
    const rows: readonly (readonly [jump: number, isKept: boolean])[] = [
      [0, true],
      [4 * day, true],
      [4 * day + 1, false],
      [8 * day, false],
      [400 * day, false],
      [-hour, true],
      [-hour - 1, false],
      [-400 * day, false],
    ];
    for (const [jump, isKept] of rows) {
      const { store, world } = given(signingWith(zone.apex, key), 0);
      const [before] = store.of(zone, address(1));
      world.nowSeconds += jump;
      const [after] = store.of(zone, address(1));
      assert.equal(Buffer.compare(before ?? Buffer.alloc(0), after ?? Buffer.alloc(0)) === 0, isKept, `after ${jump} s`);
      const { inception, expiration } = moments(after);
      assert.ok(inception <= world.nowSeconds && expiration - world.nowSeconds >= signatureTimes.renewSeconds, `after ${jump} s`);
    }
  });

  it('goes on where seconds no longer fit into 32 bits', () => {
    const { store, world } = given(signingWith(zone.apex, key), 0);
    world.nowSeconds = 2 ** 32 - 3 * day;
    const [before] = store.of(zone, address(1));
    assert.deepEqual(moments(before).expiration, 4 * day);
    world.nowSeconds = 2 ** 32 + hour;
    assert.deepEqual(store.of(zone, address(1)), [before]);
    world.nowSeconds = 2 ** 32 + 2 * day;
    assert.notDeepEqual(store.of(zone, address(1)), [before]);
  });
});

describe('the keys of a zone', () => {
  const [old, next] = [newKey(), newKey('P-384')] as const;
  const rotating = { ...signingWith(zone.apex, old), dnskey: dnskeyRRset(zone.apex, [old, next], 3_600), dnskeySigners: [old, next] };
  const tags = (rrsigs: readonly Uint8Array[]) => rrsigs.map((rrsig) => moments(rrsig).keyTag);

  it('sign what is about keys each, and one of them the rest', () => {
    const { store } = given({ ...rotating, ...parentRequest(zone.apex, [next], 3_600) });
    const { cds, cdnskey } = parentRequest(zone.apex, [next], 3_600);
    for (const rrset of [rotating.dnskey, cds, cdnskey]) assert.deepEqual(tags(store.of(zone, rrset)), [old.keyTag, next.keyTag]);
    assert.deepEqual(tags(store.of(zone, address(1))), [old.keyTag]);
  });

  it('keep their signatures when they are read anew, and lose them when they leave', () => {
    const key = counting(old);
    const { store, world } = given({ ...rotating, dataKey: key });
    const [kept] = store.of(zone, address(1));
    world.signing = { ...rotating, dataKey: { ...key }, dnskeySigners: [{ ...key }, next] };
    assert.deepEqual(store.of(zone, address(1)), [kept]);
    assert.equal(key.signed, 1);
    world.signing = signingWith(zone.apex, next);
    assert.deepEqual(tags(store.of(zone, address(1))), [next.keyTag]);
    assert.equal(store.kept.signatures, 1);
    world.signing = undefined;
    assert.deepEqual(store.of(zone, address(1)), []);
  });

  it('are forgotten with the zone', () => {
    const { store } = given(rotating);
    store.of(zone, address(1));
    store.keepOnly([zone]);
    assert.equal(store.kept.signatures, 1);
    store.keepOnly([]);
    assert.equal(store.kept.signatures, 0);
  });
});

describe('the shelf', () => {
  const digest = (number: number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32LE(number, 0);
    return bytes;
  };

  it('finds everything again after it has grown, whatever falls on one slot', () => {
    const shelf = signatureShelf(64, () => true);
    // Steps of 4096 fall on one slot until the shelf is large.
    const numbers = Array.from({ length: 3000 }, (_, index) => index * 4096);
    for (const number of numbers) shelf.keep(digest(number), { inception: 1, expiration: number }, Buffer.alloc(64, number >> 12));
    assert.equal(shelf.size, 3000);
    for (const number of numbers) {
      assert.deepEqual(shelf.find(digest(number)), { inception: 1, expiration: number, signature: Buffer.alloc(64, number >> 12) });
    }
    assert.equal(shelf.find(digest(1)), undefined);
    assert.ok(shelf.bytes <= 4096 * (88 + 8), `${shelf.bytes}`);
  });

  it('replaces what it has, and drops what is not worth keeping before it grows', () => {
    const shelf = signatureShelf(64, ({ expiration }) => expiration > 100);
    for (let round = 0; round < 1000; round += 1) shelf.keep(digest(round % 4), { inception: 0, expiration: 200 }, Buffer.alloc(64));
    assert.equal(shelf.size, 4);
    for (let round = 4; round < 1000; round += 1) shelf.keep(digest(round), { inception: 0, expiration: 50 }, Buffer.alloc(64));
    assert.ok(shelf.size <= 8, `${shelf.size}`);
    for (let kept = 0; kept < 4; kept += 1) assert.equal(shelf.find(digest(kept))?.expiration, 200);
  });
});
