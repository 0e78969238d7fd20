/** Signing in threads: the same signatures as one by one, and a loop that stays free. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signMany } from '../../src/nodes/dns/dnssec/sign-many.ts';
import { createSignatureStore } from '../../src/nodes/dns/dnssec/signatures.ts';
import type { SigningKey, ZoneSigning } from '../../src/nodes/dns/dnssec/zone-signing.ts';
import { createResponder } from '../../src/nodes/dns/responder.ts';
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { toBeSigned } from '../../src/nodes/dns/zone-contents.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import { anchorsOf, named, newKey, signingWith } from '../dnssec-keys.ts';
import { validated } from '../dnssec-validator.ts';
import { asker, configure, query, serviceAnswer } from '../unit/nodes/dns/demo.ts';

/** A zone with many names, and one with few, and a table over both. */
function manyNames(count: number, keys: Readonly<Record<string, SigningKey>> = { 'many.test': newKey(), 'few.test': newKey('P-384') }) {
  const byLoop = { count: 0 };
  const signings = new Map<string, ZoneSigning>(
    Object.entries(keys).map(([zone, key]) => {
      const watched = {
        ...key,
        sign: (data: Uint8Array) => {
          byLoop.count += 1;
          return key.sign(data);
        },
      };
      return [zone, signingWith(named(zone), watched)];
    }),
  );
  const names = Array.from({ length: count }, (_, index) => `n${index}.many.test`);
  const configuration = configure({ listen_address: '192.0.2.53:53', zones: ['many.test', 'few.test'] }, [...names, 'app.few.test']);
  const signingOf = (zone: { readonly name: string }) => signings.get(zone.name);
  const signatures = createSignatureStore({ signingOf, now: () => Date.now(), chance: () => 0.5 });
  const table = createAnswerTable(zoneSet(configuration, '192.0.2.53:53'), 0, { signingOf, signatures });
  table.publish(
    [...names, 'app.few.test'].map((name) => serviceAnswer(name, { A: ['192.0.2.1', '192.0.2.2'] })),
    1000,
  );
  return { signings, signatures, table, signed: byLoop, names, signingOf };
}

describe('signing much at once', () => {
  it('leaves nothing to be signed when it is asked for, and every signature is good', { timeout: 60_000 }, async () => {
    const { signings, signatures, table, signed, names, signingOf } = manyNames(1000);
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const count = await signMany(signatures, toBeSigned(table));
    isDone = true;
    // For each name two addresses and its place in the ring; then SOA, NS, DNSKEY, an NSEC and an address of each zone's nameserver.
    assert.equal(count, 3 * 1001 + 2 * 6);
    assert.equal(signed.count, 0, 'the threads signed, not the loop');
    assert.equal(await signMany(signatures, toBeSigned(table)), 0);

    const ask = asker(table);
    const anchors = anchorsOf({ signings, signatures, signingOf });
    for (const name of [...names.slice(0, 50), 'app.few.test', 'nowhere.few.test', 'nowhere.many.test', 'many.test']) {
      const outcome = ask(name, { edns: { flags: 0x8000 } }, 'tcp');
      validated(outcome.reply ?? assert.fail(), anchors, Date.now());
    }
    assert.equal(signed.count, 0);
    assert.ok(turns > count / 500, `the loop had ${turns} turns meanwhile`);
  });

  it('needs no thread for little', async () => {
    const { signatures, table, signed } = manyNames(10);
    const count = await signMany(signatures, toBeSigned(table));
    assert.equal(count, 3 * 11 + 2 * 6);
    assert.equal(signed.count, count);
  });

  it('rejects with a sentence when a thread dies, and what it left is signed when it is asked for', { timeout: 60_000 }, async () => {
    const unusable = { ...newKey(), privateKey: 'no key' as unknown as SigningKey['privateKey'] };
    const { signatures, table } = manyNames(400, { 'many.test': unusable });
    await assert.rejects(
      signMany(signatures, toBeSigned(table)),
      /a thread that signs zones died \(.+\); what it left is signed one by one/,
    );
    const outcome = createResponder(table).respond(
      query('n1.many.test', { edns: { flags: 0x8000 } }),
      { address: '::1', port: 1, transport: 'tcp' },
      { sequence: () => 0, chance: () => 0 },
    );
    assert.equal((outcome as { rcode?: string }).rcode, 'NOERROR');
    assert.equal(signatures.kept.signatures, 1);
  });
});
