import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { nameOf, textOf } from '../../../../src/nodes/dns/names.ts';
import { createAnswerTable } from '../../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../../src/nodes/dns/zones.ts';
import { asker, configure, demoConfiguration, lines, read, serviceAnswer } from './demo.ts';

const zonesOf = (dns: object, domains: readonly string[] = [], listenAddress = '192.0.2.53:53') =>
  zoneSet(configure(dns, domains), listenAddress);
const askZones = (dns: object, domains: readonly string[] = [], listenAddress?: string) =>
  asker(createAnswerTable(zonesOf(dns, domains, listenAddress), 0));

describe('zones without configuration', () => {
  it('are one for each domain, with ns1 at the listen address', () => {
    const ask = askZones({}, ['app.demo.local', 'api.demo.local']);
    const reply = read(ask('app.demo.local', { type: 2 }));
    assert.deepEqual(lines(reply.answers), ['app.demo.local NS ns1.app.demo.local']);
    assert.deepEqual(lines(reply.additionals), ['ns1.app.demo.local A 192.0.2.53']);
    assert.equal(read(ask('demo.local')).rcode, 'REFUSED');
    assert.deepEqual(zonesOf({}, ['app.demo.local']).problems, []);
  });

  it('have IPv6 glue at an IPv6 listen address', () => {
    const reply = read(askZones({}, ['app.demo.local'], '[2001:DB8::53]:53')('ns1.app.demo.local', { type: 28 }));
    assert.deepEqual(lines(reply.answers), ['ns1.app.demo.local AAAA 2001:db8::53']);
  });

  it('have no glue where the node listens on every address, and say so', () => {
    for (const listenAddress of [':53', '0.0.0.0:53', '[::]:53']) {
      const set = zonesOf({}, ['app.demo.local'], listenAddress);
      assert.equal(set.warnings.length, 1, listenAddress);
      assert.match(set.warnings[0] ?? '', /zone app\.demo\.local: its nameserver ns1\.app\.demo\.local has no address.*dns\.zones/);
      assert.equal(read(asker(createAnswerTable(set, 0))('ns1.app.demo.local')).rcode, 'NXDOMAIN');
    }
  });

  it('may lie in each other: the outer one delegates, the inner one answers', () => {
    const ask = askZones({}, ['demo.local', 'deep.app.demo.local']);
    assert.equal(read(ask('deep.app.demo.local', { type: 6 })).answers[0]?.name, 'deep.app.demo.local');
    assert.equal(read(ask('deep.app.demo.local', { type: 43 })).authorities[0]?.name, 'demo.local');
    assert.equal(read(ask('app.demo.local')).rcode, 'NOERROR');
  });
});

describe('zones of the configuration', () => {
  it('hold their own names only, and every name above one that exists', () => {
    const nameservers = [{ name: 'ns.example.com', address: '192.0.2.1' }];
    const records = [{ name: 'a.b.c', type: 'TXT', text: 'deep' }];
    const [zone] = zonesOf({ zones: [{ name: 'demo.local', nameservers, records }] }).zones.values();
    assert.deepEqual([...(zone?.nodes.keys() ?? [])].map(textOf).sort(), [
      'a.b.c.demo.local',
      'b.c.demo.local',
      'c.demo.local',
      'demo.local',
    ]);
  });

  it('do not warn of a nameserver in an inner zone, which has the address', () => {
    const inner = { name: 'inner.demo.local', nameservers: [{ name: 'ns.inner.demo.local', address: '192.0.2.1' }] };
    const outer = { name: 'demo.local', nameservers: [{ name: 'ns.inner.demo.local' }] };
    assert.deepEqual(zonesOf({ zones: [outer, inner] }).warnings, []);
  });

  it('are fine as the demo has them', () => {
    const { problems, warnings } = zoneSet(demoConfiguration, demoConfiguration.dns.listen_address);
    assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
  });

  it('warn of a nameserver of their own without an address, not of another zone', () => {
    const nameservers = [{ name: 'ns1.demo.local' }, { name: 'ns.elsewhere.example' }, { name: 'ns2.demo.local' }];
    const records = [{ name: 'ns2', type: 'A', address: '192.0.2.54' }];
    const { warnings } = zonesOf({ zones: [{ name: 'demo.local', nameservers, records }] });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /ns1\.demo\.local/);
  });

  it('take names relative, whole with a final dot, and @', () => {
    const records = ['a.b', 'c.demo.local.', '@', 'D'].map((name) => ({ name, type: 'TXT', text: name }));
    const ask = askZones({ zones: [{ name: 'demo.local', records }] });
    for (const name of ['a.b.demo.local', 'c.demo.local', 'demo.local', 'd.demo.local']) {
      assert.equal(read(ask(name, { type: 16 })).answers.length, 1, name);
    }
  });

  it('take whole targets, @, and the root where it says that there is none', () => {
    const records = [
      { type: 'MX', target: '.', preference: 0 },
      { name: '_x._tcp', type: 'SRV', port: 0, target: '.' },
      { name: 'www', type: 'CNAME', target: '@' },
      { name: 'far', type: 'CNAME', target: 'Other.Example.' },
    ];
    const ask = askZones({ zones: [{ name: 'demo.local', records }] });
    assert.deepEqual(lines(read(ask('demo.local', { type: 15 })).answers), ['demo.local MX 0 .']);
    assert.deepEqual(lines(read(ask('_x._tcp.demo.local', { type: 33 })).answers), ['_x._tcp.demo.local SRV 0 0 0 .']);
    assert.deepEqual(lines(read(ask('www.demo.local', { type: 5 })).answers), ['www.demo.local CNAME demo.local']);
    assert.deepEqual(lines(read(ask('far.demo.local', { type: 5 })).answers), ['far.demo.local CNAME other.example']);
  });

  it('give one RRset one TTL, the shortest, and each record once', () => {
    const records = [30, 10, 20].map((ttl, index) => ({ name: 'a', type: 'A', address: `192.0.2.${index % 2}`, ttl }));
    const { answers } = read(askZones({ zones: [{ name: 'demo.local', records }] })('a.demo.local'));
    assert.deepEqual(
      answers.map((answer) => (answer as { ttl: number }).ttl),
      [10, 10],
    );
  });

  it('split long text into strings of 255 bytes, and keep short ones apart', () => {
    const records = [
      { name: 'long', type: 'TXT', text: 'é'.repeat(200) },
      { name: 'short', type: 'TXT', text: ['a', '', 'b'] },
    ];
    const ask = askZones({ zones: [{ name: 'demo.local', records }] });
    const textOf = (name: string) => {
      const bytes = ask(name, { type: 16, edns: {} }).reply;
      assert.ok(bytes);
      const [answer] = (decode(bytes).answers ?? []) as unknown as { data: Buffer[] }[];
      return answer?.data ?? [];
    };
    assert.deepEqual(
      textOf('long.demo.local').map(({ length }) => length),
      [255, 145],
    );
    assert.equal(Buffer.concat(textOf('long.demo.local')).toString(), 'é'.repeat(200));
    assert.deepEqual(textOf('short.demo.local').map(String), ['a', '', 'b']);
  });
});

describe('a problem', () => {
  const a = { type: 'A', address: '192.0.2.1' };
  const ds = { name: 'safe', type: 'DS', key_tag: 1, algorithm: 13, digest_type: 2, digest: 'ab'.repeat(32) };
  const rows: readonly [what: string, records: readonly object[], problem: RegExp][] = [
    ['a wildcard', [{ ...a, name: '*' }], /dns\.zones\[0\]\.records\[0\]: "\*" is no name/],
    ['an empty label', [a, { ...a, name: 'a..b' }], /dns\.zones\[0\]\.records\[1\]: "a\.\.b" is no name/],
    ['a name outside', [{ ...a, name: 'www.example.com.' }], /"www\.example\.com\." is outside the zone demo\.local/],
    ['a target of one label', [{ name: 'www', type: 'CNAME', target: 'app' }], /write app\.demo\.local/],
    ['NS at the apex', [{ type: 'NS', target: 'ns.example.com' }], /go to dns\.zones\[0\]\.nameservers/],
    [
      'two CNAMEs',
      ['a.example', 'b.example'].map((target) => ({ name: 'www', type: 'CNAME', target })),
      /www\.demo\.local has more than one CNAME/,
    ],
    [
      'a CNAME beside others',
      [
        { name: 'www', type: 'CNAME', target: 'a.example' },
        { ...a, name: 'www' },
      ],
      /www\.demo\.local is a CNAME, so nothing else/,
    ],
    ['a CNAME at the apex', [{ type: 'CNAME', target: 'a.example' }], /demo\.local is a CNAME/],
    ['a CNAME at a domain', [{ name: 'app', type: 'CNAME', target: 'a.example' }], /app\.demo\.local is a CNAME/],
    ['an address at a domain', [{ ...a, name: 'app' }], /app\.demo\.local is a domain: its servers are its addresses/],
    [
      'a delegated domain',
      [{ name: 'app', type: 'NS', target: 'ns.example.com' }],
      /app\.demo\.local is a domain at or below an NS record/,
    ],
    [
      'records at a cut',
      [
        { name: 'cut', type: 'NS', target: 'ns.example.com' },
        { name: 'cut', type: 'TXT', text: 'x' },
      ],
      /cut\.demo\.local is handed to other/,
    ],
    [
      'records below a cut',
      [
        { name: 'cut', type: 'NS', target: 'ns.example.com' },
        { name: 'x.cut', type: 'TXT', text: 'x' },
      ],
      /x\.cut\.demo\.local is handed to other/,
    ],
    ['DS at the apex', [{ ...ds, name: '@' }], /records\[0\]: the DS of demo\.local itself stands in the zone above it; give it/],
    ['DS without NS', [ds], /safe\.demo\.local has a DS record and is not handed to other nameservers/],
    [
      'DS below a cut',
      [
        { name: 'safe', type: 'NS', target: 'ns.example.com' },
        { ...ds, name: 'x.safe' },
      ],
      /x\.safe\.demo\.local is handed to other/,
    ],
    [
      'DS of a zone of ours',
      [{ ...ds, name: 'inner' }],
      /inner\.demo\.local is a zone of this node, whose DS is made from its own keys; remove its DS/,
    ],
    [
      'a digest that was cut short',
      [
        { name: 'safe', type: 'NS', target: 'ns.example.com' },
        { ...ds, digest: 'ab'.repeat(31) },
      ],
      /records\[1\]: a DS digest of type 2 has 32 bytes, and this one has 31; copy/,
    ],
    ['records in an inner zone', [{ name: 'inner', type: 'TXT', text: 'x' }], /inner\.demo\.local is handed to other/],
    [
      'too many bytes',
      [{ name: 'big', type: 'TXT', text: 'x'.repeat(50_000) }],
      /big\.demo\.local has records of one type that are longer/,
    ],
  ];
  for (const [what, records, problem] of rows) {
    it(`is ${what}`, () => {
      const { problems } = zonesOf({ zones: [{ name: 'demo.local', records }, 'inner.demo.local'] }, ['app.demo.local']);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
    });
  }

  it('is a domain outside every zone, and a zone that is there twice', () => {
    const { problems } = zonesOf({ zones: ['demo.local', 'demo.local'] }, ['app.demo.local', 'app.example.com']);
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? '', /dns\.zones\[1\]: demo\.local is there twice/);
    assert.match(problems[1] ?? '', /domains\[1\]: app\.example\.com is in none of dns\.zones/);
  });

  it('is a zone whose name leaves no room', () => {
    const name = [63, 63, 63, 55].map((length) => 'a'.repeat(length)).join('.');
    assert.match(zonesOf({}, [name]).problems[0] ?? '', /domains\[0\]: .* leaves no room/);
  });
});

describe('the table', () => {
  const zones = zonesOf({ zones: ['demo.local', 'other.local'] }, ['app.demo.local', 'app.other.local']);
  const serials = (table: ReturnType<typeof createAnswerTable>) =>
    ['demo.local', 'other.local'].map((name) => {
      const zone = table.zones.zones.get(nameOf(name) ?? assert.fail());
      return table.serialOf(zone ?? assert.fail());
    });
  const answer = serviceAnswer('app.demo.local', { A: ['192.0.2.1'] });

  it('takes answers one by one, and dates only the zone whose answer changed', () => {
    const table = createAnswerTable(zones, 1_000_000);
    assert.deepEqual(serials(table), [1000, 1000]);
    table.publish([answer], 2_000_999);
    assert.deepEqual(serials(table), [2000, 1000]);
    table.publish([{ ...serviceAnswer('app.demo.local', { A: ['192.0.2.1'] }), algorithm: 'failover' }], 3_000_000);
    assert.deepEqual(serials(table), [2000, 1000], 'it says the same as before');
    assert.equal(table.answerOf('app.demo.local')?.algorithm, 'failover');
    table.publish([{ ...answer, ttlSeconds: 1 }], 4_000_000);
    assert.deepEqual(serials(table), [4000, 1000]);
  });

  it('never lets a serial go back', () => {
    const table = createAnswerTable(zones, 9_000_000);
    table.publish([answer], 1_000_000);
    assert.deepEqual(serials(table), [9000, 9000]);
  });

  it('leaves out answers that no name asks for', () => {
    const table = createAnswerTable(zones, 0);
    for (const service of ['demo.local', 'gone.demo.local', 'example.com', '']) {
      table.publish([serviceAnswer(service, { A: ['192.0.2.1'] })], 5000);
      assert.equal(table.answerOf(service), undefined);
    }
    assert.deepEqual(serials(table), [0, 0]);
  });

  it('keeps the answers that new zones still steer, and the responder sees both at once', () => {
    const table = createAnswerTable(zones, 0);
    const ask = asker(table);
    table.publish([answer, serviceAnswer('app.other.local', { A: ['192.0.2.2'] })], 1000);
    table.replaceZones(zonesOf({ zones: ['demo.local'] }, ['app.demo.local']), 2000);
    assert.deepEqual(lines(read(ask('app.demo.local')).answers), ['app.demo.local A 192.0.2.1']);
    assert.equal(read(ask('app.other.local')).rcode, 'REFUSED');
    assert.equal(table.answerOf('app.other.local'), undefined);
  });
});
