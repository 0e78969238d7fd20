import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../src/nodes/dns/codes.ts';
import { encodeRdata } from '../../../../src/nodes/dns/rdata.ts';
import { rdataText } from '../../../../src/nodes/dns/rdata-text.ts';
import type { Zone } from '../../../../src/nodes/dns/zone.ts';
import { exportZone } from '../../../../src/nodes/dns/zone-export.ts';
import { named, signedZones } from '../../../dnssec-keys.ts';
import { demoTable } from './demo.ts';

const exported = (signed: readonly string[]) => {
  const table = demoTable(signedZones(signed));
  return exportZone(table.zones.zones.get(named('demo.local')) as Zone, table)
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll('\t', ' '));
};

describe('an export of a zone without keys', () => {
  const lines = exported([]);

  it('begins with the SOA and has every record, steered names with their first answer', () => {
    assert.equal(lines[0], 'demo.local. 3600 IN SOA ns1.demo.local. hostmaster.demo.local. 1700000000 3600 600 604800 30');
    for (const line of [
      'demo.local. 3600 IN NS ns.elsewhere.example.',
      'demo.local. 60 IN MX 10 mail.demo.local.',
      'demo.local. 60 IN TXT "v=spf1 -all"',
      'demo.local. 60 IN CAA 0 issue "ca.example"',
      '_https._tcp.demo.local. 60 IN SRV 0 0 443 app.demo.local.',
      'www.demo.local. 60 IN CNAME app.demo.local.',
      'app.demo.local. 20 IN A 192.0.2.1',
      'app.demo.local. 20 IN AAAA 2001:db8:0:0:0:0:0:1',
      'cut.demo.local. 60 IN NS ns.cut.demo.local.',
      'ns.cut.demo.local. 60 IN A 192.0.2.99',
      'inner.demo.local. 3600 IN NS ns1.inner.demo.local.',
      'safe.demo.local. 60 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A475118',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(!lines.includes('app.demo.local. 20 IN A 192.0.2.2'));
    assert.ok(lines.every((line) => !/ IN (RRSIG|NSEC|DNSKEY) /.test(line)));
  });

  it('says where no address can be given', () => {
    assert.deepEqual(
      lines.filter((line) => line.startsWith(';')),
      ['down', 'down', 'silent', 'silent'].map(
        (label, index) => `; ${label}.demo.local. ${index % 2 === 0 ? 'A' : 'AAAA'}: no address can be given at this moment`,
      ),
    );
  });
});

describe('an export of a zone with keys', () => {
  const lines = exported(['demo.local', 'inner.demo.local']);
  const typesOf = (owner: string) => lines.filter((line) => line.startsWith(`${owner}. `)).map((line) => line.split(' ')[3]);

  it('has a signature beside everything that is its own, and beside nothing else', () => {
    assert.deepEqual(typesOf('www.demo.local'), ['CNAME', 'RRSIG', 'NSEC', 'RRSIG']);
    assert.deepEqual(typesOf('cut.demo.local'), ['NS', 'NS', 'NSEC', 'RRSIG']);
    assert.deepEqual(typesOf('safe.demo.local'), ['NS', 'DS', 'DS', 'RRSIG', 'NSEC', 'RRSIG']);
    assert.deepEqual(typesOf('ns.cut.demo.local'), ['A']);
    assert.deepEqual(typesOf('inner.demo.local'), ['NS', 'DS', 'RRSIG', 'NSEC', 'RRSIG']);
    assert.deepEqual(typesOf('deep.demo.local'), []);
  });

  it('has keys and signatures in the form of master files', () => {
    const lineOf = (pattern: RegExp) =>
      assert.ok(
        lines.some((line) => pattern.test(line)),
        String(pattern),
      );
    lineOf(/^demo\.local\. 3600 IN DNSKEY 257 3 13 [A-Za-z0-9+/]{86}==$/);
    lineOf(/^inner\.demo\.local\. 3600 IN DS \d+ 13 2 [0-9A-F]{64}$/);
    lineOf(/^app\.demo\.local\. 20 IN RRSIG A 13 3 20 20\d{12} 20\d{12} \d+ demo\.local\. [A-Za-z0-9+/]{86}==$/);
    lineOf(/^demo\.local\. 3600 IN RRSIG SOA 13 2 3600 /);
  });
});

describe('rdata as text', () => {
  it('escapes what master files would take for something else', () => {
    const text = encodeRdata({ type: 'TXT', data: ['a "quoted\\ word"; é', ''] });
    assert.equal(rdataText(types.TXT, text), '"a \\034quoted\\092 word\\034; \\195\\169" ""');
    const name = Buffer.from('\x05a.b@;\x07example\0', 'latin1');
    assert.equal(rdataText(types.CNAME, name), 'a\\046b\\064\\059.example.');
  });

  it('is bytes for types without a form', () => {
    assert.equal(rdataText(4711, Uint8Array.of(1, 0xab)), '\\# 2 01ab');
    assert.equal(rdataText(4711, Uint8Array.of()), '\\# 0');
  });
});
