/**
 * A world for a fuzzer: zones and services as a configuration has them, servers that checks, agents, people and places
 * happen to, folded as a node folds it, and the table that follows. Everything is drawn, so a seed makes the same world
 * again (but for the bytes of signatures, which are never twice the same).
 */
import type { Configuration } from '../../../src/events/catalogue/configuration.ts';
import type { Event, Fact } from '../../../src/events/event.ts';
import type { SignedZones } from '../../../src/nodes/dns/dnssec/zone-dnssec.ts';
import { type Name, textOf } from '../../../src/nodes/dns/names.ts';
import { createTableWriter, type TableWriter } from '../../../src/nodes/dns/table/writer.ts';
import { type AnswerTable, createAnswerTable } from '../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../src/nodes/dns/zones.ts';
import { answerOf, type ServiceAnswer } from '../../../src/projections/answers.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import { initialState } from '../../../src/projections/state.ts';
import { named, newKey, signedZones, signingWith, type TestZones } from '../../dnssec-keys.ts';
import {
  at,
  checked,
  cleared,
  configurationOf,
  deregistered,
  drained,
  draining,
  events,
  inForce,
  mapped,
  overridden,
  pinned,
  registered,
  unmapped,
  updated,
} from '../../given.ts';
import { setPace } from '../../table-beside-reference.ts';
import type { Draws } from '../chance.ts';
import type { Names } from './packets.ts';

export interface World {
  readonly source: AnswerTable;
  readonly writer: TableWriter;
  readonly names: Names;
  /** Something happens: to servers, to places, to zones, to keys. */
  change(): void;
  /** What it is, for whoever looks for a fault. */
  tell(): object;
}

const long = ['x', 'y', 'z'].map((letter) => letter.repeat(63)).join('.');
const zoneNames = ['example.com', 'sub.example.com', 'a.b.sub.example.com', 'other.net', 'com', '2.0.192.in-addr.arpa', `${long}.test`];
const labels = ['a', 'b', 'www', 'x.y', 'ns', 'a.b', 'www.a', '@', '_sip._tcp', 'mail', 'x'.repeat(40), 'cut', 'in.cut', 'zz.x.y'];
const regionNames = ['eu', 'us', 'ap'];
const addresses = [
  ...Array.from({ length: 12 }, (_, last) => `203.0.113.${last}`),
  ...Array.from({ length: 8 }, (_, last) => `2001:db8::${last + 1}`),
];
const cidrs = [
  ...['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '10.1.1.1/32', '192.0.2.128/25', '128.0.0.0/1', '255.255.255.255/32'],
  ...['::/0', '2001:db8::/32', '2001:db8:1::/48', '2001:db8:1::8000:0:0/81', '8000::/1', '2001:db8:1::1/128'],
];
const weights = [0, 1, 1, 1, 1, 2, 3, 5, 10, 100];

interface Server {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly region: string;
  readonly weight: number;
}

type Input = Parameters<typeof configurationOf>[0];
type DomainInput = NonNullable<Input['domains']>[number];
type ZoneInput = Exclude<NonNullable<NonNullable<Input['dns']>['zones']>[number], string>;
type RecordInput = NonNullable<ZoneInput['records']>[number];

interface Drafts {
  readonly zones: readonly (ZoneInput & { readonly records: RecordInput[] })[];
  readonly domains: readonly DomainInput[];
}

const nameIn = (zone: string, label: string) => (label === '@' ? zone : `${label}.${zone}`);

/** One of several lengths, and now and then one that makes a referral too long for UDP. */
function draftDs({ pick, whole, happens }: Draws): RecordInput {
  const [digest_type, bytes] = pick([
    [1, 20],
    [2, 32],
    [4, 48],
    [200, happens(0.1) ? 255 : 1],
  ] as const);
  return {
    type: 'DS',
    key_tag: whole(65_536),
    algorithm: pick([8, 13, 15]),
    digest_type,
    digest: whole(256).toString(16).padStart(2, '0').repeat(bytes),
  };
}

function draftRecord(draws: Draws, anyName: () => string): RecordInput {
  const { pick, whole, happens } = draws;
  const name = pick(labels);
  const ttl = happens(0.3) ? { ttl: pick([0, 1, 60, 604_800]) } : {};
  const body = pick<() => RecordInput>([
    () => ({ type: 'A', address: pick(['192.0.2.1', '192.0.2.2', '198.51.100.9']) }),
    () => ({ type: 'AAAA', address: pick(['2001:db8::1', '2001:db8::2']) }),
    () => ({ type: 'CNAME', target: anyName() }),
    () => ({ type: 'CNAME', target: anyName() }),
    () => ({ type: 'NS', target: anyName() }),
    () => ({ type: 'NS', target: anyName() }),
    () => ({ type: 'MX', preference: whole(3), target: happens(0.1) ? '.' : anyName() }),
    () => ({ type: 'SRV', port: whole(65_536), weight: whole(3), target: happens(0.1) ? '.' : anyName() }),
    () => ({ type: 'TXT', text: happens(0.2) ? Array.from({ length: 1 + whole(8) }, () => 't'.repeat(whole(256))) : 'text' }),
    () => ({ type: 'CAA', tag: 'issue', value: 'ca.example' }),
  ])();
  return { name, ...ttl, ...body };
}

/** What can be served: what cannot stand beside the rest is left out again. */
function draftZones(draws: Draws): Drafts {
  const { pick, whole, happens } = draws;
  const chosen = zoneNames.filter(() => happens(0.5));
  const zones = (chosen.length === 0 ? ['example.com'] : chosen).map((name) => ({
    name,
    nameservers: happens(0.5) ? [] : [{ name: `ns.${name}`, address: pick(['192.0.2.53', '2001:db8::53']) }, { name: 'ns.elsewhere.org' }],
    records: [] as RecordInput[],
  }));
  const anyName = () => (happens(0.1) ? 'elsewhere.org' : nameIn(happens(0.8) ? pick(zones).name : pick(zoneNames), pick(labels)));
  const domains: DomainInput[] = [];
  for (let count = 8 + whole(28); count > 0; count -= 1) {
    if (happens(0.4)) {
      const domain = draftDomain(draws, nameIn(pick(zones).name, pick(labels)));
      if (domains.some(({ name }) => name === domain.name)) continue;
      domains.push(domain);
      if (hasProblems({ zones, domains })) domains.pop();
    } else {
      const { records } = pick(zones);
      const record = draftRecord(draws, anyName);
      records.push(record);
      if (hasProblems({ zones, domains })) records.pop();
      // By itself a DS would seldom fall on a delegation.
      else if (record.type === 'NS' && happens(0.7)) {
        for (let several = 1 + whole(3); several > 0; several -= 1) {
          records.push({ ...draftDs(draws), ...(record.name !== undefined && { name: record.name }) });
          if (hasProblems({ zones, domains })) records.pop();
        }
      }
    }
  }
  return { zones, domains };
}

function draftDomain({ pick, whole, happens }: Draws, name: string): DomainInput {
  return {
    name,
    routing_algorithm: pick(['round-robin', 'weighted', 'failover', 'geolocation', 'geolocation']),
    regions: pick([['eu', 'us', 'ap'], ['ap', 'us', 'eu'], ['us', 'ap', 'eu'], ['us', 'eu'], ['eu']]),
    answers: pick(['single', 'single', 'all', 2, 3, 16]),
    when_all_unhealthy: pick(['servfail', 'all', 'last_healthy']),
    ...(happens(0.5) && { ttl: pick([0, 20, 3_600]) }),
    ...(happens(0.1) && { slow_start: `${whole(20)}s` }),
  };
}

function hasProblems({ zones, domains }: Drafts): boolean {
  try {
    const configuration = configurationOf({
      dns: { zones: [...zones] },
      domains: [...domains],
      regions: regionNames.map((name) => ({ name })),
    });
    return zoneSet(configuration, '192.0.2.53:53').problems.length > 0;
  } catch {
    return true;
  }
}

function configurationFrom({ zones, domains }: Drafts, draws: Draws): Configuration {
  const { pick, happens } = draws;
  const mappings = cidrs.filter(() => happens(0.4)).map((cidr) => ({ cidr, region: pick(regionNames) }));
  return configurationOf({
    dns: { zones: [...zones], listen_address: happens(0.5) ? '192.0.2.53:53' : ':53' },
    domains: [...domains],
    overwatch: {
      validation: { enabled: happens(0.7) },
      geolocation: {
        ecs_enabled: happens(0.8),
        ...(happens(0.5) && { default_region: pick(regionNames) }),
        custom_mappings: mappings,
      },
    },
    regions: regionNames.map((name) => ({ name, health_check: { failure_threshold: 1, success_threshold: 1 } })),
  });
}

/** A DS goes with the last NS record beside it, without which it could not be served. */
function fewerOf(records: readonly RecordInput[], { happens }: Draws): RecordInput[] {
  const kept = records.filter(() => happens(0.8));
  const delegated = new Set(kept.flatMap(({ type, name }) => (type === 'NS' ? [name] : [])));
  return kept.filter(({ type, name }) => type !== 'DS' || delegated.has(name));
}

/** What may happen to a server or to a network. */
function happeningTo(server: Server, { pick, happens }: Draws): Fact[] {
  const { address, ...of } = server;
  const words = { service: of.service, port: of.port };
  return pick<() => Fact[]>([
    () => [checked(address, 'ok', words)],
    () => [checked(address, 'ok', words)],
    () => [checked(address, 'failed', words)],
    () => [overridden(address, pick(['up', 'down', 'drain'] as const), { ...words, authority: pick(['human', 'tool'] as const) })],
    () => [cleared(address, { ...words, authority: pick(['human', 'tool'] as const) })],
    () => [registered(address, of)],
    () => [updated(address, { ...of, weight: pick(weights) })],
    () => [happens(0.3) ? deregistered(address, words) : registered(address, of)],
    () => [happens(0.5) ? draining(address, words) : drained(address, words)],
    () => [happens(0.5) ? mapped(pick(cidrs), pick(regionNames)) : unmapped(pick(cidrs))],
  ])();
}

const begin = 1_700_000_000_000;

export function makeWorld(draws: Draws, workers: number): World {
  const { pick, whole, happens } = draws;
  const drafts = draftZones(draws);
  const configuration = configurationFrom(drafts, draws);
  const state = initialState();
  let moment = begin;
  let position = 0;
  const told: string[] = [];
  /** Folds facts; the services whose answers may have changed. */
  const fold = (facts: readonly Fact[]): Set<string> => {
    moment += pick([0, 10, 700, 5_000]);
    const changed = new Set<string>();
    for (const event of events(at(moment, ...facts))) {
      position += 1;
      for (const service of evolve(state, { ...event, position } as Event)) changed.add(service);
    }
    return changed;
  };
  const answers = (services: Iterable<string>): ServiceAnswer[] =>
    [...services].flatMap((service) => {
      const answer = answerOf(state, service);
      return answer === undefined ? [] : [{ ...answer, candidates: [] }];
    });

  const services = drafts.domains.map(({ name }) => name);
  fold([...inForce(configuration), pinned('web-1', { services })]);
  const servers = services.flatMap((service) =>
    Array.from(
      { length: happens(0.05) ? 0 : 1 + whole(happens(0.5) ? 4 : 24) },
      (): Server => ({
        ...{ service, address: pick(addresses), port: pick([80, 81]) },
        ...{ region: pick(regionNames), weight: pick(weights) },
      }),
    ),
  );
  for (const { address, ...of } of servers) fold([registered(address, of)]);
  for (const { address, service, port } of servers) if (happens(0.85)) fold([checked(address, 'ok', { service, port })]);
  for (const server of servers) if (happens(0.25)) fold(happeningTo(server, draws));

  const signed = signing(drafts, draws);
  const zones = (of: Configuration) => zoneSet(of, of.dns.listen_address);
  const source = createAnswerTable(zones(configuration), begin, signed);
  // Some are not answered yet, as between a new zone and its first answers.
  source.publish(answers(services.filter(() => happens(0.95))), moment);
  const slices = setPace();
  const writer = createTableWriter(source, { workers, pace: slices.pace });

  /** Its zones now, or with some of their records gone. */
  const zonesOfBeforeOrFewer = () => {
    if (happens(0.5)) return zones(configuration);
    const fewer = { ...drafts, zones: drafts.zones.map((zone) => ({ ...zone, records: fewerOf(zone.records, draws) })) };
    if (hasProblems(fewer)) return zones(configuration);
    return zones({ ...configuration, dns: { ...configuration.dns, zones: configurationFrom(fewer, draws).dns.zones } });
  };
  const happen = () => {
    const facts = servers.length === 0 ? [] : Array.from({ length: 1 + whole(4) }, () => happeningTo(pick(servers), draws)).flat();
    // Now and then nobody is left.
    const everybody = happens(0.1) ? servers.map(({ address, service, port }) => overridden(address, 'down', { service, port })) : [];
    told.push(...[...facts, ...everybody].map((fact) => JSON.stringify(fact)));
    writer.publish(answers(fold([...facts, ...everybody])), moment, position);
  };
  const changes: readonly (readonly [share: number, change: () => void])[] = [
    [0.75, happen],
    [0.8, () => writer.replaceZones(zonesOfBeforeOrFewer(), moment, position)],
    [0.9, () => void writer.replaceZonesAside(zonesOfBeforeOrFewer(), moment, position)],
    [0.95, () => writer.refresh([...writer.names()].filter(() => happens(0.3)))],
    [
      1,
      () => {
        if (signed === undefined) return happen();
        turnKeys(signed, draws);
        writer.replaceZones(source.zones, moment, position);
      },
    ],
  ];

  return {
    source,
    writer,
    names: namesOf(drafts, source),
    change() {
      const drawn = draws.fraction();
      (changes.find(([share]) => drawn < share)?.[1] ?? happen)();
      if (happens(0.7)) slices.go(whole(60));
    },
    tell: () => ({
      configuration,
      signed: [...(signed?.signings.keys() ?? [])],
      waiting: [...(signed?.waiting ?? [])],
      servers,
      happened: told.slice(-20),
    }),
  };
}

interface Signing extends TestZones {
  /** Zones that are to be signed and have no key. */
  readonly waiting: Set<string>;
}

/** Some zones of most worlds are signed, as at one moment; few wait for their key. */
function signing(drafts: Drafts, { happens }: Draws): Signing | undefined {
  if (happens(0.25)) return undefined;
  const chosen = drafts.zones.map(({ name }) => name).filter(() => happens(0.8));
  const waiting = new Set(chosen.filter(() => happens(0.05)));
  const zones = signedZones(
    chosen.filter((name) => !waiting.has(name)),
    () => begin,
  );
  const waitsForKey: SignedZones['waitsForKey'] = ({ apex }) => waiting.has(textOf(apex));
  return { ...zones, waiting, waitsForKey };
}

/** Another key for a zone, or a second one beside it, as in the middle of a rotation; or the zone loses its key, and waits. */
function turnKeys({ signings, waiting }: Signing, { pick, happens }: Draws): void {
  const zones = [...signings.keys(), ...waiting];
  if (zones.length === 0) return;
  const zone = pick(zones);
  const before = signings.get(zone);
  if (before !== undefined && happens(0.15)) {
    signings.delete(zone);
    waiting.add(zone);
    return;
  }
  waiting.delete(zone);
  const next = signingWith(named(zone), newKey(happens(0.1) ? 'P-384' : 'P-256'));
  if (before === undefined || happens(0.5)) return void signings.set(zone, next);
  const dnskey = { ...before.dnskey, rdata: [...before.dnskey.rdata, ...next.dnskey.rdata].slice(0, 3) };
  signings.set(zone, { ...before, dnskey, dnskeySigners: [...before.dnskeySigners, ...next.dnskeySigners].slice(0, 2) });
}

function namesOf({ zones }: Drafts, source: AnswerTable): Names {
  const nodes = [...source.zones.zones.values()].flatMap((zone) => [...zone.nodes]);
  const wire = (name: Name) => Buffer.from(name, 'latin1');
  const others = ['elsewhere.org', ...zoneNames, ...zones.flatMap(({ name }) => labels.map((label) => nameIn(name, label)))];
  return {
    steered: nodes.flatMap(([name, { service }]) => (service === undefined ? [] : [wire(name)])),
    existing: nodes.map(([name]) => wire(name)),
    others: others.map((text) => wire(named(text))),
  };
}
