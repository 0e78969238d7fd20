/**
 * Clients by their network: over any networks within each other every address is where the longest prefix says, and the
 * scope is the widest prefix around it within which that stays so. A corner of each family is walked through address by address.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { canonicalNetwork } from '../../src/events/catalogue/scalars.ts';
import { clientRanges, elsewhere, locate } from '../../src/nodes/dns/client-ranges.ts';
import { mappingFor } from '../../src/projections/geo-mappings.ts';
import { addressBits, bitsOf } from '../../src/projections/network-bits.ts';
import { tries } from '../tries.ts';

/** Names of 8 bits that end addresses; the corner and one address on either side of it, and both ends of everything. */
const corners = {
  IPv4: { start: '10.1.2.0', bits: 32, outside: ['0.0.0.0', '10.1.1.255', '10.1.3.0', '255.255.255.255'] },
  IPv6: {
    start: '2001:db8::7:ff00',
    bits: 128,
    outside: ['::', '2001:db8::7:feff', '2001:db8::8:0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  },
} as const;

function textOf(bits: 32 | 128, value: bigint): string {
  const bytes = Array.from({ length: bits / 8 }, (_, index) => Number((value >> BigInt(bits - 8 - 8 * index)) & 255n));
  return ipaddr.fromByteArray(bytes).toString();
}

const places = ['eu', 'us', 'ap'];

for (const [family, { start, bits, outside }] of Object.entries(corners)) {
  const first = addressBits(start).value;
  const addresses = [...Array.from({ length: 256 }, (_, last) => first + BigInt(last)), ...outside.map((text) => addressBits(text).value)];
  const mapping = fc.record({
    cidr: fc
      .tuple(
        fc.nat(255),
        fc.oneof({ arbitrary: fc.integer({ min: bits - 9, max: bits }), weight: 8 }, { arbitrary: fc.nat(bits), weight: 1 }),
      )
      .map(([last, prefix]) => canonicalNetwork(`${textOf(bits, first + BigInt(last))}/${prefix}`) as string),
    region: fc.constantFrom(...places, 'a region without servers'),
    comment: fc.constant(null),
    source: fc.constant('api' as const),
  });
  const mappings = fc.uniqueArray(mapping, { selector: ({ cidr }) => cidr, maxLength: 12 });
  /** Where the longest prefix puts it, among those places alone. */
  const placeOf = (of: Parameters<typeof mappingFor>[0], known: readonly string[], value: bigint) =>
    known.indexOf(mappingFor(of, textOf(bits, value))?.region ?? '');

  describe(`any networks of ${family}`, () => {
    it('place every address by the longest prefix, and every address within a scope alike, and no scope could be wider', () => {
      fc.assert(
        fc.property(mappings, fc.subarray(places), fc.constantFrom(...addresses), (all, known, value) => {
          const ranges = clientRanges(all, known);
          const { place, scope } = locate(ranges, { bits, value });
          assert.equal(place, placeOf(all, known, value));
          const within = (prefix: number) => addresses.filter((other) => other >> BigInt(bits - prefix) === value >> BigInt(bits - prefix));
          for (const other of within(scope)) assert.equal(placeOf(all, known, other), place, `${textOf(bits, other)} within /${scope}`);
          if (scope === 0) return;
          const [low, high] = endsOf(bits, value, scope - 1);
          const edges = [...edgesOf(all, bits), ...addresses].filter((edge) => edge >= low && edge <= high);
          assert(
            edges.some((edge) => placeOf(all, known, edge) !== place),
            `/${scope - 1} around ${textOf(bits, value)} says the same everywhere`,
          );
        }),
        tries(300),
      );
    });

    it('leave scopes of different places apart', () => {
      fc.assert(
        fc.property(mappings, fc.constantFrom(...addresses), fc.constantFrom(...addresses), (all, one, other) => {
          const ranges = clientRanges(all, places);
          const [a, b] = [locate(ranges, { bits, value: one }), locate(ranges, { bits, value: other })];
          if (a.place === b.place) return;
          const [lowA, highA] = endsOf(bits, one, a.scope);
          const [lowB, highB] = endsOf(bits, other, b.scope);
          assert(highA < lowB || highB < lowA);
        }),
        tries(1_000),
      );
    });
  });
}

/** The first and the last address of a prefix. */
function endsOf(bits: 32 | 128, value: bigint, prefix: number): [bigint, bigint] {
  const beyond = BigInt(bits - prefix);
  const low = (value >> beyond) << beyond;
  return [low, low + (1n << beyond) - 1n];
}

/** Where a network begins and where it has ended: nothing changes in between. */
function edgesOf(mappings: readonly { readonly cidr: string }[], bits: 32 | 128): bigint[] {
  return mappings.flatMap(({ cidr }) => {
    const [address = '', prefix = ''] = cidr.split('/');
    const [low, high] = endsOf(bits, addressBits(address).value, Number(prefix));
    return [low, high, ...(low > 0n ? [low - 1n] : []), ...(high + 1n < 1n << BigInt(bits) ? [high + 1n] : [])];
  });
}

it('without networks everybody is elsewhere, and one answer is for all', () => {
  const ranges = clientRanges([], places);
  assert.deepEqual(locate(ranges, addressBits('192.0.2.1')), { place: elsewhere, scope: 0 });
  assert.deepEqual(locate(ranges, bitsOf(new Uint8Array(16))), { place: elsewhere, scope: 0 });
});
