import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../../src/nodes/dns/codes.ts';
import { canonicalRdata, compareOrders, orderOf } from '../../../../../src/nodes/dns/dnssec/canonical.ts';
import { nameDenial, nsecChain, nsecRing, typeBitmap, typeDenial } from '../../../../../src/nodes/dns/dnssec/nsec.ts';
import { type Name, suffixesOf, textOf } from '../../../../../src/nodes/dns/names.ts';
import { rdataText, typesIn } from '../../../../../src/nodes/dns/rdata-text.ts';
import { createAnswerTable } from '../../../../../src/nodes/dns/table.ts';
import type { Zone } from '../../../../../src/nodes/dns/zone.ts';
import { zoneSet } from '../../../../../src/nodes/dns/zones.ts';
import { named, signedZones } from '../../../../dnssec-keys.ts';
import { configure, demoTable, serviceAnswer } from '../demo.ts';

/** A name of labels with any bytes. */
const wire = (...labels: readonly string[]) => `${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\0` as Name;

describe('canonical order', () => {
  it('is that of RFC 4034 section 6.1', () => {
    const inOrder = [
      wire('example'),
      wire('a', 'example'),
      wire('yljkjljk', 'a', 'example'),
      wire('z', 'a', 'example'),
      wire('zabc', 'a', 'example'),
      wire('z', 'example'),
      wire('\x01', 'z', 'example'),
      wire('*', 'z', 'example'),
      wire('\xc8', 'z', 'example'),
    ];
    const sorted = inOrder.toReversed().sort((one, other) => compareOrders(orderOf(one), orderOf(other)));
    assert.deepEqual(sorted, inOrder);
  });

  it('puts a name before all below it, and a label before every longer one', () => {
    const inOrder = [wire('a'), wire('\0', 'a'), wire('\0\0', 'a'), wire('\xff', 'a'), wire('a\0'), wire('aa'), wire('b')];
    assert.deepEqual(
      inOrder.toReversed().sort((one, other) => compareOrders(orderOf(one), orderOf(other))),
      inOrder,
    );
  });

  it('of records is by bytes, the shorter first', () => {
    const [long, short, high] = [Buffer.from([1, 2, 0]), Buffer.from([1, 2]), Buffer.from([200])];
    assert.deepEqual(canonicalRdata([high, long, short]), [short, long, high]);
  });
});

describe('a bitmap of types', () => {
  it('is that of RFC 4034 section 4.3', () => {
    const bitmap = typeBitmap([types.NSEC, types.A, 1234, types.MX, types.RRSIG, types.A]);
    assert.equal(bitmap.toString('hex'), `0006400100000003041b${'00'.repeat(26)}20`);
    assert.deepEqual(typesIn(bitmap), [types.A, types.MX, types.RRSIG, types.NSEC, 1234]);
  });
});

describe('the ring of a zone', () => {
  const signed = signedZones(['demo.local', 'inner.demo.local']);
  const table = demoTable(signed);
  const zoneOf = (name: string) => table.zones.zones.get(named(name)) as Zone;
  const chain = () => table.dnssec?.denialOf(zoneOf('demo.local')) ?? assert.fail();
  const textAt = (name: string) => {
    const nsec = chain().atOrBefore(named(name));
    return `${textOf(nsec.owner)} ${rdataText(types.NSEC, nsec.rdata[0] as Uint8Array)}`;
  };

  it('has every name with something of ours at it, and none else', () => {
    const owners = new Set(chain().owners.map(textOf));
    for (const there of [
      'demo.local',
      'app.demo.local',
      'cut.demo.local',
      'safe.demo.local',
      'inner.demo.local',
      'mail.deep.demo.local',
      '_https._tcp.demo.local',
    ]) {
      assert.ok(owners.has(there), there);
    }
    for (const not of [
      'ns.cut.demo.local',
      'deep.demo.local',
      '_tcp.demo.local',
      'ns.wide.demo.local',
      'ns.safe.demo.local',
      'ns1.inner.demo.local',
    ]) {
      assert.ok(!owners.has(not), not);
    }
  });

  it('is closed, and goes by every name once', () => {
    const { owners } = chain();
    const next = new Map(owners.map((owner) => [owner, nextOf(chain().atOrBefore(owner).rdata[0] as Uint8Array)]));
    const seen = new Set<string>();
    for (let at = owners[0] as Name; !seen.has(at); at = next.get(at) as Name) seen.add(at);
    assert.equal(seen.size, owners.length);
  });

  it('says which types are where: by configuration, and for addresses by the servers that there are', () => {
    const rows = [
      ['demo.local', 'demo.local _https._tcp.demo.local. NS SOA MX TXT RRSIG NSEC DNSKEY CAA'],
      ['app.demo.local', 'app.demo.local _acme-challenge.app.demo.local. A AAAA RRSIG NSEC'],
      ['v4.demo.local', 'v4.demo.local wide.demo.local. A RRSIG NSEC'],
      ['silent.demo.local', 'silent.demo.local v4.demo.local. A AAAA RRSIG NSEC'],
      ['down.demo.local', 'down.demo.local empty.demo.local. A AAAA RRSIG NSEC'],
      ['cut.demo.local', 'cut.demo.local dark.demo.local. NS RRSIG NSEC'],
      ['ns.cut.demo.local', 'cut.demo.local dark.demo.local. NS RRSIG NSEC'],
      ['safe.demo.local', 'safe.demo.local silent.demo.local. NS DS RRSIG NSEC'],
      ['inner.demo.local', 'inner.demo.local into-cut.demo.local. NS DS RRSIG NSEC'],
      ['deep.demo.local', 'dark.demo.local mail.deep.demo.local. CNAME RRSIG NSEC'],
      ['www.demo.local', 'www.demo.local demo.local. CNAME RRSIG NSEC'],
      ['zzz.demo.local', 'www.demo.local demo.local. CNAME RRSIG NSEC'],
    ] as const;
    for (const [name, text] of rows) assert.equal(textAt(name), text);
    assert.equal(chain().atOrBefore(named('app.demo.local')).ttlSeconds, 30);
  });

  it('follows the servers of a service, not how they are', () => {
    const before = textAt('v4.demo.local');
    table.publish([serviceAnswer('v4.demo.local', { A: [] })], 0);
    assert.equal(textAt('v4.demo.local'), before);
    table.publish([serviceAnswer('v4.demo.local', { A: ['192.0.2.4'], AAAA: [] })], 0);
    assert.match(textAt('v4.demo.local'), / A AAAA RRSIG/);
  });

  it('speaks of nothing but NS and DS at a delegation, even where glue stands', () => {
    const records = [
      { name: 'own', type: 'NS', target: 'own.z.test' },
      { name: 'own', type: 'A', address: '192.0.2.9' },
      { name: 'safe', type: 'NS', target: 'safe.z.test' },
      { name: 'safe', type: 'DS', key_tag: 1, algorithm: 13, digest_type: 2, digest: 'ab'.repeat(32) },
      { name: 'safe', type: 'AAAA', address: '2001:db8::9' },
    ];
    const set = zoneSet(configure({ zones: [{ name: 'z.test', records }] }), '192.0.2.53:53');
    const withGlue = createAnswerTable(set, 0, signedZones(['z.test']));
    const textOfNsec = (name: string) => {
      const nsec = withGlue.dnssec?.denialOf(set.zones.get(named('z.test')) as Zone)?.atOrBefore(named(name));
      return rdataText(types.NSEC, nsec?.rdata[0] ?? Buffer.alloc(0));
    };
    assert.deepEqual(set.problems, []);
    assert.equal(textOfNsec('own.z.test'), 'safe.z.test. NS RRSIG NSEC');
    assert.equal(textOfNsec('safe.z.test'), 'z.test. NS DS RRSIG NSEC');
  });

  it('without keys in the inner zone says that there is no DS', () => {
    signed.signings.delete('inner.demo.local');
    assert.equal(textAt('inner.demo.local'), 'inner.demo.local into-cut.demo.local. NS RRSIG NSEC');
    assert.equal(table.dnssec?.denialOf(zoneOf('inner.demo.local')), undefined);
  });
});

describe('a denial', () => {
  const ring = { apex: named('z.test') };
  const names = ['z.test', 'b.z.test', 'x.d.z.test', 'f.z.test'];
  const nodes = new Map(names.map((name) => [named(name), { rrsets: new Map(), service: 'any' }]));
  const zone = { name: 'z.test', primary: '', apexTtlSeconds: 3_600, nodes, ...ring } as Zone;
  const chain = nsecChain(nsecRing(zone), () => [types.A]);
  const owners = (nsecs: readonly { readonly owner: Name }[]) => nsecs.map(({ owner }) => textOf(owner));

  it('is kept for 30 s, or for as long as the SOA where that is shorter', () => {
    assert.equal(chain.atOrBefore(zone.apex).ttlSeconds, 30);
    assert.equal(nsecChain(nsecRing({ ...zone, apexTtlSeconds: 7 }), () => []).atOrBefore(zone.apex).ttlSeconds, 7);
  });

  it('of a type is the record of the name, or the one around it', () => {
    assert.deepEqual(owners(typeDenial(chain, named('b.z.test'))), ['b.z.test']);
    assert.deepEqual(owners(typeDenial(chain, named('d.z.test'))), ['b.z.test']);
  });

  it('of a name is what covers it and the wildcard, once where one does both', () => {
    const denied = (name: Name, encloser: string) => owners(nameDenial(chain, name, named(encloser)));
    assert.deepEqual(denied(named('c.z.test'), 'z.test'), ['b.z.test', 'z.test']);
    assert.deepEqual(denied(named('a.z.test'), 'z.test'), ['z.test']);
    assert.deepEqual(denied(named('g.z.test'), 'z.test'), ['f.z.test', 'z.test']);
    assert.deepEqual(denied(named('y.f.z.test'), 'f.z.test'), ['f.z.test']);
    assert.deepEqual(denied(wire('\0', 'z', 'test'), 'z.test'), ['z.test']);
  });
});

/** The name at the beginning of an NSEC. */
function nextOf(rdata: Uint8Array): Name {
  const text = Buffer.from(rdata).toString('latin1') as Name;
  let end = 0;
  while (text.charCodeAt(end) > 0) end += 1 + text.charCodeAt(end);
  const name = text.slice(0, end + 1) as Name;
  assert.ok([...suffixesOf(name)].length > 1);
  return name;
}
