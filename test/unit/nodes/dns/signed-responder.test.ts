import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { types } from '../../../../src/nodes/dns/codes.ts';
import { createAnswerTable } from '../../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../../src/nodes/dns/zones.ts';
import { anchorsOf, signedZones } from '../../../dnssec-keys.ts';
import { validated } from '../../../dnssec-validator.ts';
import { type Asked, asker, configure, demoTable, lines, query, read } from './demo.ts';

const dnssecOk: Asked = { edns: { flags: 0x8000 } };
const signed = signedZones(['demo.local', 'inner.demo.local']);
const anchors = anchorsOf(signed);
const now = Date.now();
const ask = asker(demoTable(signed));
const plainAsk = asker(demoTable());

const askedWith = (name: string, type: number, transport: 'udp' | 'tcp' = 'tcp') => ask(name, { type, ...dnssecOk }, transport);
const signaturesIn = (records: ReturnType<typeof read>['answers']) =>
  records.flatMap((record) =>
    record.type === ('RRSIG' as string) ? [(record as unknown as { data: { typeCovered: string } }).data.typeCovered] : [],
  );
const shown = (records: ReturnType<typeof read>['answers']) =>
  records.filter((record) => record.type !== 'OPT').map((record) => record.type);

type Verdict = ReturnType<typeof validated>;
interface Row {
  readonly ask: string;
  readonly type: keyof typeof types;
  readonly proves: Verdict;
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
}

const soa = ['SOA', 'RRSIG'];
const rows: readonly Row[] = [
  { ask: 'app.demo.local', type: 'A', proves: 'answer', answer: ['A', 'RRSIG'] },
  { ask: 'app.demo.local', type: 'ANY', proves: 'answer', answer: ['A', 'RRSIG'] },
  { ask: 'demo.local', type: 'SOA', proves: 'answer', answer: soa },
  {
    ask: 'demo.local',
    type: 'NS',
    proves: 'answer',
    answer: ['NS', 'NS', 'RRSIG'],
    additional: ['A', 'RRSIG', 'AAAA', 'RRSIG'],
  },
  { ask: 'demo.local', type: 'DNSKEY', proves: 'answer', answer: ['DNSKEY', 'RRSIG'] },
  { ask: 'demo.local', type: 'NSEC', proves: 'answer', answer: ['NSEC', 'RRSIG'] },
  { ask: 'big.demo.local', type: 'TXT', proves: 'answer', answer: ['TXT', 'RRSIG'] },
  // Aliases: each link by its own zone, and the proof at the end.
  { ask: 'www.demo.local', type: 'A', proves: 'answer', answer: ['CNAME', 'RRSIG', 'A', 'RRSIG'] },
  { ask: 'www.demo.local', type: 'CNAME', proves: 'answer', answer: ['CNAME', 'RRSIG'] },
  { ask: 'www.demo.local', type: 'ANY', proves: 'answer', answer: ['CNAME', 'RRSIG'] },
  { ask: 'www.demo.local', type: 'NSEC', proves: 'answer', answer: ['NSEC', 'RRSIG'] },
  { ask: 'www.demo.local', type: 'MX', proves: 'nodata', answer: ['CNAME', 'RRSIG'], authority: [...soa, 'NSEC', 'RRSIG'] },
  {
    ask: 'broken.demo.local',
    type: 'A',
    proves: 'nxdomain',
    answer: ['CNAME', 'RRSIG'],
    authority: [...soa, 'NSEC', 'RRSIG', 'NSEC', 'RRSIG'],
  },
  {
    ask: 'into-cut.demo.local',
    type: 'A',
    proves: 'referral',
    answer: ['CNAME', 'RRSIG'],
    authority: ['NS', 'NS', 'NSEC', 'RRSIG'],
    additional: ['A'],
  },
  // Denials.
  { ask: 'v4.demo.local', type: 'AAAA', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'down.demo.local', type: 'TXT', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'deep.demo.local', type: 'A', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'deep.demo.local', type: 'NSEC', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'demo.local', type: 'CDS', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'demo.local', type: 'DS', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'nowhere.demo.local', type: 'A', proves: 'nxdomain', authority: [...soa, 'NSEC', 'RRSIG', 'NSEC', 'RRSIG'] },
  { ask: 'x.app.demo.local', type: 'A', proves: 'nxdomain', authority: [...soa, 'NSEC', 'RRSIG', 'NSEC', 'RRSIG'] },
  { ask: 'x.www.demo.local', type: 'A', proves: 'nxdomain', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: '*.demo.local', type: 'A', proves: 'nxdomain', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'x.inner.demo.local', type: 'A', proves: 'nxdomain', authority: [...soa, 'NSEC', 'RRSIG', 'NSEC', 'RRSIG'] },
  // Delegations: to others without DS and with two, to ourselves with one.
  { ask: 'a.cut.demo.local', type: 'A', proves: 'referral', authority: ['NS', 'NS', 'NSEC', 'RRSIG'], additional: ['A'] },
  { ask: 'cut.demo.local', type: 'NSEC', proves: 'referral', authority: ['NS', 'NS', 'NSEC', 'RRSIG'], additional: ['A'] },
  { ask: 'cut.demo.local', type: 'DS', proves: 'nodata', authority: [...soa, 'NSEC', 'RRSIG'] },
  { ask: 'a.safe.demo.local', type: 'A', proves: 'signed referral', authority: ['NS', 'DS', 'DS', 'RRSIG'], additional: ['A'] },
  { ask: 'safe.demo.local', type: 'NSEC', proves: 'signed referral', authority: ['NS', 'DS', 'DS', 'RRSIG'], additional: ['A'] },
  { ask: 'ns.safe.demo.local', type: 'DS', proves: 'signed referral', authority: ['NS', 'DS', 'DS', 'RRSIG'], additional: ['A'] },
  { ask: 'safe.demo.local', type: 'DS', proves: 'answer', answer: ['DS', 'DS', 'RRSIG'] },
  { ask: 'inner.demo.local', type: 'DS', proves: 'answer', answer: ['DS', 'RRSIG'] },
  { ask: 'inner.demo.local', type: 'NS', proves: 'answer', answer: ['NS', 'RRSIG'], additional: ['A', 'RRSIG'] },
];

describe('what is answered with DO', () => {
  for (const row of rows) {
    it(`${row.ask} ${row.type} is proven: ${row.proves}`, () => {
      const outcome = askedWith(row.ask, types[row.type]);
      assert.ok(outcome.reply);
      const reply = read(outcome);
      assert.deepEqual(
        [shown(reply.answers), shown(reply.authorities), shown(reply.additionals)],
        [row.answer ?? [], row.authority ?? [], row.additional ?? []],
      );
      assert.equal(validated(outcome.reply, anchors, now), row.proves);
    });
  }

  it('has each RRSIG behind what it covers, with its owner and its TTL', () => {
    const { answers } = read(askedWith('far.demo.local', types.AAAA));
    assert.deepEqual(signaturesIn(answers), ['CNAME', 'CNAME', 'AAAA']);
    const ttls = answers.map((record) => (record as { ttl?: number }).ttl);
    assert.deepEqual(ttls, [60, 60, 60, 60, 20, 20]);
    assert.deepEqual(
      answers.map(({ name }) => name),
      ['far', 'far', 'www', 'www', 'app', 'app'].map((label) => `${label}.demo.local`),
    );
    const denial = read(askedWith('nowhere.demo.local', types.A)).authorities;
    assert.deepEqual(
      denial.map((record) => (record as { ttl?: number }).ttl),
      [30, 30, 30, 30, 30, 30],
    );
  });

  it('still counts what was chosen', () => {
    const outcome = askedWith('www.demo.local', types.A);
    assert.ok('decision' in outcome && outcome.decision?.service === 'app.demo.local');
  });

  it('is the signature of the NSEC where signatures are asked for, with DO and without', () => {
    for (const asked of [dnssecOk, {}]) {
      const { answers } = read(ask('www.demo.local', { type: types.RRSIG, ...asked }));
      assert.deepEqual([shown(answers), signaturesIn(answers)], [['RRSIG'], ['NSEC']]);
    }
    assert.deepEqual(lines(read(ask('deep.demo.local', { type: types.RRSIG })).answers), []);
  });

  it('is truncated where the proof does not fit, and never sent without it', () => {
    const sections = (size: number) => {
      const decoded = read(ask('nowhere.demo.local', { edns: { size, flags: 0x8000 } }));
      return [decoded.flag_tc, shown(decoded.authorities)];
    };
    assert.deepEqual(sections(512), [true, []]);
    assert.deepEqual(sections(1232), [false, ['SOA', 'RRSIG', 'NSEC', 'RRSIG', 'NSEC', 'RRSIG']]);
  });
});

describe('without DO, or where a zone has no keys', () => {
  it('nothing of DNSSEC is said that was not asked for', () => {
    for (const row of rows) {
      if (['NSEC', 'DNSKEY', 'DS', 'RRSIG'].includes(row.type)) continue;
      const outcome = ask(row.ask, { type: types[row.type] }, 'tcp');
      const plain = plainAsk(row.ask, { type: types[row.type] }, 'tcp');
      assert.deepEqual(shown(read(outcome).answers), shown(read(plain).answers), row.ask);
      assert.deepEqual(read(outcome).authorities, read(plain).authorities, row.ask);
      assert.deepEqual(read(outcome).additionals, read(plain).additionals, row.ask);
    }
    assert.deepEqual(shown(read(ask('demo.local', { type: types.DNSKEY })).answers), ['DNSKEY']);
  });

  it('a zone without keys answers as ever, and a signed one around it says that it has none', () => {
    const outer = signedZones(['demo.local']);
    const askOuter = asker(demoTable(outer));
    const asked = (name: string, type: number) => askOuter(name, { type, ...dnssecOk }, 'tcp').reply ?? assert.fail();
    assert.equal(validated(asked('inner.demo.local', types.DS), anchorsOf(outer), now), 'nodata');
    for (const name of ['inner.demo.local', 'x.inner.demo.local']) {
      const plain = plainAsk(name, { type: types.NS, ...dnssecOk }, 'tcp').reply ?? assert.fail();
      assert.deepEqual(decode(asked(name, types.NS)), decode(plain));
    }
    const none = asker(demoTable(signedZones([])));
    assert.deepEqual(shown(read(none('a.safe.demo.local', dnssecOk)).authorities), ['NS'], 'a DS that nobody signed goes with no referral');
    assert.deepEqual(shown(read(none('safe.demo.local', { type: types.DS, ...dnssecOk })).answers), ['DS', 'DS']);
    for (const name of ['app.demo.local', 'nowhere.demo.local', 'cut.demo.local', 'demo.local']) {
      const reply = (each: typeof none) => each(name, { type: types.MX, ...dnssecOk }).reply;
      assert.deepEqual(reply(none), reply(plainAsk));
    }
  });
});

describe('a validator', () => {
  it('calls bogus what was tampered with, has expired, or is not yet good', () => {
    const { reply } = askedWith('app.demo.local', types.A);
    assert.ok(reply);
    const behindQuestion = query('app.demo.local').length;
    const tampered = Buffer.from(reply);
    // The last byte of the address, then one within the signature.
    for (const at of [behindQuestion + 15, behindQuestion + 80]) {
      tampered[at] = (tampered[at] ?? 0) ^ 1;
      assert.throws(() => validated(tampered, anchors, now), /no good signature/);
      tampered[at] = (tampered[at] ?? 0) ^ 1;
    }
    assert.equal(validated(tampered, anchors, now), 'answer');
    assert.throws(() => validated(reply, anchors, now + 9 * 86_400_000), /no good signature/);
    assert.throws(() => validated(reply, anchors, now - 2 * 3_600_000), /no good signature/);
  });
});

describe('the addresses of the nameservers of a delegation', () => {
  const records = [
    { name: 'lent', type: 'NS', target: 'ns.example.net' },
    { name: 'both', type: 'NS', target: 'ns.example.net' },
    { name: 'both', type: 'NS', target: 'ns.both.example.net' },
    { name: 'ns.both', type: 'A', address: '192.0.2.60' },
    { name: 'many', type: 'NS', target: 'hosts.example.net' },
    ...Array.from({ length: 40 }, (_, last) => ({ name: 'hosts', type: 'AAAA', address: `2001:db8::${last + 1}` })),
  ];
  const zone = { name: 'example.net', nameservers: [{ name: 'ns.example.net', address: '192.0.2.53' }], records };
  const zones = zoneSet(configure({ zones: [zone] }), '192.0.2.53:53');
  const referral = (name: string, isSigned: boolean, edns: Asked = dnssecOk) =>
    read(asker(createAnswerTable(zones, 0, isSigned ? signedZones(['example.net']) : undefined))(name, edns));
  const rows: readonly (readonly [name: string, isSigned: boolean, asked: Asked, additional: readonly string[]])[] = [
    ['x.lent.example.net', true, dnssecOk, ['A', 'RRSIG']],
    ['x.lent.example.net', true, {}, ['A']],
    ['x.lent.example.net', false, dnssecOk, ['A']],
    ['x.both.example.net', true, dnssecOk, ['A']],
    ['x.both.example.net', true, {}, ['A', 'A']],
    ['x.both.example.net', false, dnssecOk, ['A', 'A']],
  ];
  for (const [name, isSigned, asked, additional] of rows) {
    it(`${name}, ${isSigned ? 'signed' : 'unsigned'}, ${asked === dnssecOk ? 'with' : 'without'} DO: ${additional.join(' ')}`, () => {
      assert.deepEqual(shown(referral(name, isSigned, asked).additionals), additional);
    });
  }

  it('are spared where their signatures make them too long, and glue is what goes where there is both', () => {
    const {
      flag_tc: isTruncated,
      authorities,
      additionals,
    } = referral('x.many.example.net', true) as ReturnType<typeof read> & {
      readonly flag_tc: boolean;
    };
    assert.deepEqual([isTruncated, shown(authorities), shown(additionals)], [false, ['NS', 'NSEC', 'RRSIG'], []]);
    const both = referral('x.both.example.net', true).additionals;
    assert.deepEqual(lines(both), ['ns.both.example.net A 192.0.2.60']);
  });
});
