/** A validator that knows nothing of the program finds a proof in every signed reply, whatever the zones and the question. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { exportZone } from '../../src/nodes/dns/zone-export.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import { anchorsOf, signedZones } from '../dnssec-keys.ts';
import { type Anchors, validated } from '../dnssec-validator.ts';
import { tries } from '../tries.ts';
import { asker, configure, serviceAnswer } from '../unit/nodes/dns/demo.ts';

const label = fc.constantFrom('a', 'b', 'bb', 'c-c', 'w');
const relative = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const record = fc.oneof(
  relative.map((name) => ({ name, type: 'TXT', text: 'x' })),
  relative.map((name) => ({ name, type: 'AAAA', address: '2001:db8::1' })),
  fc.tuple(relative, relative).map(([name, target]) => ({ name, type: 'CNAME', target: `${target}.z.test` })),
  relative.map((name) => ({ name, type: 'NS', target: `ns.${name}.z.test` })),
  relative.map((name) => ({ name: `ns.${name}`, type: 'A', address: '192.0.2.9' })),
);
const family = fc.option(fc.array(fc.constantFrom(1, 2, 3), { minLength: 1, maxLength: 2 }), { nil: undefined });
const service = fc.record({ name: relative, A: family, AAAA: family, isKnown: fc.boolean() });
const zones = fc.record({
  records: fc.array(record, { maxLength: 6 }),
  services: fc.uniqueArray(service, { maxLength: 3, selector: ({ name }) => name }),
  cut: fc.option(label, { nil: undefined }),
  inner: fc.option(relative, { nil: undefined }),
  innerIsSigned: fc.boolean(),
});
/** Names of the zone, names just beside them in canonical order, and names below. */
const beside = fc.constantFrom('', '!', '0', '~', '-');
const asked = fc.record({
  labels: fc.array(
    fc.tuple(label, beside).map(([one, more]) => one + more),
    { maxLength: 4 },
  ),
  type: fc.constantFrom(1, 2, 5, 6, 16, 28, 43, 46, 47, 48, 255, 4711),
});

type Generated = typeof zones extends fc.Arbitrary<infer T> ? T : never;

/** What stands for one generated zone; undefined where such a zone is refused. */
function signedTable({ records, services, cut, inner, innerIsSigned }: Generated) {
  const names = ['z.test', ...(inner === undefined ? [] : [`${inner}.z.test`])];
  const delegation = cut === undefined ? [] : [{ name: cut, type: 'NS', target: 'ns.elsewhere.example' }];
  const configuration = configure(
    { listen_address: '192.0.2.53:53', zones: [{ name: 'z.test', records: [...records, ...delegation] }, ...names.slice(1)] },
    services.map(({ name }) => `${name}.z.test`),
  );
  const set = zoneSet(configuration, '192.0.2.53:53');
  if (set.problems.length > 0) return undefined;
  const signed = signedZones(innerIsSigned ? names : names.slice(0, 1));
  const table = createAnswerTable(set, 0, signed);
  const addresses = (prefix: string, family: readonly number[] | undefined) =>
    family === undefined ? {} : { [prefix.includes(':') ? 'AAAA' : 'A']: [...new Set(family)].map((last) => `${prefix}${last}`) };
  for (const { name, A, AAAA, isKnown } of services) {
    if (!isKnown) continue;
    const known = A === undefined && AAAA === undefined ? [1] : A;
    table.publish([serviceAnswer(`${name}.z.test`, { ...addresses('192.0.2.', known), ...addresses('2001:db8::', AAAA) })], 1000);
  }
  return { table, signed };
}

type Packet = ReturnType<typeof decode>;

describe('every reply of a signed zone', () => {
  it('is proven to a validator: answers, denials of names and of types, and delegations', () => {
    const verdicts = new Map<string, number>();
    fc.assert(
      fc.property(zones, fc.array(asked, { minLength: 12, maxLength: 12 }), (generated, questions) => {
        const built = signedTable(generated);
        fc.pre(built !== undefined);
        const ask = asker(built.table);
        const anchors = anchorsOf(built.signed);
        for (const { labels, type } of questions) {
          const outcome = ask([...labels, 'z.test'].join('.'), { type, edns: { flags: 0x8000 } }, 'tcp');
          assert.ok(outcome.reply);
          const reply = decode(outcome.reply) as Packet & { readonly rcode: string };
          if (outcome.rcode === 'SERVFAIL' || isBeyondSigned(reply, anchors, generated.inner) || isUnproven(reply)) continue;
          const verdict = validated(outcome.reply, anchors, Date.now());
          assert.equal(verdict === 'nxdomain', outcome.rcode === 'NXDOMAIN');
          verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        }
      }),
      tries(150),
    );
    for (const verdict of ['answer', 'nodata', 'nxdomain', 'referral']) assert.ok((verdicts.get(verdict) ?? 0) > 10, `${[...verdicts]}`);
  });

  it('is the same in an export: two of one moment do not differ', () => {
    fc.assert(
      fc.property(zones, (generated) => {
        const built = signedTable(generated);
        fc.pre(built !== undefined);
        for (const zone of built.table.zones.zones.values()) assert.equal(exportZone(zone, built.table), exportZone(zone, built.table));
      }),
      tries(20),
    );
  });
});

/** Whether part of the reply comes from the inner zone while that has no keys: a validator knows nothing of it. */
function isBeyondSigned(reply: Packet, anchors: Anchors, inner: string | undefined): boolean {
  const zone = `${inner}.z.test`;
  if (inner === undefined || anchors.has(zone)) return false;
  return [...(reply.answers ?? []), ...(reply.authorities ?? [])].some(({ name, type }) => {
    const isInner = name.toLowerCase() === zone || name.toLowerCase().endsWith(`.${zone}`);
    return isInner && !['DS', 'NSEC', 'RRSIG'].includes(type as string);
  });
}

/** What needs no proof: a signature that was asked for by itself, and aliases that lead out or in a circle. */
function isUnproven({ questions, answers = [], authorities = [] }: Packet): boolean {
  const asked = questions?.[0]?.type as string;
  const last = answers.filter((record) => (record.type as string) !== 'RRSIG').at(-1);
  const isOpenAlias = last?.type === 'CNAME' && authorities.length === 0 && asked !== 'CNAME' && asked !== 'ANY';
  return isOpenAlias || (asked === 'RRSIG' && answers.length > 0);
}
