import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { types } from '../../../../../src/nodes/dns/codes.ts';
import { type Control, controlOf, enter, generationOf, publicationOf, tallyOf } from '../../../../../src/nodes/dns/table/control.ts';
import type { TableBuffers } from '../../../../../src/nodes/dns/table/reader.ts';
import { createTableWriter } from '../../../../../src/nodes/dns/table/writer.ts';
import { createAnswerTable } from '../../../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../../../src/nodes/dns/zones.ts';
import { signedZones } from '../../../../dnssec-keys.ts';
import { type Pair, pairOver, setPace } from '../../../../table-beside-reference.ts';
import { configure, type Decoded, demoSerial, demoTable, lines, query, serviceAnswer } from '../demo.ts';

const at = (demoSerial + 10) * 1000;
const one = (address: string) => serviceAnswer('app.demo.local', { A: [address] });
const addressesIn = (reply: Buffer | null) => lines(((reply && decode(reply)) as Decoded).answers).map((line) => line.split(' ').at(-1));

describe('what is published', () => {
  it('is what is answered from then on, at the name and behind its aliases', () => {
    const pair = pairOver(demoTable());
    pair.writer.publish([one('192.0.2.200')], at);
    assert.deepEqual(addressesIn(pair.ask(query('app.demo.local'))), ['192.0.2.200']);
    assert.deepEqual(addressesIn(pair.ask(query('far.demo.local'))).at(-1), '192.0.2.200');
  });

  it('has a number, a position and a moment that every thread can read, and never gives way to an older one', () => {
    const writer = createTableWriter(demoTable(), { workers: 1 });
    const before = writer.publication.number;
    writer.publish([one('192.0.2.200')], at, 50);
    assert.deepEqual(publicationOf(controlOf(writer.control, 1)), { number: before + 1, position: 50, at });
    assert.throws(() => writer.publish([one('192.0.2.201')], at + 1, 49), /I6/);
    assert.throws(() => writer.replaceZones(writer.zones, at + 1, 49), /I6/);
    assert.deepEqual(writer.answerOf('app.demo.local')?.families.A?.wheel.spokes[0]?.addresses, ['192.0.2.200']);
  });

  it('moves the serial of the zone with the reference, also where only the reason has changed', () => {
    const pair = pairOver(demoTable());
    const answer = one('192.0.2.200');
    const drained = {
      ...answer,
      families: { ...answer.families, A: answer.families.A && { ...answer.families.A, tier: 'draining' as const } },
    };
    for (const [index, each] of [answer, drained, drained].entries()) {
      pair.writer.publish([each], at + index * 5000);
      pair.compare(query('demo.local', { type: types.SOA }), 'udp');
      pair.compare(query('nowhere.demo.local'), 'udp');
    }
  });

  it('is counted under the number of the service, where it was asked for by its own name', () => {
    const pair = pairOver(demoTable());
    const [reader] = pair.readers;
    pair.ask(query('app.demo.local'));
    assert.equal(reader?.saidService, pair.writer.serviceNumbers().get('app.demo.local'));
    assert.deepEqual([reader?.saidRcode, reader?.saidDraw], [0, 0]);
    for (const name of ['www.demo.local', 'nowhere.demo.local', 'example.com']) {
      pair.ask(query(name));
      assert.equal(reader?.saidService, -1, name);
    }
  });

  it('costs no new block where nothing is said otherwise', () => {
    const writer = createTableWriter(demoTable(), { workers: 1 });
    enter(controlOf(writer.control, 1), 0);
    writer.publish([one('192.0.2.200')], at);
    const retired = writer.size().retiredBlocks;
    assert.ok(retired > 0, 'the old blocks wait for the reader');
    writer.publish([one('192.0.2.200')], at);
    assert.equal(writer.size().retiredBlocks, retired);
  });
});

describe('blocks that were replaced', () => {
  it('wait for a reader that may be reading them, and no longer once it is known to be dead', () => {
    const writer = createTableWriter(demoTable(), { workers: 2 });
    enter(controlOf(writer.control, 2), 1);
    for (let change = 1; change < 20; change += 1) writer.publish([one(`192.0.2.${change}`)], at + change);
    const { retiredBlocks, bufferBytes } = writer.size();
    assert.ok(retiredBlocks >= 19, `${retiredBlocks}`);
    writer.forget(1);
    writer.publish([one('192.0.2.100')], at);
    assert.equal(writer.size().retiredBlocks, 0);
    for (let change = 1; change < 5000; change += 1) writer.publish([one(`192.0.2.${change % 250}`)], at);
    assert.equal(writer.size().bufferBytes, bufferBytes, 'changes for ever need no more room');
  });
});

describe('zones that are replaced aside', () => {
  const zonesOf = (...domains: string[]) => zoneSet(configure({ zones: ['demo.local'] }, domains), '192.0.2.53:53');
  const answer = (name: string, address: string) => serviceAnswer(`${name}.demo.local`, { A: [address] });
  const before = () => {
    const source = createAnswerTable(zonesOf('stays.demo.local', 'goes.demo.local'), 0, signedZones(['demo.local']));
    source.publish([answer('stays', '192.0.2.1'), answer('goes', '192.0.2.2')], at);
    const slices = setPace();
    return { source, slices, pair: pairOver(source, 1, slices) };
  };
  const after = zonesOf('stays.demo.local', 'comes.demo.local');
  const asked = (pair: Pair, name: string) => {
    const question = query(`${name}.demo.local`, { edns: { flags: 0x8000 } });
    pair.compare(question, 'tcp');
    return addressesIn(pair.ask(question)).filter((data) => data?.startsWith('192.0.2.'));
  };

  it('are answered when all is laid out, and those of before until then; what is published meanwhile goes to both', async () => {
    const { source, slices, pair } = before();
    const old = source.zones;
    const replaced = pair.writer.replaceZonesAside(after, at + 1000, 7);
    // The apex, its nameserver, and one of the two names that are to be served.
    slices.go(3);
    pair.writer.publish([answer('stays', '192.0.2.11'), answer('goes', '192.0.2.12'), answer('comes', '192.0.2.13')], at + 2000, 8);
    assert.equal(source.zones, old);
    assert.equal(pair.writer.zones, after, 'whoever asks what is served is told of what will be');
    assert.deepEqual(
      ['stays', 'goes', 'comes'].map((name) => asked(pair, name)),
      [['192.0.2.11'], ['192.0.2.12'], []],
    );
    slices.go(2);
    pair.writer.publish([answer('stays', '192.0.2.21'), answer('comes', '192.0.2.23')], at + 3000, 9);
    slices.go(Number.POSITIVE_INFINITY);
    await replaced;
    assert.equal(source.zones, after);
    assert.deepEqual(
      ['stays', 'goes', 'comes'].map((name) => asked(pair, name)),
      [['192.0.2.21'], [], ['192.0.2.23']],
    );
    assert.deepEqual({ ...pair.writer.publication, number: 0 }, { number: 0, position: 9, at: at + 3000 }, 'I6: never back');
    pair.writer.publish([answer('comes', '192.0.2.33')], at + 4000);
    assert.deepEqual(asked(pair, 'comes'), ['192.0.2.33']);
  });

  it('give way to newer ones, and keep what was published for a name that those have too', async () => {
    const { source, slices, pair } = before();
    const first = pair.writer.replaceZonesAside(after, at + 1000);
    slices.go(2);
    pair.writer.publish([answer('comes', '192.0.2.13')], at + 2000);
    const newest = zonesOf('comes.demo.local', 'another.demo.local');
    const second = pair.writer.replaceZonesAside(newest, at + 3000);
    slices.go(Number.POSITIVE_INFINITY);
    assert.deepEqual(await Promise.all([first, second]), ['answered', 'answered'], 'whoever waited for the first hears of the newer');
    assert.equal(source.zones, newest);
    assert.deepEqual(
      ['stays', 'comes'].map((name) => asked(pair, name)),
      [[], ['192.0.2.13']],
    );
  });

  it('are forgotten where the table is stopped', async () => {
    const { source, slices, pair } = before();
    const old = source.zones;
    const replaced = pair.writer.replaceZonesAside(after, at + 1000);
    pair.writer.stop();
    assert.equal(await replaced, 'given up');
    slices.go(Number.POSITIVE_INFINITY);
    assert.equal(source.zones, old);
    assert.deepEqual(asked(pair, 'goes'), ['192.0.2.2']);
  });

  it('let others have their turn, where they are many', async () => {
    const { source, pair } = before();
    const writer = createTableWriter(source, { workers: 1 });
    const many = zonesOf(...Array.from({ length: 3000 }, (_, index) => `s${index}.demo.local`));
    let turns = 0;
    let isReplaced = false;
    const replaced = writer.replaceZonesAside(many, at + 1000).then(() => (isReplaced = true));
    while (!isReplaced) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    await replaced;
    assert.ok(turns > 3, `${turns} turns`);
    assert.equal(pair.writer.zones, many);
    assert.ok(writer.size().names > 3000);
  });

  it('are replaced before anything else happens, where they are few', () => {
    const { source } = before();
    const writer = createTableWriter(source, { workers: 1 });
    void writer.replaceZonesAside(after, at + 1000);
    assert.equal(source.zones, after);
  });
});

describe('a table that is full', () => {
  it('has every name where what stands at them needs more room than was guessed', () => {
    const text = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(200));
    const names = Array.from({ length: 200 }, (_, index) => `large-${index}`);
    const zone = { name: 'demo.local', records: names.map((name) => ({ name, type: 'TXT', text })) };
    const pair = pairOver(createAnswerTable(zoneSet(configure({ zones: [zone] }), '192.0.2.53:53'), 0));
    const guessed = 4 * (128 * names.length + (1 << 14));
    assert.ok(pair.writer.size().usedBytes > guessed, 'the buffer had to grow while it was laid out');
    for (const name of names) pair.compare(query(`${name}.demo.local`, { type: types.TXT }), 'tcp');
  });

  it('goes on in a larger buffer, which readers get before its generation is in force', () => {
    const names = Array.from({ length: 200 }, (_, index) => `s${index}.demo.local`);
    const table = demoTable();
    table.replaceZones(zoneSet(configure({ zones: ['demo.local'] }, names), '192.0.2.53:53'), at);
    const seen: TableBuffers[] = [];
    let control: Control | undefined;
    const onBuffers = (buffers: TableBuffers) => {
      if (control !== undefined) assert.ok(generationOf(control) < buffers.generation);
      seen.push(buffers);
    };
    const writer = createTableWriter(table, { workers: 1, onBuffers });
    control = controlOf(writer.control, 1);
    const wide = Array.from({ length: 250 }, (_, last) => `192.0.2.${last}`);
    for (const name of names) writer.publish([serviceAnswer(name, { A: wide })], at);
    assert.ok(seen.length > 1);
    assert.equal(seen.at(-1)?.generation, generationOf(control));
    assert.equal(seen.at(-1)?.table, writer.buffers().table);
    const pair = pairOver(table);
    assert.deepEqual(addressesIn(pair.ask(query('s199.demo.local'))), ['192.0.2.0']);
  });
});

describe('counting', () => {
  it('is by type and rcode, transport and reader, and by what was chosen', () => {
    const pair = pairOver(demoTable());
    for (let time = 0; time < 4; time += 1) pair.ask(query('app.demo.local'));
    pair.ask(query('www.demo.local'), 'tcp');
    pair.ask(query('nowhere.demo.local', { type: types.TXT }));
    pair.ask(query('app.demo.local', { counts: [2, 0, 0, 0] }));
    pair.ask(query('app.demo.local', { edns: { version: 1 } }));
    pair.ask(Buffer.alloc(3));
    pair.ask(query('app.demo.local', { flags: 0x8000 }));
    const control = controlOf(pair.writer.control, pair.writer.workers);
    assert.deepEqual(tallyOf(control, 0), {
      answered: [
        { transport: 'udp', type: 'A', rcode: 'NOERROR', count: 4 },
        { transport: 'udp', type: 'A', rcode: 'BADVERS', count: 1 },
        { transport: 'udp', type: 'TXT', rcode: 'NXDOMAIN', count: 1 },
        { transport: 'udp', type: 'none', rcode: 'FORMERR', count: 1 },
        { transport: 'tcp', type: 'A', rcode: 'NOERROR', count: 1 },
      ],
      dropped: [
        { transport: 'udp', reason: 'short', count: 1 },
        { transport: 'udp', reason: 'response', count: 1 },
      ],
    });
    assert.deepEqual(tallyOf(control, 1), { answered: [], dropped: [] });
    const chosen: string[] = [];
    pair.writer.collectDecisions(({ service, algorithm, addresses }, count) =>
      chosen.push(`${service} ${algorithm} ${addresses} ${count}`),
    );
    assert.deepEqual(chosen.sort(), [
      'app.demo.local round-robin 192.0.2.1 2',
      'app.demo.local round-robin 192.0.2.2 2',
      'app.demo.local round-robin 192.0.2.3 1',
    ]);
  });
});
