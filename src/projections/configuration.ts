/** The configuration in force, and what others look up in it by name. */
import { createHash, type Hash } from 'node:crypto';
import type { Configuration, Domain, Region } from '../events/catalogue/configuration.ts';
import type { EventOf } from '../events/event.ts';
import { type Endpoint, endpointText, entryOf } from './endpoint.ts';
import { leanConfiguration } from './lean-configuration.ts';

export interface ConfigurationInForce {
  readonly configuration: Configuration;
  readonly digest: string;
  /** The event that applied it. */
  readonly position: number;
  readonly at: number;
  readonly domains: ReadonlyMap<string, Domain>;
  readonly regions: ReadonlyMap<string, Region>;
  /** The names of the zones that are served: those that are listed, or each domain on its own. */
  readonly zones: ReadonlySet<string>;
  /** How many servers it lists. */
  readonly staticServers: number;
  /** service -> the servers that it lists, in its order; see `placeOf`. */
  readonly listed: ReadonlyMap<string, string>;
}

/** The names of the services that a configuration serves, without any configuration none. */
export function servicesOf(inForce: ConfigurationInForce | undefined): Iterable<string> {
  return inForce === undefined ? [] : inForce.domains.keys();
}

export function evolveConfiguration({ data, position, at }: EventOf<'configuration.applied'>): ConfigurationInForce {
  return configurationInForce({ ...data, position, at });
}

/** With what others look up in it. */
export function configurationInForce({
  configuration,
  digest,
  position,
  at,
}: Pick<ConfigurationInForce, 'configuration' | 'digest' | 'position' | 'at'>): ConfigurationInForce {
  const lean = leanConfiguration(configuration);
  return {
    configuration: lean,
    digest,
    position,
    at,
    domains: new Map(lean.domains.map((domain) => [domain.name, domain])),
    regions: new Map(lean.regions.map((region) => [region.name, region])),
    zones: new Set((lean.dns.zones.length > 0 ? lean.dns.zones : lean.domains).map(({ name }) => name)),
    staticServers: configuration.regions.reduce((sum, { servers }) => sum + servers.length, 0),
    listed: listedIn(configuration.regions, lean.domains),
  };
}

/** One text a service, ` ENDPOINT@REGION` for each of its servers, the region by its number: as maps they take ten times the room. */
function listedIn(regions: readonly Region[], domains: readonly Domain[]): ReadonlyMap<string, string> {
  const names = new Map(domains.map(({ name }) => [name, name]));
  const listed = new Map<string, string[]>();
  for (const [number, { servers }] of regions.entries()) {
    for (const { service, address, port } of servers) {
      entryOf(listed, names.get(service) ?? service, () => []).push(` ${endpointText(address, port)}@${number}`);
    }
  }
  // `join` makes one text; adding the last blank would keep two and what holds them together.
  return new Map(Array.from(listed, ([service, places]) => [service, places.concat(' ').join('')]));
}

/** Where the file lists a server of this region among those of its service; undefined: it does not. */
export function placeOf({ listed, configuration }: ConfigurationInForce, server: Endpoint & ServerPlace): number | undefined {
  const places = listed.get(server.service) ?? '';
  const before = ` ${endpointText(server.address, server.port)}@`;
  const at = places.lastIndexOf(before);
  if (at < 0) return undefined;
  const number = places.slice(at + before.length, places.indexOf(' ', at + before.length));
  return configuration.regions[Number(number)]?.name === server.region ? at : undefined;
}

interface ServerPlace {
  readonly service: string;
  readonly region: string;
}

/** Seconds that answers of a domain may be kept. */
export function ttlSecondsOf(configuration: Configuration, domain: Domain): number {
  return domain.ttl ?? configuration.dns.default_ttl;
}

/** What answers where nothing is fit, draining or unproven. */
export function lastResortOf(configuration: Configuration, domain: Domain): 'servfail' | 'last_healthy' | 'all' {
  return domain.when_all_unhealthy ?? (configuration.dns.return_last_healthy ? 'last_healthy' : 'servfail');
}

/** A name for a configuration: equal exactly where the configurations are. Give it one without secrets. */
export function configurationDigest(configuration: Configuration): string {
  const hash = createHash('sha256');
  update(hash, configuration, 0);
  return hash.digest('hex');
}

/** Deep enough for what there may be many of to be written one by one. */
const writtenWholeFrom = 4;

/** As JSON with the keys of each object sorted. */
function update(hash: Hash, value: unknown, depth: number): void {
  if (depth === writtenWholeFrom || typeof value !== 'object' || value === null) hash.update(JSON.stringify(sorted(value)));
  else if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) {
      hash.update(index === 0 ? '[' : ',');
      update(hash, inner, depth + 1);
    }
    hash.update(value.length === 0 ? '[]' : ']');
  } else {
    // Keys that look like numbers come first in any object, so in JSON as well.
    const entries = Object.entries(Object.fromEntries(sortedEntries(value)));
    for (const [index, [key, inner]] of entries.entries()) {
      hash.update(`${index === 0 ? '{' : ','}${JSON.stringify(key)}:`);
      update(hash, inner, depth + 1);
    }
    hash.update(entries.length === 0 ? '{}' : '}');
  }
}

function sortedEntries(value: object): [string, unknown][] {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(sortedEntries(value).map(([key, inner]) => [key, sorted(inner)]));
}
