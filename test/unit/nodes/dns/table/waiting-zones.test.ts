/** A zone that is to be signed and has no key yet is not answered, by the reference and by the table alike, until everything is laid out signed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { types } from '../../../../../src/nodes/dns/codes.ts';
import type { SignedZones } from '../../../../../src/nodes/dns/dnssec/zone-dnssec.ts';
import { anchorsOf, signedZones } from '../../../../dnssec-keys.ts';
import { validated } from '../../../../dnssec-validator.ts';
import { pairOver } from '../../../../table-beside-reference.ts';
import { asker, demoTable, query, serviceAnswer } from '../demo.ts';

const edns = { edns: { flags: 0x8000 } };
const rcodeOf = (reply: Buffer | null) => (decode(reply ?? assert.fail('no reply')) as unknown as { readonly rcode: string }).rcode;
/** Both have keys, and these wait for theirs all the same. */
const withKeys = (waiting: readonly string[]): SignedZones => ({
  ...signedZones(['demo.local', 'inner.demo.local']),
  waitsForKey: (zone) => waiting.includes(zone.name),
});

describe('a zone that waits for its key', () => {
  const ask = asker(demoTable(withKeys(['inner.demo.local'])));
  for (const [name, type, rcode] of [
    ['inner.demo.local', 'SOA', 'SERVFAIL'],
    ['inner.demo.local', 'DNSKEY', 'SERVFAIL'],
    ['ns1.inner.demo.local', 'A', 'SERVFAIL'],
    ['nobody.inner.demo.local', 'A', 'SERVFAIL'],
    // The zone above has its key: that the one below has no DS would be a lie.
    ['inner.demo.local', 'DS', 'SERVFAIL'],
    ['demo.local', 'SOA', 'NOERROR'],
    ['nobody.demo.local', 'A', 'NXDOMAIN'],
  ] as const) {
    it(`${name} ${type} is ${rcode}`, () => {
      for (const asked of [{ type: types[type] }, { type: types[type], ...edns }]) {
        const {
          rcode: found,
          answers = [],
          authorities = [],
        } = ask(name, asked) as unknown as {
          rcode: string;
          answers?: unknown[];
          authorities?: unknown[];
        };
        assert.equal(found, rcode);
        if (rcode === 'SERVFAIL') assert.deepEqual([answers, authorities], [[], []], 'nothing of it is said');
      }
    });
  }

  it('is answered whole when its key is there and all is laid out, and in no part before', () => {
    const waiting = ['demo.local', 'inner.demo.local'];
    const signed = signedZones(waiting);
    const source = demoTable({ ...signed, waitsForKey: (zone) => waiting.includes(zone.name) });
    const { ask: asked, writer } = pairOver(source);
    const names = ['app.demo.local', 'nobody.demo.local', 'deep.demo.local', 'ns1.inner.demo.local', 'x.y.app.demo.local'];
    const packets = names.map((name) => query(name, { type: types.A, ...edns }));
    const rcodes = () => packets.map((packet) => rcodeOf(asked(packet)));
    const refused = names.map(() => 'SERVFAIL');
    assert.deepEqual(rcodes(), refused);
    waiting.length = 0;
    // What is published now would be signed, and its denials would not.
    writer.publish([serviceAnswer('app.demo.local', { A: ['192.0.2.201'] })], Date.now());
    writer.refresh(writer.names());
    assert.deepEqual(rcodes(), refused);
    writer.replaceZones(source.zones, Date.now());
    const proofs = packets.map((packet) => validated(asked(packet) as Buffer, anchorsOf({ ...signed }), Date.now()));
    assert.deepEqual(proofs, ['answer', 'nxdomain', 'nodata', 'answer', 'nxdomain']);
  });
});
