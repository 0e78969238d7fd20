/**
 * From the configuration to the zones that this node is authoritative for: its zones with their records and the
 * domains in them, or, where none are configured, a zone for each domain. Pure and total: what cannot be is told as a
 * problem, and the caller refuses a configuration that has any.
 */
import ipaddr from 'ipaddr.js';
import type { Configuration, Zone as ZoneConfiguration } from '../../events/catalogue/configuration.ts';
import { canonicalAddress } from '../../events/catalogue/scalars.ts';
import { parseListenAddress } from '../listen-address.ts';
import { types } from './codes.ts';
import { type Name, nameOf, parentOf, suffixesOf, textOf } from './names.ts';
import { encodeRdata } from './rdata.ts';
import type { RRset } from './reply.ts';
import { closestZone, cutAbove, hostsOf, type Zone, type ZoneSet } from './zone.ts';
import { zoneProblems } from './zone-problems.ts';
import { type ZoneRecord, zoneRecord } from './zone-records.ts';

interface NodeDraft {
  rrsets: ReadonlyMap<number, RRset>;
  service: string | undefined;
}
interface ZoneDraft extends Zone {
  readonly nodes: Map<Name, NodeDraft>;
}
interface Notes {
  readonly problems: string[];
  readonly warnings: string[];
}

export function zoneSet(configuration: Pick<Configuration, 'dns' | 'domains'>, listenAddress: string): ZoneSet {
  const notes: Notes = { problems: [], warnings: [] };
  const zones = new Map<Name, ZoneDraft>();
  const own = configuration.dns.zones.length === 0;
  const configured = own ? configuration.domains.map(({ name }) => ({ name, nameservers: [], records: [] })) : configuration.dns.zones;

  configured.forEach((zone, index) => {
    const place = own ? `domains[${index}]` : `dns.zones[${index}]`;
    const draft = draftZone(zone, place, configuration.dns, listenAddress, notes);
    if (draft === undefined) return;
    if (zones.has(draft.apex)) notes.problems.push(`${place}: ${zone.name} is there twice; keep one`);
    else zones.set(draft.apex, draft);
  });
  for (const [index, domain] of configuration.domains.entries()) steer(zones, domain.name, `domains[${index}]`, notes);
  for (const zone of zones.values()) delegateFromParent(zones, zone, notes);
  for (const zone of zones.values()) {
    fillNonTerminals(zone);
    notes.problems.push(...zoneProblems(zone));
    warnOfMissingGlue(zone, notes);
  }
  return { zones, ...notes };
}

function draftZone(
  zone: ZoneConfiguration,
  place: string,
  { default_ttl: defaultTtlSeconds, apex_ttl: apexTtlSeconds }: Configuration['dns'],
  listenAddress: string,
  notes: Notes,
): ZoneDraft | undefined {
  const apex = nameOf(zone.name);
  if (apex === undefined || nameOf(`hostmaster.${zone.name}`) === undefined) {
    notes.problems.push(
      `${place}: "${zone.name}" is no zone name, or leaves no room for names in it; use a shorter name of ordinary labels`,
    );
    return undefined;
  }
  const nameservers = zone.nameservers.length > 0 ? zone.nameservers : [defaultNameserver(zone.name, listenAddress)];
  const primary = nameservers[0]?.name ?? zone.name;
  const draft: ZoneDraft = { name: zone.name, apex, primary, apexTtlSeconds, nodes: new Map() };
  nodeAt(draft, apex);
  for (const nameserver of nameservers) addNameserver(draft, nameserver);

  zone.records.forEach((configured, index) => {
    const record = zoneRecord(configured, apex, defaultTtlSeconds);
    if ('problem' in record) notes.problems.push(`${place}.records[${index}]: ${record.problem}`);
    else if (record.type === types.NS && record.owner === apex) {
      notes.problems.push(
        `${place}.records[${index}]: the zone's own nameservers go to ${place}.nameservers; an NS record delegates a name below`,
      );
    } else if (record.type === types.DS && record.owner === apex) {
      notes.problems.push(
        `${place}.records[${index}]: the DS of ${zone.name} itself stands in the zone above it; give it to whoever keeps that one`,
      );
    } else addRecord(draft, record);
  });
  return draft;
}

interface Nameserver {
  readonly name: string;
  readonly address?: string | undefined;
}

/** `ns1.ZONE` at the listen address; without an address where that is every address of the machine. */
function defaultNameserver(zone: string, listenAddress: string): Nameserver {
  const host = canonicalAddress(parseListenAddress(listenAddress)?.host ?? '');
  const unspecified = host === undefined || ipaddr.parse(host).range() === 'unspecified';
  return unspecified ? { name: `ns1.${zone}` } : { name: `ns1.${zone}`, address: host };
}

function addNameserver(zone: ZoneDraft, nameserver: Nameserver): void {
  const host = nameOf(nameserver.name);
  if (host === undefined) return;
  addRecord(zone, {
    owner: zone.apex,
    type: types.NS,
    ttlSeconds: zone.apexTtlSeconds,
    rdata: encodeRdata({ type: 'NS', data: nameserver.name }),
  });
  // The address of a host in another zone is that zone's to say.
  if (nameserver.address === undefined || !contains(zone, host)) return;
  const type = nameserver.address.includes(':') ? 'AAAA' : 'A';
  addRecord(zone, {
    owner: host,
    type: types[type],
    ttlSeconds: zone.apexTtlSeconds,
    rdata: encodeRdata({ type, data: nameserver.address }),
  });
}

function contains(zone: Zone, name: Name): boolean {
  return closestZone(new Map([[zone.apex, zone]]), name) !== undefined;
}

function nodeAt(zone: ZoneDraft, name: Name): NodeDraft {
  const existing = zone.nodes.get(name);
  if (existing !== undefined) return existing;
  const node: NodeDraft = { rrsets: noRecords, service: undefined };
  zone.nodes.set(name, node);
  return node;
}

/** Most names have none, and there are many names. */
const noRecords: ReadonlyMap<number, RRset> = new Map();

function addRRset(node: NodeDraft, rrset: RRset): void {
  node.rrsets = new Map([...node.rrsets, [rrset.type, rrset]]);
}

/** One RRset has one TTL, the shortest that was given, and no record twice (RFC 2181 section 5). */
function addRecord(zone: ZoneDraft, record: ZoneRecord): void {
  const node = nodeAt(zone, record.owner);
  const before = node.rrsets.get(record.type);
  const others = before?.rdata.filter((rdata) => !record.rdata.equals(rdata)) ?? [];
  addRRset(node, {
    owner: record.owner,
    type: record.type,
    ttlSeconds: Math.min(record.ttlSeconds, before?.ttlSeconds ?? record.ttlSeconds),
    rdata: [...others, record.rdata],
  });
}

function steer(zones: ReadonlyMap<Name, ZoneDraft>, service: string, place: string, notes: Notes): void {
  const name = nameOf(service);
  const zone = name === undefined ? undefined : closestZone(zones, name);
  if (name === undefined || zone === undefined) {
    notes.problems.push(`${place}: ${service} is in none of dns.zones, so nobody would be answered; add its zone there`);
    return;
  }
  nodeAt(zone, name).service = service;
}

/** A zone inside another one of ours is delegated there, to the same nameservers, and vouched for by its own keys. */
function delegateFromParent(zones: ReadonlyMap<Name, ZoneDraft>, child: ZoneDraft, notes: Notes): void {
  const above = parentOf(child.apex);
  const parent = above === undefined ? undefined : closestZone(zones, above);
  const nameservers = child.nodes.get(child.apex)?.rrsets.get(types.NS);
  if (parent === undefined || nameservers === undefined) return;
  const node = nodeAt(parent, child.apex);
  addRRset(node, nameservers);
  if (!node.rrsets.has(types.DS)) return;
  notes.problems.push(
    `zone ${parent.name}: ${child.name} is a zone of this node, whose DS is made from its own keys; remove its DS records from ${parent.name}`,
  );
}

function fillNonTerminals(zone: ZoneDraft): void {
  for (const name of [...zone.nodes.keys()]) {
    for (const suffix of suffixesOf(name)) {
      if (suffix === zone.apex) break;
      nodeAt(zone, suffix);
    }
  }
}

function warnOfMissingGlue(zone: Zone, notes: Notes): void {
  const nameservers = zone.nodes.get(zone.apex)?.rrsets.get(types.NS);
  for (const host of nameservers === undefined ? [] : hostsOf(nameservers)) {
    if (!contains(zone, host) || cutAbove(zone, host) !== undefined) continue;
    const node = zone.nodes.get(host);
    if (node?.rrsets.has(types.A) || node?.rrsets.has(types.AAAA)) continue;
    notes.warnings.push(
      `zone ${zone.name}: its nameserver ${textOf(host)} has no address, so resolvers cannot find it by this zone alone; ` +
        'give it under dns.zones[].nameservers, or listen on one address',
    );
  }
}
