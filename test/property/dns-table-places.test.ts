/** The shared table against the reference responder where clients are told apart by their place: the same bytes for any networks, wheels, subnets and senders. */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import type { FamilyAnswer, ServiceAnswer } from '../../src/projections/answers.ts';
import type { Mapping } from '../../src/projections/geo-mappings.ts';
import type { Family } from '../../src/projections/routing/family.ts';
import type { Wheel } from '../../src/projections/routing/wheel.ts';
import { anyPacket, askedName } from '../dns-arbitraries.ts';
import { signedZones } from '../dnssec-keys.ts';
import { pairOver } from '../table-beside-reference.ts';
import { tries } from '../tries.ts';
import { demoConfiguration, query, subnetOption } from '../unit/nodes/dns/demo.ts';

const services = ['app.demo.local', 'v4.demo.local', 'down.demo.local'] as const;
/** Aliases of the first among them. */
const names = [...services, 'www.demo.local', 'far.demo.local', 'dark.demo.local', 'nowhere.demo.local', 'demo.local'];

const cidr = fc.constantFrom(
  ...['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '10.1.1.1/32', '10.1.1.128/25', '128.0.0.0/1', '255.255.255.255/32'],
  ...['::/0', '2001:db8::/32', '2001:db8:1::/48', '2001:db8:1::/64', '2001:db8::8000:0:0/81', '8000::/1', '2001:db8:1::1/128'],
);
const mappings: fc.Arbitrary<readonly Mapping[]> = fc.uniqueArray(
  fc.record({ cidr, region: fc.constantFrom('eu', 'us', 'ap'), comment: fc.constant(null), source: fc.constant('api' as const) }),
  { selector: (mapping) => mapping.cidr, maxLength: 10 },
);

const addresses = { A: ['203.0.113.1', '203.0.113.2', '203.0.113.3'], AAAA: ['2001:db8::a', '2001:db8::b'] } as const;
const wheel = (family: Family): fc.Arbitrary<Wheel> =>
  fc.record({
    draw: fc.constantFrom('sequence' as const, 'chance' as const),
    spokes: fc.array(fc.record({ addresses: fc.subarray([...addresses[family]], { minLength: 1 }), weight: fc.constantFrom(1, 1, 3) }), {
      minLength: 1,
      maxLength: 4,
    }),
  });
const familyAnswer = (family: Family): fc.Arbitrary<FamilyAnswer | undefined> =>
  fc.option(
    fc
      .tuple(wheel(family), fc.subarray(['eu', 'us', 'ap']), fc.array(wheel(family), { minLength: 3, maxLength: 3 }))
      .map(([everybodys, regions, wheels]) => {
        const places = regions.map((region, index) => ({ region, wheel: wheels[index] as Wheel }));
        return { tier: 'fit' as const, wheel: everybodys, ...(places.length > 0 && { places }) };
      }),
    { nil: undefined, freq: 5 },
  );
const serviceAnswer: fc.Arbitrary<ServiceAnswer> = fc
  .record({
    service: fc.constantFrom(...services),
    families: fc.record({ A: familyAnswer('A'), AAAA: familyAnswer('AAAA') }),
    clients: fc.record({ usesSubnet: fc.boolean(), networks: mappings }),
  })
  .map((parts) => ({ ...parts, ttlSeconds: 20, algorithm: 'geolocation', candidates: [] }));

const octet = fc.constantFrom(0, 1, 2, 10, 127, 128, 255);
const bytes = (from: readonly (readonly number[])[], length: number) =>
  fc
    .tuple(fc.constantFrom(...from), fc.array(octet, { minLength: length, maxLength: length }))
    .map(([begin, rest]) => [...begin, ...rest].slice(0, length));
const address4 = bytes([[], [10], [10, 1], [10, 1, 1]], 4);
const address6 = bytes([[], [0x20, 1, 0x0d, 0xb8], [0x20, 1, 0x0d, 0xb8, 0, 1], [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0]], 16);
const subnet = fc.oneof(
  fc.tuple(fc.constant(1), fc.nat(32), address4),
  fc.tuple(fc.constant(2), fc.nat(128), address6),
  fc.constant([0, 0, []] as [number, number, number[]]),
);

/** The option as a resolver sends it: no more bits than the prefix has. */
function optionOf([family, prefix, address]: readonly [number, number, readonly number[]]): Buffer {
  const kept = address.slice(0, Math.ceil(prefix / 8)).map((byte, index) => byte & (0xff00 >> Math.min(8, prefix - 8 * index)) & 0xff);
  return subnetOption(family, prefix, 0, kept);
}

const located = fc
  .record({
    name: fc.constantFrom(...names),
    type: fc.constantFrom(1, 1, 28, 255, 16),
    option: fc.option(subnet),
    flags: fc.constantFrom(0, 0x8000),
  })
  .map(({ name, type, option, flags }) =>
    query(name, { type, edns: { flags, size: 1232, ...(option !== null && { options: optionOf(option) }) } }),
  );
const sender = fc.oneof(
  address4.map((parts) => parts.join('.')),
  address6.map((parts) => parts.flatMap((byte, at) => (at % 2 === 0 ? [((byte << 8) | (parts[at + 1] ?? 0)).toString(16)] : [])).join(':')),
);
const asked = fc.record({
  packet: fc.oneof({ arbitrary: located, weight: 6 }, { arbitrary: anyPacket(askedName(names)), weight: 1 }),
  from: sender,
  over: fc.constantFrom('udp' as const, 'tcp' as const),
});

describe('clients at any place', () => {
  for (const [what, signed] of [
    ['unsigned', undefined],
    ['signed', signedZones(['demo.local'])],
  ] as const) {
    it(`are answered as the reference answers them, ${what}`, () => {
      const round = fc.record({
        answers: fc.array(serviceAnswer, { minLength: 1, maxLength: 3 }),
        packets: fc.array(asked, { minLength: 20, maxLength: 40 }),
      });
      fc.assert(
        fc.property(fc.array(round, { minLength: 2, maxLength: 4 }), fc.nat(), fc.boolean(), (rounds, seed, replaces) => {
          const zones = zoneSet(demoConfiguration, demoConfiguration.dns.listen_address);
          const pair = pairOver(createAnswerTable(zones, 0, signed), seed);
          for (const [index, { answers, packets }] of rounds.entries()) {
            pair.writer.publish(answers, 1_000_000 + 700 * index);
            if (replaces) pair.writer.replaceZones(zones, 1_000_000 + 700 * index);
            for (const { packet, from, over } of packets) pair.compare(packet, over, from);
          }
        }),
        tries(signed === undefined ? 50 : 10, 120_000),
      );
    });
  }
});
