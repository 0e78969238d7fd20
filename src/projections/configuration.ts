/** The configuration in force, and what others look up in it by name. */
import { createHash } from 'node:crypto';
import type { Configuration, Domain, Region } from '../events/catalogue/configuration.ts';
import type { EventOf } from '../events/event.ts';
import { endpointText, entryOf } from './endpoint.ts';

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
  /** service -> endpoint -> where the file lists that server. */
  readonly places: ReadonlyMap<string, ReadonlyMap<string, Place>>;
}

export interface Place {
  readonly region: string;
  /** Among the servers of the region. */
  readonly index: number;
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
}: Omit<ConfigurationInForce, 'domains' | 'regions' | 'zones' | 'places'>): ConfigurationInForce {
  return {
    configuration,
    digest,
    position,
    at,
    domains: new Map(configuration.domains.map((domain) => [domain.name, domain])),
    regions: new Map(configuration.regions.map((region) => [region.name, region])),
    zones: new Set((configuration.dns.zones.length > 0 ? configuration.dns.zones : configuration.domains).map(({ name }) => name)),
    places: placesIn(configuration.regions),
  };
}

function placesIn(regions: readonly Region[]): ReadonlyMap<string, ReadonlyMap<string, Place>> {
  const places = new Map<string, Map<string, Place>>();
  for (const { name: region, servers } of regions) {
    for (const [index, { service, address, port }] of servers.entries()) {
      entryOf(places, service, () => new Map<string, Place>()).set(endpointText(address, port), { region, index });
    }
  }
  return places;
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
  return createHash('sha256')
    .update(JSON.stringify(sorted(configuration)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
