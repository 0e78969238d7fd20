import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { zoneProblems } from '../../../src/commands/zone-problems.ts';
import { configuration } from '../../../src/events/catalogue/configuration.ts';
import { zoneSet } from '../../../src/nodes/dns/zones.ts';

type Written = z.input<typeof configuration>;
type Zones = NonNullable<NonNullable<Written['dns']>['zones']>;
type Records = Extract<Zones[number], object>['records'];

function parsed(zones: Zones, domains: readonly string[]) {
  return configuration.parse({
    regions: [{ name: 'eu' }],
    domains: domains.map((name) => ({ name, regions: ['eu'] })),
    dns: { zones, listen_address: '127.0.0.1:53' },
  });
}

function said(zones: Zones, domains: readonly string[] = ['app.example.com']): readonly string[] {
  return [...zoneProblems(parsed(zones, domains))].map(({ severity, path, message, remedy, related }) => {
    const other = related === undefined ? '' : ` <${related.join('.')}>`;
    return `${severity} ${path.slice(2).join('.')}: ${message}; ${remedy}${other}`;
  });
}

interface Row {
  readonly what: string;
  readonly records: Records;
  /** How each problem begins, in order, its path from the zone on. */
  readonly says: readonly string[];
}

const glue = { name: 'ns.lab', type: 'A', address: '192.0.2.9' } as const;
const cut = { name: 'lab', type: 'NS', target: 'ns.lab.example.com' } as const;
const ds = { name: 'lab', type: 'DS', key_tag: 60_485, algorithm: 13, digest_type: 2, digest: 'ab'.repeat(32) } as const;

const rows: readonly Row[] = [
  { what: 'no records', records: [], says: [] },
  {
    what: 'each type, where it may stand',
    records: [
      { type: 'A', address: '192.0.2.1' },
      { type: 'AAAA', address: '2001:db8::1' },
      { type: 'MX', target: 'mail.example.net' },
      { name: 'none', type: 'MX', preference: 0, target: '.' },
      { type: 'TXT', text: ['a', 'b'] },
      { type: 'CAA', tag: 'issue', value: 'ca.example.net' },
      { name: 'www', type: 'CNAME', target: '@' },
      { name: 'WWW2.example.com.', type: 'CNAME', target: 'app.example.com' },
      { name: '_sip._tcp', type: 'SRV', port: 5060, target: 'sip.example.net' },
      { name: 'app', type: 'TXT', text: 'beside the steered addresses' },
      { name: 'app', type: 'CAA', tag: 'issue', value: ';' },
      { name: 'app', type: 'MX', target: 'mail.example.net' },
      { name: 'below.app', type: 'A', address: '192.0.2.2' },
      cut,
      glue,
      ds,
      { ...ds, digest_type: 1, digest: 'AB'.repeat(20) },
      { ...ds, digest_type: 4, digest: ' 0a'.repeat(48) },
      { ...ds, digest_type: 5, digest: '00' },
    ],
    says: [],
  },
  // Names.
  ...['', '-b', 'a..b', 'a b', `${'x'.repeat(64)}`, `${'x.'.repeat(130)}x`].map((name) => ({
    what: `"${name.slice(0, 10)}" is no name`,
    records: [{ name, type: 'TXT', text: 'x' } as const],
    says: ['error records.0.name: is no DNS name in example.com'],
  })),
  { what: 'a wildcard', records: [{ name: '*', type: 'TXT', text: 'x' }], says: ['error records.0.name: wildcards are not served'] },
  {
    what: 'a whole name of another zone',
    records: [{ name: 'www.example.net.', type: 'TXT', text: 'x' }],
    says: ['error records.0.name: is outside of the zone'],
  },
  {
    what: 'a whole name without its final dot',
    records: [{ name: 'www.example.com', type: 'TXT', text: 'x' }],
    says: [
      'error records.0.name: is relative to the zone, so it would stand at www.example.com.example.com; write www, or www.example.com. with',
    ],
  },
  {
    what: 'the zone by its name',
    records: [{ name: 'example.com', type: 'TXT', text: 'x' }],
    says: ['error records.0.name: is relative to the zone, so it would stand at example.com.example.com; write @'],
  },
  // Values.
  {
    what: 'a target of one label',
    records: [{ name: 'www', type: 'CNAME', target: 'app' }],
    says: ['error records.0.target: targets are whole names, and app has one label only; write app.example.com'],
  },
  { what: 'a text of 255 bytes', records: [{ type: 'TXT', text: 'x'.repeat(255) }], says: [] },
  {
    what: 'a text of 256 bytes',
    records: [{ type: 'TXT', text: 'x'.repeat(256) }],
    says: ['error records.0.text: a text of 256 bytes is too long'],
  },
  {
    what: 'bytes count, not letters',
    records: [{ type: 'TXT', text: ['a', 'ü'.repeat(128)] }],
    says: ['error records.0.text.1: a text of 256 bytes'],
  },
  ...[
    [1, 19, 20],
    [1, 32, 20],
    [2, 31, 32],
    [2, 20, 32],
    [4, 32, 48],
  ].map(([type = 0, bytes = 0, expected]) => ({
    what: `a digest of type ${type} with ${bytes} bytes`,
    records: [cut, { ...ds, digest_type: type, digest: 'ab'.repeat(bytes) }],
    says: [
      `error records.1.digest: a digest of type ${type} has ${expected} bytes, and this one has ${bytes}; copy the whole digest, and the digest_type`,
    ],
  })),
  // What may stand together.
  ...[
    { type: 'A', address: '192.0.2.1' } as const,
    { type: 'AAAA', address: '2001:db8::1' } as const,
    { type: 'CNAME', target: 'x.example.net' } as const,
  ].map((record) => ({
    what: `${record.type} at a domain`,
    records: [{ name: 'app', ...record }],
    says: [
      'error records.0.type: app.example.com is a domain: its servers are its addresses; make it a server of a region, or remove it <domains.0.name>',
    ],
  })),
  {
    what: 'a CNAME at the apex',
    records: [{ type: 'CNAME', target: 'x.example.net' }],
    says: ['error records.0.type: the zone itself cannot be a CNAME'],
  },
  {
    what: 'a CNAME beside something',
    records: [
      { name: 'www', type: 'TXT', text: 'x' },
      { name: 'www', type: 'CNAME', target: 'x.example.net' },
    ],
    says: [
      'error records.1.type: www.example.com is a CNAME, beside which nothing may stand; keep the CNAME or the other records <dns.zones.0.records.0>',
    ],
  },
  {
    what: 'two CNAMEs, however the name is written',
    records: [
      { name: 'www', type: 'CNAME', target: 'x.example.net' },
      { name: 'WWW.example.com.', type: 'CNAME', target: 'y.example.net' },
    ],
    says: ['error records.0.type: www.example.com is a CNAME', 'error records.1.type: www.example.com is a CNAME'],
  },
  {
    what: 'NS at the apex',
    records: [{ type: 'NS', target: 'ns.example.net' }],
    says: ["error records.0.type: a zone's own nameservers are not records"],
  },
  {
    what: 'different TTLs in one set are a warning',
    records: [
      { type: 'A', address: '192.0.2.1' },
      { type: 'A', address: '192.0.2.2', ttl: 5 },
      { type: 'TXT', text: 'x', ttl: 6 },
    ],
    says: [
      'warning records.1.ttl: the A records of example.com have different TTLs, and the lowest counts for all; give all of them the same <dns.zones.0.records.0.ttl>',
    ],
  },
  {
    what: 'a host that is an alias, whatever names it, is a warning',
    records: [
      { name: 'www', type: 'CNAME', target: 'app.example.com' },
      { name: 'here', type: 'CNAME', target: '@' },
      { type: 'MX', target: 'www.example.com' },
      { name: '_sip._tcp', type: 'SRV', port: 5060, target: 'here.example.com' },
      { name: 'lab', type: 'NS', target: 'www.example.com' },
      { name: 'also', type: 'CNAME', target: 'www.example.com' },
      { name: 'apex', type: 'MX', target: '@' },
    ],
    says: [
      'warning records.2.target: www.example.com is a CNAME, and what MX names must be no alias; name what it is an alias of',
      'warning records.3.target: here.example.com is a CNAME, and what SRV names',
      'warning records.4.target: www.example.com is a CNAME, and what NS names',
    ],
  },
  // Delegations.
  {
    what: 'a record beside the cut',
    records: [cut, glue, { name: 'lab', type: 'TXT', text: 'x' }],
    says: ['error records.2.name: lab.example.com belongs to lab.example.com, which is a zone of its own'],
  },
  {
    what: 'a record below the cut',
    records: [cut, glue, { name: 'x.lab', type: 'MX', target: 'mail.example.net' }],
    says: ['error records.2.name: x.lab.example.com belongs to lab.example.com'],
  },
  {
    what: 'a cut below a cut',
    records: [cut, glue, { name: 'x.lab', type: 'NS', target: 'ns.example.net' }],
    says: [
      'error records.2.name: x.lab.example.com belongs to lab.example.com, which is a zone of its own, so this would never be answered; move it to that zone <dns.zones.0.records.0>',
    ],
  },
  {
    what: 'a DS where nothing is delegated',
    records: [cut, glue, { ...ds, name: 'xlab' }],
    says: [
      'error records.2.name: xlab.example.com has no NS record, so there is no zone of others that its DS could vouch for; add the NS records of that zone, or remove the DS',
    ],
  },
  {
    what: 'a DS at the apex',
    records: [{ ...ds, name: '@' }],
    says: [
      'error records.0.name: the DS of example.com itself stands in the zone above it; remove it, and give the line of `opengslb dnssec ds` to',
    ],
  },
  {
    what: 'a DS below the cut',
    records: [cut, glue, { ...ds, name: 'x.lab' }],
    says: ['error records.2.name: x.lab.example.com belongs to lab.example.com, which is a zone of its own'],
  },
  {
    what: 'DS records of different TTLs are a warning',
    records: [cut, ds, { ...ds, key_tag: 1, ttl: 5 }],
    says: ['warning records.2.ttl: the DS records of lab.example.com have different TTLs'],
  },
  { what: 'a name that only looks alike', records: [cut, glue, { name: 'xlab', type: 'TXT', text: 'x' }], says: [] },
  {
    what: 'a domain at the cut',
    records: [{ name: 'app', type: 'NS', target: 'ns.example.net' }],
    says: ['error name: app.example.com is at or below the NS record of app.example.com'],
  },
];

for (const { what, records, says } of rows) {
  test(what, () => {
    const zones = [{ name: 'example.com', nameservers: [{ name: 'ns.example.net' }], records: records ?? [] }];
    const all = said(zones).map((line) => line.replace(/^(\w+) 0\./, '$1 '));
    assert.equal(all.length, says.length, all.join('\n') || 'no problem');
    for (const [index, beginning] of says.entries())
      assert.ok(all[index]?.startsWith(beginning), `${all[index]}\nshould begin\n${beginning}`);
    // The server builds its zones by rules of its own: what is fine here must be fine there.
    if (says.length === 0) assert.deepEqual(zoneSet(parsed(zones, ['app.example.com']), '127.0.0.1:53').problems, []);
  });
}

test('without zones each domain is its own', () => assert.deepEqual(said([], ['a.example.com', 'b.example.net']), []));

test('with zones every domain must be in one', () => {
  assert.deepEqual(said(['example.com'], ['app.example.com', 'app.example.net', 'notexample.com', 'example.com']), [
    'error name: app.example.net is in none of the zones, so it would never be answered; add its zone to dns.zones, or give it a name in example.com',
    'error name: notexample.com is in none of the zones, so it would never be answered; add its zone to dns.zones, or give it a name in example.com',
  ]);
});

test('a domain belongs to the closest zone: the outer one may delegate it', () => {
  const inner = { name: 'sub.example.com', nameservers: [{ name: 'ns.example.net' }] };
  const outer = {
    name: 'example.com',
    nameservers: [{ name: 'ns.example.net' }],
    records: [{ name: 'sub', type: 'NS', target: 'ns.example.net' } as const],
  };
  assert.deepEqual(said([outer, inner], ['app.sub.example.com']), [
    'warning 0.records.0: sub.example.com is a zone of this node, which is delegated to its own nameservers: this record is not used; remove it',
  ]);
  assert.deepEqual(said([{ ...outer, records: [] }, inner], ['app.sub.example.com']), []);
});

test('a zone of ours is vouched for by its own keys, and by no DS that is written down', () => {
  const inner = { name: 'sub.example.com', nameservers: [{ name: 'ns.example.net' }] };
  const outer = { name: 'example.com', nameservers: [{ name: 'ns.example.net' }], records: [{ ...ds, name: 'sub' }] };
  assert.deepEqual(said([outer, inner], []), [
    'error 0.records.0.name: sub.example.com is a zone of this node, whose DS is made from its own keys; remove the DS record',
  ]);
});

test('below another zone of ours the outer one has no records', () => {
  const outer = { name: 'example.com', records: [{ name: 'x.sub', type: 'TXT', text: 'x' } as const] };
  const [problem, ...others] = said([outer, 'sub.example.com'], []);
  assert.match(problem ?? '', /^error 0\.records\.0\.name: x\.sub\.example\.com belongs to sub\.example\.com/);
  assert.deepEqual(others, []);
});

const nameservers: readonly (readonly [what: string, zone: Exclude<Zones[number], string>, says: readonly string[]])[] = [
  ['outside the zone it needs no address', { name: 'example.com', nameservers: [{ name: 'ns.example.net' }] }, []],
  [
    'inside the zone it does',
    { name: 'example.com', nameservers: [{ name: 'ns1.example.com' }] },
    ['ns1.example.com is inside the zone, so nobody could find it'],
  ],
  ['inside the zone with an address', { name: 'example.com', nameservers: [{ name: 'ns1.example.com', address: '192.0.2.53' }] }, []],
  [
    'inside the zone with a record',
    { name: 'example.com', nameservers: [{ name: 'ns1.example.com' }], records: [{ name: 'ns1', type: 'AAAA', address: '2001:db8::53' }] },
    [],
  ],
  [
    'a CNAME',
    {
      name: 'example.com',
      nameservers: [{ name: 'ns.example.com', address: '192.0.2.53' }],
      records: [{ name: 'ns', type: 'CNAME', target: 'x.example.net' }],
    },
    ['ns.example.com is a CNAME, which a nameserver cannot be'],
  ],
  [
    'a domain',
    { name: 'example.com', nameservers: [{ name: 'app.example.com', address: '192.0.2.53' }] },
    ['app.example.com is a domain, and a nameserver cannot move'],
  ],
  [
    'below a delegation',
    { name: 'example.com', nameservers: [{ name: 'ns.lab.example.com', address: '192.0.2.53' }], records: [cut] },
    ['ns.lab.example.com is at or below the NS record of lab.example.com'],
  ],
];

for (const [what, zone, says] of nameservers) {
  test(`a nameserver: ${what}`, () => {
    const all = said([zone]);
    assert.equal(all.length, says.length, all.join('\n') || 'no problem');
    for (const [index, words] of says.entries()) assert.ok(all[index]?.startsWith(`error 0.nameservers.0.name: ${words}`), all[index]);
  });
}
