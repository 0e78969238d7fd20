/**
 * Clauses of the RFCs that no other test is about, by RFC, asked of the reference and of the shared table alike. The table
 * in docs/dns.md says which clause is held by which test, here and elsewhere.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { types } from '../../../../src/nodes/dns/codes.ts';
import type { SignedZones } from '../../../../src/nodes/dns/dnssec/zone-dnssec.ts';
import { type AnswerTable, createAnswerTable } from '../../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../../src/nodes/dns/zones.ts';
import type { ServiceAnswer } from '../../../../src/projections/answers.ts';
import { signedZones } from '../../../dnssec-keys.ts';
import { pairOver } from '../../../table-beside-reference.ts';
import {
  type Ask,
  type Asked,
  asker,
  configure,
  demoConfiguration,
  demoTable,
  lines,
  optRecord,
  query,
  read,
  serviceAnswer,
  subnetOption,
} from './demo.ts';

/** Asks the reference, and holds the table to it. */
function both(table: AnswerTable): Ask {
  const pair = pairOver(table);
  const ask = asker(table);
  return (name, asked, transport = 'udp') => {
    pair.compare(query(name, asked), transport, '198.51.100.7');
    return ask(name, asked, transport);
  };
}

const ask = both(demoTable());
const dnssecOk: Asked = { edns: { flags: 0x8000 } };
const signed = signedZones(['demo.local', 'inner.demo.local']);

/** What is not in the demo zones. */
const records = [
  { name: 'to-inner', type: 'CNAME', target: 'nowhere.inner.demo.local' },
  { name: 'to-inner-empty', type: 'CNAME', target: 'app.inner.demo.local' },
  { name: 'to-cut', type: 'CNAME', target: 'www.cut.demo.local' },
  { name: 'cut', type: 'NS', target: 'ns.cut.demo.local' },
  { name: 'cut', type: 'NS', target: 'ns.elsewhere.example' },
  { name: 'cut', type: 'NS', target: 'ns2.cut.demo.local' },
  { name: 'ns.cut', type: 'A', address: '192.0.2.99' },
  { name: 'ns.cut', type: 'AAAA', address: '2001:db8::99' },
  { name: 'ns2.cut', type: 'A', address: '192.0.2.98' },
  { type: 'MX', preference: 10, target: 'mail.demo.local' },
  { name: 'mail', type: 'A', address: '192.0.2.25' },
  { name: '_sip._tcp', type: 'SRV', port: 5060, target: 'mail.demo.local' },
];
const zones = [
  { name: 'demo.local', nameservers: [{ name: 'ns1.demo.local', address: '192.0.2.53' }], records },
  { name: 'inner.demo.local', nameservers: [{ name: 'ns9.demo.local' }] },
];

function tableOf(dns: object = {}, signedAs?: SignedZones): AnswerTable {
  const configuration = configure({ listen_address: '192.0.2.53:53', zones, ...dns }, ['app.demo.local', 'app.inner.demo.local']);
  const set = zoneSet(configuration, configuration.dns.listen_address);
  assert.deepEqual(set.problems, []);
  const table = createAnswerTable(set, 0, signedAs);
  table.publish(
    [serviceAnswer('app.demo.local', { A: ['192.0.2.1', '192.0.2.2'] }), serviceAnswer('app.inner.demo.local', { A: ['192.0.2.3'] })],
    1_000,
  );
  return table;
}

interface Record {
  readonly owner: string;
  readonly type: number;
  readonly ttl: number;
  readonly rdata: Buffer;
  readonly section: 'answer' | 'authority' | 'additional';
}

/** Records by their bytes, for what a library would hide. Owners are followed through pointers, which must lead back. */
function recordsOf(message: Buffer): Record[] {
  const sections = ['answer', 'authority', 'additional'] as const;
  const owners = (from: number): { readonly name: string; readonly end: number } => {
    let [at, end, name] = [from, 0, ''];
    for (;;) {
      const length = message[at] ?? assert.fail('a name runs out of the message');
      if (length >= 0xc0) {
        const target = message.readUInt16BE(at) & 0x3fff;
        assert.ok(target < at, 'a pointer leads back');
        end ||= at + 2;
        at = target;
      } else if (length === 0) return { name: name || '.', end: end || at + 1 };
      else {
        name += `${message.toString('latin1', at + 1, at + 1 + length)}.`;
        at += 1 + length;
      }
    }
  };
  let at = owners(12).end + 4;
  const found = sections.flatMap((section, index) =>
    Array.from({ length: message.readUInt16BE(6 + 2 * index) }, (): Record => {
      const { name: owner, end } = owners(at);
      const until = end + 10 + message.readUInt16BE(end + 8);
      at = until;
      return {
        owner,
        type: message.readUInt16BE(end),
        ttl: message.readUInt32BE(end + 4),
        rdata: message.subarray(end + 10, until),
        section,
      };
    }),
  );
  assert.equal(at, message.length, 'the message ends with its last record');
  return found;
}

const bytesOf = (...asked: Parameters<Ask>): Buffer => {
  const { reply } = ask(...asked);
  return reply ?? assert.fail('nothing was said');
};
const allTypes = Object.values(types);
const allNames = [
  ...new Set(
    Object.values(demoConfiguration.dns.zones).flatMap(({ name, records: of }) =>
      of.map((each) => (each.name === '@' ? name : `${each.name}.${name}`)),
    ),
  ),
];

describe('RFC 1034', () => {
  it('4.2.1: a referral has the glue of each of its nameservers that is ours, and of no other', () => {
    const { authorities, additionals } = read(both(tableOf())('x.cut.demo.local'));
    assert.equal(authorities.length, 3);
    assert.deepEqual(lines(additionals), [
      'ns.cut.demo.local A 192.0.2.99',
      'ns.cut.demo.local AAAA 2001:db8::99',
      'ns2.cut.demo.local A 192.0.2.98',
    ]);
  });

  it('4.3.2 step 3: any type asked at an alias leads on, any type at or below a cut leads down, types that nobody knows too', () => {
    for (const type of [types.TXT, 4711, 65_280]) {
      assert.deepEqual(lines(read(ask('www.demo.local', { type })).answers), ['www.demo.local CNAME app.demo.local']);
      assert.equal(read(ask('cut.demo.local', { type })).authorities.length, 2);
    }
  });

  it('4.3.2 step 6: MX and SRV bring no addresses along; resolvers ask for them', () => {
    const other = both(tableOf());
    for (const [name, type] of [
      ['demo.local', types.MX],
      ['_sip._tcp.demo.local', types.SRV],
    ] as const) {
      const { answers, additionals } = read(other(name, { type }));
      assert.deepEqual([answers.length, additionals.length], [1, 0]);
    }
  });
});

describe('RFC 1035', () => {
  it('3.3, and RFC 3597 4: names within rdata are whole, whatever stands in the message before', () => {
    const expected: [string, number, string][] = [
      ['demo.local', types.NS, '\x03ns1\x04demo\x05local\0'],
      ['demo.local', types.MX, '\0\x0a\x04mail\x04demo\x05local\0'],
      ['www.demo.local', types.CNAME, '\x03app\x04demo\x05local\0'],
      ['_https._tcp.demo.local', types.SRV, '\0\0\0\0\x01\xbb\x03app\x04demo\x05local\0'],
    ];
    for (const [name, type, rdata] of expected) assert.equal(recordsOf(bytesOf(name, { type }))[0]?.rdata.toString('latin1'), rdata);
    const [soa] = recordsOf(bytesOf('demo.local', { type: types.SOA }));
    assert.ok(soa?.rdata.toString('latin1').startsWith('\x03ns1\x04demo\x05local\0\x0ahostmaster\x04demo\x05local\0'));
  });

  it('4.1.1: a referral is not authoritative, and behind an alias it is: AA speaks of the first name', () => {
    const other = both(tableOf());
    const aa = (name: string) => read(other(name)).flag_aa;
    assert.deepEqual(
      [aa('x.cut.demo.local'), aa('to-cut.demo.local'), aa('app.demo.local'), aa('nowhere.demo.local')],
      [false, true, true, true],
    );
  });

  it('4.1.4: pointers of a query are never followed, so none can loop: in the question FORMERR, behind it passed over', () => {
    const header = (additional: number) => [0x12, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, additional];
    const question = [4, 109, 97, 105, 108, 4, 100, 101, 109, 111, 5, 108, 111, 99, 97, 108, 0, 0, 1, 0, 1];
    const pointing = (...name: number[]) => Buffer.from([...header(0), ...name, 0, 1, 0, 1]);
    const withOwner = (...owner: number[]) => Buffer.from([...header(1), ...question, ...owner, 0, 99, 0, 1, 0, 0, 0, 0, 0, 0]);
    const pair = pairOver(demoTable());
    const rcodeOf = (packet: Buffer) => {
      pair.compare(packet, 'udp');
      return (pair.ask(packet)?.readUInt16BE(2) ?? -1) & 0xf;
    };
    const inQuestion = [pointing(0xc0, 12), pointing(1, 97, 0xc0, 12), pointing(0xc0, 14, 0xc0, 12), pointing(0xff, 0xff)];
    assert.deepEqual(inQuestion.map(rcodeOf), [1, 1, 1, 1]);
    // To itself, forwards, into the header, beyond the end.
    const behind = [withOwner(0xc0, 33), withOwner(0xc0, 40), withOwner(0xc0, 0), withOwner(0xff, 0xff), withOwner(1, 97, 0xc0, 33)];
    assert.deepEqual(behind.map(rcodeOf), [0, 0, 0, 0, 0]);
  });

  it('2.3.4, 3.2.1, and RFC 2181 8: no name, label, TTL or message that is sent is beyond its limit', () => {
    for (const name of allNames) {
      for (const type of allTypes) {
        const reply = bytesOf(name, { type });
        assert.ok(reply.length <= 512);
        for (const { ttl } of recordsOf(reply)) assert.ok(ttl <= 604_800);
      }
    }
    for (const ttl of [-1, 604_801, 2 ** 31]) assert.throws(() => tableOf({ default_ttl: ttl }), /default_ttl|expected|Too/);
  });

  it('6.2: the rcode of a name that exists does not depend on the type that is asked for', () => {
    for (const name of allNames) {
      const denied = [types.A, types.TXT, types.MX, 4711, types.ANY].map((type) => read(ask(name, { type })).rcode);
      assert.ok(!denied.includes('NXDOMAIN') || name.startsWith('broken'), `${name}: ${denied}`);
    }
  });
});

describe('RFC 2181', () => {
  for (const [what, of, asked] of [
    ['plain', both(demoTable()), {}],
    ['signed', both(demoTable(signed)), dnssecOk],
  ] as const) {
    it(`5.1, 5.2, 5.5: an RRset is sent once and whole, no record twice, all of one TTL, ${what}`, () => {
      const whole = new Map<string, number>();
      for (const name of allNames) {
        for (const type of allTypes) {
          const { reply } = of(name, { type, ...asked }, 'tcp');
          const found = recordsOf(reply ?? assert.fail(name)).filter((record) => record.type !== types.OPT);
          const sets = new Map<string, Record[]>();
          for (const record of found) {
            const covered = record.type === types.RRSIG ? record.rdata.readUInt16BE(0) : 0;
            const key = `${record.owner.toLowerCase()} ${record.type} ${covered}`;
            sets.set(key, [...(sets.get(key) ?? []), record]);
          }
          for (const [key, set] of sets) {
            assert.equal(new Set(set.map(({ ttl }) => ttl)).size, 1, key);
            assert.equal(new Set(set.map(({ section }) => section)).size, 1, key);
            assert.equal(new Set(set.map(({ rdata }) => rdata.toString('hex'))).size, set.length, key);
            if (!key.startsWith('app') && !key.startsWith('v4')) assert.equal(whole.get(key) ?? set.length, set.length, key);
            whole.set(key, set.length);
          }
        }
      }
      assert.ok(whole.size > 30);
    });
  }

  it('6.1: the NS of a zone are authoritative in it, and those above it are not even asked', () => {
    const other = both(tableOf());
    const own = read(other('inner.demo.local', { type: types.NS }));
    assert.deepEqual([own.flag_aa, lines(own.answers)], [true, ['inner.demo.local NS ns9.demo.local']]);
    const cut = read(other('cut.demo.local', { type: types.NS }));
    assert.deepEqual([cut.flag_aa, cut.answers.length, cut.authorities.length], [false, 0, 3]);
  });

  it('7.3: the SOA names the first nameserver as the primary one, not the zone', () => {
    const [soa] = read(both(tableOf())('inner.demo.local', { type: types.SOA })).answers;
    assert.equal((soa as { data: { mname: string } }).data.mname, 'ns9.demo.local');
  });
});

describe('RFC 2308', () => {
  it('2.1, 2.2: a "no" behind an alias is that of the zone in which it ends', () => {
    const other = both(tableOf());
    const missing = read(other('to-inner.demo.local'));
    assert.deepEqual([missing.rcode, lines(missing.answers).length, missing.authorities[0]?.name], ['NXDOMAIN', 1, 'inner.demo.local']);
    const empty = read(other('to-inner-empty.demo.local', { type: types.MX }));
    assert.deepEqual([empty.rcode, lines(empty.answers).length, empty.authorities[0]?.name], ['NOERROR', 1, 'inner.demo.local']);
  });

  it('2.1, 2.2: there is never an NS beside the SOA of a "no", which would look like a referral', () => {
    for (const name of ['nowhere.demo.local', 'app.demo.local', 'deep.demo.local', 'www.demo.local']) {
      assert.deepEqual([...new Set(read(ask(name, { type: types.MX })).authorities.map(({ type }) => type))], ['SOA'], name);
    }
  });

  it('3, 5: the SOA of a "no" has the smaller of its own TTL and its minimum, so that no cache keeps it for longer', () => {
    const [kept] = recordsOf(bytesOf('nowhere.demo.local'));
    assert.deepEqual([kept?.type, kept?.ttl, kept?.rdata.readUInt32BE(kept.rdata.length - 4)], [types.SOA, 30, 30]);
  });

  it('7: what cannot be answered now is SERVFAIL, with nothing that a cache could keep', () => {
    for (const type of [types.A, types.AAAA, types.ANY]) {
      const { rcode, answers, authorities, additionals } = read(ask('down.demo.local', { type }));
      assert.deepEqual([rcode, answers, authorities, additionals], ['SERVFAIL', [], [], []]);
    }
  });
});

describe('RFC 6891', () => {
  const other = Buffer.from([1, 107, 0, 0, 99, 0, 1, 0, 0, 0, 0, 0, 1, 7]);
  const every: readonly [what: string, name: string, asked: Asked][] = [
    ['an answer', 'app.demo.local', {}],
    ['a "no"', 'nowhere.demo.local', {}],
    ['a referral', 'x.cut.demo.local', {}],
    ['SERVFAIL', 'down.demo.local', {}],
    ['REFUSED', 'example.com', {}],
    ['FORMERR for the type', 'app.demo.local', { type: types.OPT }],
    ['NOTIMP for the type', 'app.demo.local', { type: 200 }],
    ['TC', 'big.demo.local', { type: types.TXT }],
  ];
  const optsIn = (reply: Buffer) => recordsOf(reply).filter(({ type }) => type === types.OPT);

  for (const [what, name, asked] of every) {
    it(`6.1.1: one OPT is in the reply where one was in the query, else none: ${what}`, () => {
      assert.equal(optsIn(bytesOf(name, asked)).length, 0);
      const opts = optsIn(bytesOf(name, { ...asked, edns: {} }));
      assert.deepEqual(
        opts.map(({ owner, section }) => [owner, section]),
        [['.', 'additional']],
      );
    });
  }

  it('6.1.1: OPT may stand anywhere among the additional records', () => {
    for (const tail of [Buffer.concat([other, optRecord({})]), Buffer.concat([optRecord({}), other])]) {
      assert.equal(optsIn(bytesOf('app.demo.local', { counts: [1, 0, 0, 2], tail })).length, 1);
    }
  });

  it('6.1.1, 7: two OPT are FORMERR, and so is what is broken behind one; both replies have an OPT, and no option', () => {
    const subnet = optRecord({ options: subnetOption(1, 24, 0, [192, 0, 2]) });
    for (const tail of [Buffer.concat([subnet, optRecord({})]), Buffer.concat([subnet, other.subarray(0, -1)])]) {
      const reply = bytesOf('app.demo.local', { counts: [1, 0, 0, 2], tail });
      assert.equal(reply.readUInt16BE(2) & 0xf, 1);
      assert.deepEqual(
        optsIn(reply).map(({ rdata }) => rdata.length),
        [0],
      );
    }
  });

  it('6.1.3, 6.1.4: the version of a reply is 0, and its flags are DO alone', () => {
    for (const version of [0, 1, 255]) {
      const [opt] = optsIn(bytesOf('app.demo.local', { edns: { version, flags: 0xffff } }));
      assert.equal((opt?.ttl ?? 0) & 0xffffff, 0x008000);
    }
  });

  it('6.2.3: a client that says less than 512 bytes gets 512', () => {
    const lengthFor = (size: number) => bytesOf('middle.demo.local', { type: types.TXT, edns: { size } }).length;
    assert.equal(lengthFor(0), lengthFor(512));
    const fits = (size: number) => read(ask('demo.local', { type: types.NS, edns: { size } })).answers.length;
    assert.deepEqual([fits(0), fits(1), fits(511)], [2, 2, 2]);
  });

  it('6.2.5: no reply over UDP is longer than 1232 bytes, whatever the client can take', () => {
    const of = both(demoTable(signed));
    for (const name of allNames) {
      for (const type of allTypes) assert.ok((of(name, { type, edns: { size: 65_535, flags: 0x8000 } }).reply?.length ?? 0) <= 1232);
    }
  });
});

describe('RFC 7871', () => {
  const option = subnetOption(1, 24, 0, [10, 1, 2]);
  const scopeOf = (reply: Buffer | null) => {
    const opt = reply === null ? undefined : recordsOf(reply).find(({ type }) => type === types.OPT);
    return opt === undefined || opt.rdata.length === 0 ? undefined : opt.rdata[7];
  };
  const spoke = (address: string) => ({ draw: 'sequence' as const, spokes: [{ addresses: [address], weight: 1 }] });
  const placed: ServiceAnswer = {
    ...serviceAnswer('app.demo.local', {}),
    families: {
      A: { tier: 'fit', wheel: spoke('192.0.2.1'), places: [{ region: 'eu', wheel: spoke('192.0.2.2') }] },
      AAAA: { tier: undefined, wheel: { draw: 'sequence', spokes: [] } },
    },
    clients: { usesSubnet: true, networks: [{ cidr: '10.0.0.0/8', region: 'eu', comment: null, source: 'config' }] },
  };
  const table = demoTable();
  table.publish([placed], 2_000_000_000_000);
  const ofPlaces = both(table);
  const subnet = { edns: { options: option } };

  it('7.2.1: what is answered for everybody has scope 0: referrals, denials, records, refusals and failures', () => {
    const asked: [string, Asked][] = [
      ['x.cut.demo.local', {}],
      ['nowhere.demo.local', {}],
      ['app.demo.local', { type: types.TXT }],
      ['app.demo.local', { type: types.AAAA }],
      ['demo.local', { type: types.MX }],
      ['example.com', {}],
      ['down.demo.local', {}],
    ];
    for (const [name, more] of asked) assert.equal(scopeOf(ofPlaces(name, { ...more, ...subnet }).reply), 0, name);
    assert.equal(scopeOf(ofPlaces('app.demo.local', subnet).reply), 8, 'and this one is not for everybody');
  });

  it('7.2.1: a reply has the option where the query had it, and nowhere else, and then family, prefix and address come back', () => {
    assert.equal(scopeOf(ofPlaces('app.demo.local', { edns: {} }).reply), undefined);
    assert.equal(scopeOf(ofPlaces('app.demo.local').reply), undefined);
    const opt = recordsOf(ofPlaces('app.demo.local', subnet).reply ?? assert.fail()).find(({ type }) => type === types.OPT);
    assert.deepEqual(opt?.rdata, subnetOption(1, 24, 8, [10, 1, 2]));
  });

  it('7.1.2, 7.5: a client that hides its subnet is not given away: scope 0, and nothing but its own prefix of 0 comes back', () => {
    const opt = recordsOf(ofPlaces('app.demo.local', { edns: { options: subnetOption(1, 0, 0, []) } }).reply ?? assert.fail()).at(-1);
    assert.deepEqual(opt?.rdata, subnetOption(1, 0, 0, []));
  });

  it('7.2.1: a truncated reply has its scope as well', () => {
    const many = {
      ...placed.families.A,
      wheel: {
        draw: 'sequence' as const,
        spokes: [{ addresses: Array.from({ length: 90 }, (_, index) => `192.0.2.${index}`), weight: 1 }],
      },
    };
    const large = demoTable();
    large.publish([{ ...placed, families: { A: { ...many, tier: 'fit' }, AAAA: undefined } }], 2_000_000_000_000);
    const reply = both(large)('app.demo.local', { edns: { options: subnetOption(1, 24, 0, [192, 0, 2]) } }).reply ?? assert.fail();
    assert.deepEqual([decode(reply).flag_tc, scopeOf(reply)], [true, 1]);
  });
});

describe('RFC 8482', () => {
  it('4.1, 4.4: ANY is one RRset over UDP and over TCP, the same', () => {
    for (const name of ['demo.local', 'mail.demo.local', 'mixed.demo.local', 'www.demo.local']) {
      const typesIn = (transport: 'udp' | 'tcp') =>
        [
          ...new Set(
            recordsOf(bytesOf(name, { type: types.ANY }, transport)).map(({ type, section }) => (section === 'answer' ? type : 0)),
          ),
        ].filter((type) => type !== 0);
      assert.equal(typesIn('udp').length, 1, name);
      assert.deepEqual(typesIn('udp'), typesIn('tcp'));
    }
  });

  it('4.1: with DO the one RRset has its signature, and no type is answered that NSEC does not name', () => {
    const of = both(demoTable(signed));
    for (const name of allNames) {
      const reply = of(name, { type: types.ANY, ...dnssecOk }, 'tcp').reply ?? assert.fail(name);
      const answer = recordsOf(reply).filter(({ section, type }) => section === 'answer' && type !== types.RRSIG);
      const nsec = read(of(name, { type: types.NSEC, ...dnssecOk }, 'tcp')).answers.find(({ type }) => type === 'NSEC');
      if (answer.length === 0 || nsec === undefined) continue;
      const named = (nsec as unknown as { data: { rrtypes: string[] } }).data.rrtypes;
      const said = Object.entries(types).find(([, type]) => type === answer[0]?.type)?.[0] ?? '';
      assert.ok(named.includes(said), `${name}: ${said} of ${named}`);
    }
  });
});
