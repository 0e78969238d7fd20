/** The shared table against the reference responder: over any zones, answers and packets they say the same bytes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SignedZones } from '../../src/nodes/dns/dnssec/zone-dnssec.ts';
import { textOf } from '../../src/nodes/dns/names.ts';
import { createCompiler } from '../../src/nodes/dns/table/compile.ts';
import type { CompiledChoice, CompiledName } from '../../src/nodes/dns/table/compiled.ts';
import type { ReplyParts } from '../../src/nodes/dns/table/reply-parts.ts';
import { isOnlySteered } from '../../src/nodes/dns/table/steered.ts';
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { closestZone, type ZoneSet } from '../../src/nodes/dns/zone.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import type { ServiceAnswer } from '../../src/projections/answers.ts';
import type { Family } from '../../src/projections/routing/family.ts';
import type { Wheel } from '../../src/projections/routing/wheel.ts';
import { anyPacket, askedName } from '../dns-arbitraries.ts';
import { signedZones } from '../dnssec-keys.ts';
import { pairOver, setPace } from '../table-beside-reference.ts';
import { tries } from '../tries.ts';
import { configure, demoTable, query } from '../unit/nodes/dns/demo.ts';

const transport = fc.constantFrom('udp' as const, 'tcp' as const);

const waitingFor = (name: string): SignedZones => ({
  ...signedZones(['demo.local', 'inner.demo.local']),
  waitsForKey: (zone) => zone.name === name,
});

describe('the demo zones', () => {
  const names = [
    'demo.local',
    'inner.demo.local',
    'deep.demo.local',
    'cut.demo.local',
    'ns.cut.demo.local',
    'safe.demo.local',
    'wide.demo.local',
  ].concat(
    [
      'app',
      'v4',
      'down',
      'silent',
      'www',
      'far',
      'out',
      'broken',
      'empty',
      'dark',
      'loop-a',
      'into-cut',
      'hop1',
      'hop2',
      'big',
      'middle',
      'mixed',
    ].map((label) => `${label}.demo.local`),
  );
  for (const [what, signed] of [
    ['unsigned', undefined],
    ['signed', signedZones(['demo.local', 'inner.demo.local'])],
    ['signed within an unsigned one', signedZones(['inner.demo.local'])],
    ['signed, and one within waits for its key', waitingFor('inner.demo.local')],
    ['waiting for a key, and one within is signed', waitingFor('demo.local')],
  ] as const) {
    it(`are answered as the reference answers them, ${what}`, () => {
      const pair = pairOver(demoTable(signed));
      fc.assert(
        fc.property(anyPacket(askedName(names)), transport, (packet, over) => pair.compare(packet, over)),
        tries(4000),
      );
    });
  }
});

const zoneNames = ['example.com', 'sub.example.com', 'a.b.sub.example.com', 'other.net'] as const;
const labels = ['a', 'b', 'www', 'x.y', 'ns', 'a.b', 'www.a', '@'] as const;
const nameIn = (zone: string, label: string) => (label === '@' ? zone : `${label}.${zone}`);
const allNames = zoneNames.flatMap((zone) => labels.map((label) => nameIn(zone, label)));

const target = fc.constantFrom(...allNames, 'elsewhere.org');
const ds = fc.record({
  type: fc.constant('DS'),
  key_tag: fc.nat({ max: 65_535 }),
  algorithm: fc.constant(13),
  digest_type: fc.constantFrom(2, 5),
  digest: fc.constantFrom('ab', '5c').map((byte) => byte.repeat(32)),
});
const record = fc.oneof(
  fc.record({ type: fc.constant('A'), address: fc.constantFrom('192.0.2.1', '192.0.2.2', '198.51.100.9'), ttl: fc.constantFrom(1, 60) }),
  fc.record({ type: fc.constant('AAAA'), address: fc.constantFrom('2001:db8::1', '2001:db8::2') }),
  fc.record({ type: fc.constant('CNAME'), target }),
  fc.record({ type: fc.constant('CNAME'), target }),
  fc.record({ type: fc.constant('NS'), target }),
  ds,
  fc.record({ type: fc.constant('MX'), preference: fc.constant(10), target }),
  fc.record({ type: fc.constant('TXT'), text: fc.integer({ min: 1, max: 900 }).map((length) => 't'.repeat(length)) }),
  fc.record({ type: fc.constant('CAA'), tag: fc.constant('issue'), value: fc.constant('ca.example') }),
);

type Draft =
  | { readonly kind: 'record'; readonly zone: number; readonly record: object }
  | { readonly kind: 'domain'; readonly name: string };
/** What comes together: seldom would a DS fall on a delegation by itself. */
const draft: fc.Arbitrary<readonly Draft[]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat({ max: 3 }), fc.constantFrom(...labels), record).map(([zone, ...drawn]) => [drafted(zone, ...drawn)]),
  },
  { weight: 3, arbitrary: fc.constantFrom(...allNames).map((name) => [{ kind: 'domain' as const, name }]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat({ max: 3 }), fc.constantFrom(...labels), target, fc.array(ds, { minLength: 1, maxLength: 3 }))
      .map(([zone, name, host, vouching]) => [{ type: 'NS', target: host }, ...vouching].map((body) => drafted(zone, name, body))),
  },
);
const drafted = (zone: number, name: string, body: object): Draft => ({ kind: 'record', zone, record: { name, ...body } });

/** Zones that can be served: what cannot stand beside the rest is left out. */
const zones: fc.Arbitrary<ZoneSet> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.array(draft, { minLength: 4, maxLength: 16 }))
  .map(([count, drafts]) => {
    const configured = zoneNames
      .slice(0, count)
      .map((name) => ({ name, nameservers: [{ name: `ns.${name}`, address: '192.0.2.53' }], records: [] as object[] }));
    const domains: string[] = [];
    const build = () => zoneSet(configure({ zones: configured }, domains), '192.0.2.53:53');
    for (const each of drafts.flat()) {
      const records = each.kind === 'record' ? configured[each.zone]?.records : undefined;
      const list: unknown[] = each.kind === 'domain' ? domains : (records ?? []);
      const item = each.kind === 'domain' ? each.name : each.record;
      if (list.includes(item)) continue;
      list.push(item);
      if (build().problems.length > 0) list.pop();
    }
    return build();
  });

const address: Readonly<Record<Family, readonly string[]>> = {
  A: ['203.0.113.1', '203.0.113.2', '203.0.113.3'],
  AAAA: ['2001:db8::a', '2001:db8::b', '2001:db8::c'],
};
const wheel = (family: Family): fc.Arbitrary<Wheel> =>
  fc.record({
    draw: fc.constantFrom('sequence' as const, 'chance' as const),
    spokes: fc.array(
      fc.record({
        addresses: fc.subarray([...address[family]], { minLength: 1 }),
        weight: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 }), fc.constantFrom(2 ** 31, 2 ** 40)),
      }),
      { maxLength: 4 },
    ),
  });
const familyAnswer = (family: Family) =>
  fc.option(
    fc
      .tuple(wheel(family), fc.constantFrom('fit' as const, 'draining' as const))
      .map(([each, tier]) => ({ tier: each.spokes.length > 0 ? tier : undefined, wheel: each })),
    { nil: undefined, freq: 4 },
  );
const serviceAnswer: fc.Arbitrary<ServiceAnswer> = fc.record({
  service: fc.constantFrom(...allNames),
  ttlSeconds: fc.constantFrom(0, 20, 3600),
  algorithm: fc.constantFrom('round-robin' as const, 'weighted' as const),
  families: fc.record({ A: familyAnswer('A'), AAAA: familyAnswer('AAAA') }),
  candidates: fc.constant([]),
});

type Step =
  | { readonly kind: 'publish'; readonly answers: readonly ServiceAnswer[] }
  | { readonly kind: 'zones'; readonly zones: ZoneSet }
  | { readonly kind: 'aside'; readonly zones: ZoneSet }
  | { readonly kind: 'go'; readonly steps: number }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'ask'; readonly packets: readonly Buffer[] };
const packets = fc.array(anyPacket(askedName(allNames)), { minLength: 10, maxLength: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.array(serviceAnswer, { minLength: 1, maxLength: 6 }).map((answers) => ({ kind: 'publish' as const, answers })),
    weight: 5,
  },
  { arbitrary: zones.map((set) => ({ kind: 'zones' as const, zones: set })), weight: 1 },
  { arbitrary: zones.map((set) => ({ kind: 'aside' as const, zones: set })), weight: 2 },
  { arbitrary: fc.nat({ max: 20 }).map((steps) => ({ kind: 'go' as const, steps })), weight: 3 },
  { arbitrary: fc.constant({ kind: 'refresh' as const }), weight: 1 },
  { arbitrary: packets.map((asked) => ({ kind: 'ask' as const, packets: asked })), weight: 5 },
);

describe('any zones and answers', () => {
  it('are answered as the reference answers them, whatever was published and replaced before', () => {
    const signedSets = fc.subarray([...zoneNames]);
    fc.assert(
      fc.property(
        zones,
        fc.array(serviceAnswer, { maxLength: 8 }),
        signedSets,
        fc.array(step, { minLength: 2, maxLength: 8 }),
        fc.nat(),
        (set, answers, signed, steps, seed) => {
          const source = createAnswerTable(set, 0, signed.length === 0 ? undefined : signedZones(signed));
          source.publish(answers, 1_000_000);
          const slices = setPace();
          const pair = pairOver(source, seed, slices);
          let at = 1_000_000;
          const ask = (asked: readonly Buffer[]) => {
            for (const [index, packet] of asked.entries()) pair.compare(packet, index % 3 === 0 ? 'tcp' : 'udp');
          };
          for (const each of steps) {
            at += 700;
            if (each.kind === 'publish') pair.writer.publish(each.answers, at);
            else if (each.kind === 'zones') pair.writer.replaceZones(each.zones, at);
            else if (each.kind === 'aside') void pair.writer.replaceZonesAside(each.zones, at);
            else if (each.kind === 'go') slices.go(each.steps);
            else if (each.kind === 'refresh') pair.writer.refresh(pair.writer.names());
            else ask(each.packets);
          }
          const replaced = steps.flatMap((each) => (each.kind === 'zones' || each.kind === 'aside' ? [each.zones] : []));
          slices.go(Number.POSITIVE_INFINITY);
          assert.equal(source.zones, replaced.at(-1) ?? set);
          ask(everyName(source.zones));
        },
      ),
      tries(50, 120_000),
    );
  });
});

describe('a name that is nothing but steered', () => {
  it('is put together as it is found out by asking', () => {
    let compared = 0;
    fc.assert(
      fc.property(zones, fc.array(serviceAnswer, { maxLength: 20 }), fc.subarray([...zoneNames]), (set, answers, signed) => {
        const source = createAnswerTable(set, 0, signed.length === 0 ? undefined : signedZones(signed));
        source.publish(answers, 1_000_000);
        const compiler = createCompiler(source);
        for (const zone of set.zones.values()) {
          for (const name of zone.nodes.keys()) {
            if (closestZone(set.zones, name) !== zone || !isOnlySteered(zone, name, source)) continue;
            compared += 1;
            assert.deepEqual(comparable(compiler.compile(zone, name)), comparable(compiler.compileByAsking(zone, name)));
          }
        }
      }),
      tries(150, 60_000),
    );
    assert.ok(compared > 100, `${compared} names were compared`);
  });
});

/** All that the table keeps of it. Pointers are patched in referrals only, and owners are told in `leansOn`. */
function comparable({ entries, others, below, leansOn }: CompiledName): object {
  const parts = ({ body, soa, patches: _, owners: __, ...rest }: ReplyParts) => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    return { ...rest, body: hex(body), soa: soa && { ...soa, owner: hex(soa.owner) } };
  };
  const choice = ({ draw, drawnFor, spokes, firstCounter = 0, ...rest }: CompiledChoice) => ({
    ...{ ...rest, draw, firstCounter },
    // By chance nothing is counted, unless a spoke is.
    drawnFor: draw === 'sequence' || spokes.some(({ decision }) => decision !== undefined) ? drawnFor : undefined,
    spokes: spokes.map(({ plain, signed, ...spoke }) => ({ ...spoke, plain: parts(plain), signed: parts(signed) })),
  });
  return {
    ...{ below, leansOn, others: choice(others) },
    entries: entries.map((entry) => ({ type: entry.type, choice: choice(entry.choice) })),
  };
}

/** Every name that exists, for every type that may be at it, plain and for who wants signatures. */
function everyName(set: ZoneSet): Buffer[] {
  const names = new Set([...set.zones.values()].flatMap((zone) => [...zone.nodes.keys()].map((name) => textOf(name))));
  return [...names].flatMap((name) =>
    [1, 28, 2, 5, 6, 16, 43, 46, 47, 48, 255, 999].flatMap((type) => [
      query(name, { type }),
      query(`z.${name}`, { type, edns: { flags: 0x8000 } }),
      query(name, { type, edns: { flags: 0x8000 } }),
    ]),
  );
}
