import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../src/nodes/dns/codes.ts';
import { createResponder } from '../../../../src/nodes/dns/responder.ts';
import { asker, demoSerial, demoTable, lines, query, read, serviceAnswer } from './demo.ts';

const soa = (zone = 'demo.local') => [`${zone} SOA ns1.${zone} hostmaster.${zone} ${demoSerial} 3600 600 604800 30`];
const delegation = ['cut.demo.local NS ns.cut.demo.local', 'cut.demo.local NS ns.elsewhere.example'];

const safe = { authority: ['safe.demo.local NS ns.safe.demo.local'], additional: ['ns.safe.demo.local A 192.0.2.98'] };

interface Row {
  readonly ask: string;
  readonly type: keyof typeof types | number;
  readonly rcode?: string;
  readonly aa?: boolean;
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
}

/** What is not said in a row: NOERROR, AA, and empty sections. */
const rows: readonly Row[] = [
  // Steered names.
  { ask: 'app.demo.local', type: 'A', answer: ['app.demo.local A 192.0.2.1'] },
  { ask: 'app.demo.local', type: 'AAAA', answer: ['app.demo.local AAAA 2001:db8::1'] },
  { ask: 'v4.demo.local', type: 'AAAA', authority: soa() },
  { ask: 'app.demo.local', type: 'MX', authority: soa() },
  { ask: 'app.demo.local', type: 4711, authority: soa() },
  { ask: 'down.demo.local', type: 'A', rcode: 'SERVFAIL', aa: false },
  { ask: 'down.demo.local', type: 'TXT', authority: soa() },
  { ask: 'silent.demo.local', type: 'AAAA', rcode: 'SERVFAIL', aa: false },
  // The apex, and static records.
  {
    ask: 'demo.local',
    type: 'SOA',
    answer: soa(),
  },
  {
    ask: 'demo.local',
    type: 'NS',
    answer: ['demo.local NS ns1.demo.local', 'demo.local NS ns.elsewhere.example'],
    additional: ['ns1.demo.local A 192.0.2.53', 'ns1.demo.local AAAA 2001:db8::53'],
  },
  { ask: 'demo.local', type: 'MX', answer: ['demo.local MX 10 mail.demo.local'] },
  { ask: 'demo.local', type: 'TXT', answer: ['demo.local TXT v=spf1 -all'] },
  { ask: 'demo.local', type: 'CAA', answer: ['demo.local CAA 0 issue ca.example false'] },
  { ask: 'demo.local', type: 'A', authority: soa() },
  { ask: '_https._tcp.demo.local', type: 'SRV', answer: ['_https._tcp.demo.local SRV 0 0 443 app.demo.local'] },
  { ask: 'mail.demo.local', type: 'A', answer: ['mail.demo.local A 192.0.2.25'] },
  { ask: 'mail.demo.local', type: 'SOA', authority: soa() },
  // Existence.
  { ask: 'nowhere.demo.local', type: 'A', rcode: 'NXDOMAIN', authority: soa() },
  { ask: 'x.app.demo.local', type: 'A', rcode: 'NXDOMAIN', authority: soa() },
  { ask: 'deep.demo.local', type: 'A', authority: soa() },
  { ask: '_tcp.demo.local', type: 'TXT', authority: soa() },
  { ask: '*.demo.local', type: 'A', rcode: 'NXDOMAIN', authority: soa() },
  // CNAME.
  { ask: 'www.demo.local', type: 'A', answer: ['www.demo.local CNAME app.demo.local', 'app.demo.local A 192.0.2.1'] },
  { ask: 'www.demo.local', type: 'CNAME', answer: ['www.demo.local CNAME app.demo.local'] },
  {
    ask: 'far.demo.local',
    type: 'AAAA',
    answer: ['far.demo.local CNAME www.demo.local', 'www.demo.local CNAME app.demo.local', 'app.demo.local AAAA 2001:db8::1'],
  },
  { ask: 'www.demo.local', type: 'MX', answer: ['www.demo.local CNAME app.demo.local'], authority: soa() },
  { ask: 'out.demo.local', type: 'A', answer: ['out.demo.local CNAME www.example.com'] },
  { ask: 'broken.demo.local', type: 'A', rcode: 'NXDOMAIN', answer: ['broken.demo.local CNAME nowhere.demo.local'], authority: soa() },
  { ask: 'empty.demo.local', type: 'A', answer: ['empty.demo.local CNAME mail.deep.demo.local'], authority: soa() },
  { ask: 'dark.demo.local', type: 'A', rcode: 'SERVFAIL', aa: false },
  {
    ask: 'loop-a.demo.local',
    type: 'A',
    answer: ['loop-a.demo.local CNAME loop-b.demo.local', 'loop-b.demo.local CNAME loop-a.demo.local'],
  },
  {
    ask: 'hop2.demo.local',
    type: 'A',
    answer: [
      ...[2, 3, 4, 5, 6, 7, 8, 9].map((hop) => `hop${hop}.demo.local CNAME hop${hop + 1}.demo.local`),
      'hop10.demo.local A 192.0.2.10',
    ],
  },
  {
    ask: 'hop1.demo.local',
    type: 'A',
    answer: [1, 2, 3, 4, 5, 6, 7, 8].map((hop) => `hop${hop}.demo.local CNAME hop${hop + 1}.demo.local`),
  },
  // Delegations.
  { ask: 'cut.demo.local', type: 'NS', aa: false, authority: delegation, additional: ['ns.cut.demo.local A 192.0.2.99'] },
  { ask: 'cut.demo.local', type: 'A', aa: false, authority: delegation, additional: ['ns.cut.demo.local A 192.0.2.99'] },
  { ask: 'ns.cut.demo.local', type: 'A', aa: false, authority: delegation, additional: ['ns.cut.demo.local A 192.0.2.99'] },
  { ask: 'a.b.cut.demo.local', type: 'DS', aa: false, authority: delegation, additional: ['ns.cut.demo.local A 192.0.2.99'] },
  { ask: 'cut.demo.local', type: 'DS', authority: soa() },
  {
    ask: 'into-cut.demo.local',
    type: 'A',
    answer: ['into-cut.demo.local CNAME www.cut.demo.local'],
    authority: delegation,
    additional: ['ns.cut.demo.local A 192.0.2.99'],
  },
  // What is vouched for is still delegated; without DO its DS comes to who asks for it alone.
  { ask: 'www.safe.demo.local', type: 'A', aa: false, ...safe },
  { ask: 'x.safe.demo.local', type: 'DS', aa: false, ...safe },
  {
    ask: 'safe.demo.local',
    type: 'DS',
    answer: [
      'safe.demo.local DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a475118',
      'safe.demo.local DS 60485 5 2 d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a',
    ],
  },
  // A zone of ours inside another.
  {
    ask: 'inner.demo.local',
    type: 'NS',
    answer: ['inner.demo.local NS ns1.inner.demo.local'],
    additional: ['ns1.inner.demo.local A 192.0.2.53'],
  },
  {
    ask: 'x.inner.demo.local',
    type: 'A',
    rcode: 'NXDOMAIN',
    authority: [`inner.demo.local SOA ns1.inner.demo.local hostmaster.inner.demo.local 0 3600 600 604800 30`],
  },
  { ask: 'inner.demo.local', type: 'DS', authority: soa() },
  { ask: 'demo.local', type: 'DS', authority: soa() },
  // Outside.
  { ask: 'example.com', type: 'A', rcode: 'REFUSED', aa: false },
  { ask: 'local', type: 'SOA', rcode: 'REFUSED', aa: false },
  { ask: 'xdemo.local', type: 'A', rcode: 'REFUSED', aa: false },
  { ask: '', type: 'NS', rcode: 'REFUSED', aa: false },
  // ANY is one RRset that exists.
  { ask: 'app.demo.local', type: 'ANY', answer: ['app.demo.local A 192.0.2.1'] },
  { ask: 'mail.demo.local', type: 'ANY', answer: ['mail.demo.local A 192.0.2.25'] },
  { ask: 'mixed.demo.local', type: 'ANY', answer: ['mixed.demo.local A 192.0.2.77'] },
  { ask: 'www.demo.local', type: 'ANY', answer: ['www.demo.local CNAME app.demo.local'] },
  { ask: 'deep.demo.local', type: 'ANY', authority: soa() },
  { ask: 'down.demo.local', type: 'ANY', rcode: 'SERVFAIL', aa: false },
  { ask: 'nowhere.demo.local', type: 'ANY', rcode: 'NXDOMAIN', authority: soa() },
  // Types that are no records.
  { ask: 'app.demo.local', type: 0, rcode: 'FORMERR', aa: false },
  { ask: 'app.demo.local', type: 'OPT', rcode: 'FORMERR', aa: false },
  { ask: 'app.demo.local', type: 'NXNAME', rcode: 'FORMERR', aa: false },
  { ask: 'app.demo.local', type: 'TSIG', rcode: 'FORMERR', aa: false },
  { ask: 'demo.local', type: 'AXFR', rcode: 'REFUSED', aa: false },
  { ask: 'demo.local', type: 'IXFR', rcode: 'REFUSED', aa: false },
  { ask: 'demo.local', type: 200, rcode: 'NOTIMP', aa: false },
  { ask: 'demo.local', type: 254, rcode: 'NOTIMP', aa: false },
  { ask: 'demo.local', type: 256, authority: soa() },
];

describe('what is answered', () => {
  for (const row of rows) {
    it(`${row.ask || '.'} ${row.type}`, () => {
      const type = typeof row.type === 'number' ? row.type : types[row.type];
      const reply = read(asker()(row.ask, { type }));
      assert.deepEqual(
        {
          rcode: reply.rcode,
          aa: reply.flag_aa,
          answer: lines(reply.answers),
          authority: lines(reply.authorities),
          additional: lines(reply.additionals),
        },
        {
          rcode: row.rcode ?? 'NOERROR',
          aa: row.aa ?? true,
          answer: row.answer ?? [],
          authority: row.authority ?? [],
          additional: row.additional ?? [],
        },
      );
    });
  }

  it('refuses every class but IN, also for its own names', () => {
    for (const classNumber of [0, 3, 4, 254, 255]) {
      assert.equal(read(asker()('demo.local', { type: types.SOA, class: classNumber })).rcode, 'REFUSED');
    }
    assert.equal(read(asker()('version.bind', { type: types.TXT, class: 3 })).rcode, 'REFUSED');
  });

  it('does not send a referral without the glue that it needs', () => {
    const referral = read(asker()('x.wide.demo.local'));
    assert.deepEqual([referral.flag_tc, referral.authorities.length], [true, 0]);
    assert.equal(read(asker()('x.wide.demo.local', {}, 'tcp')).additionals.length, 20);
  });

  it('gives ANY at the apex one RRset, not all', () => {
    const reply = read(asker()('demo.local', { type: types.ANY }));
    assert.deepEqual([...new Set(reply.answers.map(({ type }) => type))], ['NS']);
  });
});

describe('time to live', () => {
  const ttlOf = (record: unknown) => (record as { ttl: number }).ttl;

  it('is the service for steered names, its own for a record, the default for others', () => {
    const ask = asker();
    assert.equal(ttlOf(read(ask('app.demo.local')).answers[0]), 20);
    assert.equal(ttlOf(read(ask('mail.demo.local')).answers[0]), 120);
    assert.equal(ttlOf(read(ask('mail.demo.local', { type: types.AAAA })).answers[0]), 60);
  });

  it('is short for every no, whatever the SOA itself has', () => {
    const ask = asker();
    assert.equal(ttlOf(read(ask('demo.local', { type: types.SOA })).answers[0]), 3600);
    assert.equal(ttlOf(read(ask('nowhere.demo.local')).authorities[0]), 30);
    assert.equal(ttlOf(read(ask('app.demo.local', { type: types.MX })).authorities[0]), 30);
  });
});

describe('the draw', () => {
  const addressOf = (reply: ReturnType<typeof read>) => lines(reply.answers).at(-1)?.split(' ')[2];

  it('counts each family of each service apart, aliases with their target', () => {
    const ask = asker();
    const addresses = ['app A', 'v4 A', 'app A', 'www A', 'app AAAA', 'app A', 'app AAAA', 'app A'].map((asked) => {
      const [name, type] = asked.split(' ') as [string, 'A' | 'AAAA'];
      return addressOf(read(ask(`${name}.demo.local`, { type: types[type] })));
    });
    assert.deepEqual(addresses, [
      '192.0.2.1',
      '192.0.2.4',
      '192.0.2.2',
      '192.0.2.3',
      '2001:db8::1',
      '192.0.2.1',
      '2001:db8::2',
      '192.0.2.2',
    ]);
  });

  it('falls by chance where the wheel says so', () => {
    const table = demoTable();
    const answer = serviceAnswer('app.demo.local', { A: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'] });
    const wheel = { spokes: [3, 1].map((weight, index) => ({ addresses: [`192.0.2.${index + 1}`], weight })), draw: 'chance' as const };
    table.publish([{ ...answer, families: { A: { tier: 'fit', wheel }, AAAA: undefined } }], demoSerial * 1000);
    const responder = createResponder(table);
    const seen = new Map<string | undefined, number>();
    for (let step = 0; step < 1000; step += 1) {
      const draw = { sequence: () => assert.fail('not by sequence'), chance: () => (step * 0.618_033_988_7) % 1 };
      const reply = read(responder.respond(query('app.demo.local'), { address: '::1', port: 1, transport: 'udp' }, draw));
      seen.set(addressOf(reply), (seen.get(addressOf(reply)) ?? 0) + 1);
    }
    assert.ok(Math.abs((seen.get('192.0.2.1') ?? 0) - 750) < 50, `${[...seen]}`);
  });

  it('sends the addresses of a spoke together, in its order', () => {
    const table = demoTable();
    const answer = serviceAnswer('app.demo.local', {});
    const spokes = [{ addresses: ['192.0.2.9', '192.0.2.8'], weight: 1 }];
    table.publish([{ ...answer, families: { A: { tier: 'fit', wheel: { spokes, draw: 'sequence' } }, AAAA: undefined } }], 0);
    assert.deepEqual(lines(read(asker(table)('app.demo.local')).answers), ['app.demo.local A 192.0.2.9', 'app.demo.local A 192.0.2.8']);
  });
});

describe('the header and the question', () => {
  const flagsOf = (asked: Parameters<ReturnType<typeof asker>>[1]) => asker()('app.demo.local', asked).reply?.readUInt16BE(2);

  it('repeats RD, and sets none of RA, Z, AD and CD, whatever was asked', () => {
    assert.equal(flagsOf({ flags: 0 }), 0x8400);
    assert.equal(flagsOf({ flags: 0x0100 }), 0x8500);
    assert.equal(flagsOf({ flags: 0x07f5 }), 0x8500);
  });

  it('repeats id, question and capitals, in the owner names as well', () => {
    const asked = query('aPp.DeMo.LoCaL', { id: 0xbeef });
    const reply = asker()('aPp.DeMo.LoCaL', { id: 0xbeef }).reply;
    assert.ok(reply);
    assert.deepEqual(reply.subarray(0, 2), Buffer.from([0xbe, 0xef]));
    assert.deepEqual(reply.subarray(12, asked.length), asked.subarray(12));
    assert.deepEqual(reply.subarray(asked.length, asked.length + 2), Buffer.from([0xc0, 0x0c]), 'the owner points to the question');
    const denial = read(asker()('nO.DeMo.LoCaL'));
    assert.equal(denial.authorities[0]?.name, 'DeMo.LoCaL');
  });

  it('keeps labels of any bytes apart, folding only ASCII letters', () => {
    for (const name of ['\xc1pp.demo.local', '\0.demo.local', 'a\\.demo.local', '\xff\xfe.demo.local']) {
      const reply = asker()(name).reply;
      assert.ok(reply);
      assert.equal(reply.readUInt16BE(2) & 0xf, 3, name);
      assert.deepEqual(reply.subarray(12, query(name).length), query(name).subarray(12));
    }
  });
});
