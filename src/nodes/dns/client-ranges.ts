/**
 * Networks as ranges: every address lies in exactly one, found by binary search, and each says which of a service's places
 * the client is at. Where networks lie within each other the longest prefix decides, and ranges side by side that say the
 * same are one; so the scope of an answer (RFC 7871 section 7.2.1) is as wide as the ranges allow, and no two scopes that
 * are given out for different answers ever overlap.
 */
import type { ClientPlaces, FamilyAnswer } from '../../projections/answers.ts';
import type { Mapping } from '../../projections/geo-mappings.ts';
import { type AddressBits, type AddressLength, addressBits, bitsOf, networkBits, sharedBits } from '../../projections/network-bits.ts';
import type { PlacedWheel } from '../../projections/routing/wheel.ts';
import type { ClientSubnet } from './edns.ts';

/** At none of the service's places: what everybody else gets. */
export const elsewhere = -1;

export interface Range {
  /** Its first address; it ends before the next one begins. */
  readonly first: bigint;
  /** Which of the places, or `elsewhere`. */
  readonly place: number;
}

/** For IPv4 and IPv6 by the length of an address: sorted, the first one from address 0 on. */
export type ClientRanges = Readonly<Record<AddressLength, readonly Range[]>>;

export interface Located {
  readonly place: number;
  /** The shortest prefix around the address within which every address is at this place. */
  readonly scope: number;
}

/** `regions`: the places, by their number. */
export function clientRanges(networks: readonly Pick<Mapping, 'cidr' | 'region'>[], regions: readonly string[]): ClientRanges {
  const numbers = new Map(regions.map((region, number) => [region, number]));
  const placed = networks.map(({ cidr, region }) => ({ ...networkBits(cidr), place: numbers.get(region) ?? elsewhere }));
  const ofLength = (bits: AddressLength) => rangesOf(bits, placed);
  return { 32: ofLength(32), 128: ofLength(128) };
}

function rangesOf(length: AddressLength, all: readonly (ReturnType<typeof networkBits> & { readonly place: number })[]): readonly Range[] {
  const networks = all.filter(({ bits }) => bits === length);
  // A wider network comes before those within it.
  networks.sort((a, b) => (a.first === b.first ? a.prefix - b.prefix : a.first < b.first ? -1 : 1));
  const ranges: Range[] = [];
  const end = 1n << BigInt(length);
  const begin = (first: bigint, place: number) => {
    if (ranges.at(-1)?.first === first) ranges.pop();
    if (first < end && ranges.at(-1)?.place !== place) ranges.push({ first, place });
  };
  begin(0n, elsewhere);
  /** The networks that the present address lies in, the longest last. */
  const open: { readonly until: bigint; readonly place: number }[] = [];
  const closeUntil = (address: bigint) => {
    for (let last = open.at(-1); last !== undefined && last.until <= address; last = open.at(-1)) {
      open.pop();
      begin(last.until, open.at(-1)?.place ?? elsewhere);
    }
  };
  for (const { first, prefix, place } of networks) {
    closeUntil(first);
    begin(first, place);
    open.push({ until: first + (1n << BigInt(length - prefix)), place });
  }
  closeUntil(end);
  return ranges;
}

export function locate(ranges: ClientRanges, { bits, value }: AddressBits): Located {
  const ofLength = ranges[bits];
  let low = 0;
  let high = ofLength.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ofLength[middle] as Range).first <= value) low = middle;
    else high = middle - 1;
  }
  const { first, place } = ofLength[low] as Range;
  const next = ofLength[low + 1]?.first;
  // One bit beyond what is shared with the nearest address that is elsewhere keeps that one out.
  const before = first === 0n ? -1 : sharedBits(bits, value, first - 1n);
  const behind = next === undefined ? -1 : sharedBits(bits, value, next);
  return { place, scope: Math.max(before, behind) + 1 };
}

const known = new WeakMap<readonly PlacedWheel[], { readonly networks: readonly Mapping[]; readonly ranges: ClientRanges }>();

/** The ranges of a family of a service, made once. */
export function rangesFor({ networks }: ClientPlaces, places: readonly PlacedWheel[]): ClientRanges {
  const before = known.get(places);
  if (before?.networks === networks) return before.ranges;
  const regions = places.map(({ region }) => region);
  const ranges = clientRanges(networks, regions);
  known.set(places, { networks, ranges });
  return ranges;
}

/** Who asks: the address that the packet came from, and the subnet that it names. */
export interface Asker {
  /** In canonical text. */
  readonly address: string;
  readonly subnet: ClientSubnet | undefined;
}

/**
 * | the service takes subnets | the packet names                | who counts  | scope          |
 * |---------------------------|---------------------------------|-------------|----------------|
 * | yes                       | a subnet, not all addresses     | the subnet  | of the ranges  |
 * | yes                       | none, or all addresses          | the sender  | 0              |
 * | no                        | anything                        | the sender  | 0              |
 *
 * Who names all addresses wants no subnet used (RFC 7871 section 7.1.2), and without a subnet nothing carries a scope.
 */
export function locateAsker(clients: ClientPlaces, { places = [] }: Pick<FamilyAnswer, 'places'>, { address, subnet }: Asker): Located {
  const ranges = rangesFor(clients, places);
  const sent = clients.usesSubnet ? subnetBits(subnet) : undefined;
  if (sent !== undefined) return locate(ranges, sent);
  // A connection may be gone already, and its address with it.
  return { place: address === '' ? elsewhere : locate(ranges, addressBits(address)).place, scope: 0 };
}

/** The first address of a subnet; undefined where it is none, or everything. */
function subnetBits(subnet: ClientSubnet | undefined): AddressBits | undefined {
  if (subnet === undefined || subnet.sourcePrefix === 0 || subnet.family === 0) return undefined;
  const bytes = new Uint8Array(subnet.family === 1 ? 4 : 16);
  bytes.set(subnet.address);
  return bitsOf(bytes);
}
