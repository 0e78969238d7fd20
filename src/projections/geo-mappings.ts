/**
 * Which networks belong to which region: what people and tools said, beside what the configuration says. The longest
 * prefix that holds an address decides, whoever said it; of two words on the same network the one that came by API does.
 *
 *     set by API   in the configuration   the network is in
 *     yes          any                    the region that was set
 *     no           yes                    the configuration's region
 *     no           no                     none: a wider one decides, or the default region
 */
import { createHash } from 'node:crypto';
import { canonicalNetwork } from '../events/catalogue/scalars.ts';
import type { DataOf, EventOf } from '../events/event.ts';
import type { ConfigurationInForce } from './configuration.ts';
import { addressBits, networkBits } from './network-bits.ts';

export interface SetMapping extends DataOf<'geo_mapping.set'> {
  /** The event that set it. */
  readonly position: number;
  readonly at: number;
}

/** By network, in the order of their text. Replaced whole, so that whoever holds one may compare by identity. */
export type GeoMappings = readonly SetMapping[];

/** A network and the region that its clients are in. */
export interface Mapping {
  readonly cidr: string;
  readonly region: string;
  readonly comment: string | null;
  readonly source: 'config' | 'api';
}

/** Of a state: what the configuration says, and what was set. */
interface Said {
  readonly configuration: ConfigurationInForce | undefined;
  readonly geoMappings: GeoMappings;
}

export function evolveGeoMappings(mappings: GeoMappings, event: EventOf<'geo_mapping.set' | 'geo_mapping.removed'>): GeoMappings {
  const others = mappings.filter(({ cidr }) => cidr !== event.data.cidr);
  if (event.type === 'geo_mapping.removed') return others;
  const { position, at, data } = event;
  return [...others, { ...data, position, at }].sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

/** The services that tell clients apart by their place: a mapping changes nothing for others. */
export function servicesByPlace({ configuration }: Pick<Said, 'configuration'>): readonly string[] {
  const domains = [...(configuration?.domains.values() ?? [])];
  return domains.filter((domain) => domain.routing_algorithm === 'geolocation').map(({ name }) => name);
}

const known = new WeakMap<ConfigurationInForce, { readonly of: GeoMappings; readonly mappings: readonly Mapping[] }>();

/** All that count, in the order of their text. The same list as long as nothing changes. */
export function mappingsInForce({ configuration, geoMappings }: Said): readonly Mapping[] {
  if (configuration === undefined) return [];
  const before = known.get(configuration);
  if (before?.of === geoMappings) return before.mappings;
  const byNetwork = new Map<string, Mapping>();
  for (const { cidr, region, comment } of configuration.configuration.overwatch.geolocation.custom_mappings) {
    const network = canonicalNetwork(cidr) ?? cidr;
    byNetwork.set(network, { cidr: network, region, comment: comment ?? null, source: 'config' });
  }
  for (const { cidr, region, comment } of geoMappings) byNetwork.set(cidr, { cidr, region, comment, source: 'api' });
  const mappings = [...byNetwork.values()].sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
  known.set(configuration, { of: geoMappings, mappings });
  return mappings;
}

/** The one with the longest prefix that holds the address; undefined where none does. */
export function mappingFor(mappings: readonly Mapping[], address: string): Mapping | undefined {
  const { bits, value } = addressBits(address);
  let longest: { readonly mapping: Mapping; readonly prefix: number } | undefined;
  for (const mapping of mappings) {
    const network = networkBits(mapping.cidr);
    const beyond = BigInt(network.bits - network.prefix);
    if (network.bits !== bits || value >> beyond !== network.first >> beyond || network.prefix < (longest?.prefix ?? 0)) continue;
    longest = { mapping, prefix: network.prefix };
  }
  return longest?.mapping;
}

const texts = new WeakMap<readonly Mapping[], string>();

/** A name for what mappings say: equal exactly where they place all networks alike. */
export function mappingsText(mappings: readonly Mapping[]): string {
  const text =
    texts.get(mappings) ??
    createHash('sha256')
      .update(JSON.stringify(mappings.map(({ cidr, region }) => [cidr, region])))
      .digest('hex');
  texts.set(mappings, text);
  return text;
}
