/**
 * A zone as queries read it: which names exist, what stands at each, and where other servers take over (RFC 1034
 * section 4.2). Existence follows the configuration, never health, so nothing here changes while facts arrive; only the
 * serial of the SOA does, and that is an argument.
 */
import { denialTtlSeconds } from '../../projections/record-ttls.ts';
import { types } from './codes.ts';
import { type Name, nameOf, nameOfWire, suffixesOf } from './names.ts';
import { encodeRdata } from './rdata.ts';
import type { RRset } from './reply.ts';

/** What exists at one name. Nothing at all is an empty non-terminal: names exist below it (RFC 4592 section 2.2.2). */
export interface ZoneNode {
  /** By type. SOA is not among them: its serial moves. */
  readonly rrsets: ReadonlyMap<number, RRset>;
  /** The service whose servers are the addresses of this name. */
  readonly service: string | undefined;
}

export interface Zone {
  readonly name: string;
  readonly apex: Name;
  /** The first nameserver, which the SOA names. */
  readonly primary: string;
  /** TTL of what seldom changes: SOA, NS at the apex, addresses of nameservers. */
  readonly apexTtlSeconds: number;
  /** Every name that exists, the apex among them. */
  readonly nodes: ReadonlyMap<Name, ZoneNode>;
}

export interface ZoneSet {
  readonly zones: ReadonlyMap<Name, Zone>;
  /** Sentences about what cannot be served as configured. A configuration that has any is to be refused. */
  readonly problems: readonly string[];
  /** Sentences about what will be served but is probably not meant. */
  readonly warnings: readonly string[];
}

const soaTimes = { refresh: 3600, retry: 600, expire: 604_800, minimum: denialTtlSeconds } as const;

/** TTL of every denial of a zone: of the SOA that it carries, and of NSEC. */
export function denialTtlOf({ apexTtlSeconds }: Pick<Zone, 'apexTtlSeconds'>): number {
  return Math.min(apexTtlSeconds, denialTtlSeconds);
}

/** The SOA of a zone; in a negative answer with the TTL that the denial may be kept for (RFC 2308 section 3). */
export function soaOf(zone: Zone, serial: number, use: 'answer' | 'denial'): RRset {
  const { apexTtlSeconds } = zone;
  const ttlSeconds = use === 'answer' ? apexTtlSeconds : denialTtlOf(zone);
  const rdata = encodeRdata({ type: 'SOA', data: { mname: zone.primary, rname: `hostmaster.${zone.name}`, serial, ...soaTimes } });
  return { owner: zone.apex, type: types.SOA, ttlSeconds, rdata: [rdata], zoneTtlSeconds: apexTtlSeconds };
}

/** The zone that a name belongs to: the longest that it is in. */
export function closestZone<Z>(zones: ReadonlyMap<Name, Z>, name: Name): Z | undefined {
  for (const suffix of suffixesOf(name)) {
    const zone = zones.get(suffix);
    if (zone !== undefined) return zone;
  }
  return undefined;
}

/** The zone in which a service has its name. */
export function zoneSteering({ zones }: ZoneSet, service: string): { readonly zone: Zone; readonly name: Name } | undefined {
  const name = nameOf(service);
  const zone = name === undefined ? undefined : closestZone(zones, name);
  return name !== undefined && zone?.nodes.get(name)?.service === service ? { zone, name } : undefined;
}

/** The highest delegation at or above `name` in its zone: from there on, other servers are asked. */
export function cutAbove(zone: Zone, name: Name): Name | undefined {
  let cut: Name | undefined;
  for (const suffix of suffixesOf(name)) {
    if (suffix === zone.apex) return cut;
    if (zone.nodes.get(suffix)?.rrsets.has(types.NS)) cut = suffix;
  }
  return undefined;
}

/** The hosts that an NS RRset names. */
export function hostsOf(nameservers: RRset): Name[] {
  return nameservers.rdata.map((rdata) => nameOfWire(Buffer.from(rdata)));
}

/** The static addresses of a host that we know, as additional records. */
export function addressesOf(zones: ReadonlyMap<Name, Zone>, host: Name): RRset[] {
  const node = closestZone(zones, host)?.nodes.get(host);
  return [types.A, types.AAAA].flatMap((type) => node?.rrsets.get(type) ?? []);
}
