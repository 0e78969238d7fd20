/**
 * From state to what DNS says: for every service the candidates in order, each with the reason that it is in or out,
 * and the wheel that answers are drawn from. DNS, REST, explain and replay all read this, so none can disagree.
 *
 * A candidate is an address of the service; several ports of it are as fit as the worst of them. Candidates are sorted
 * into tiers, and the first tier that is not empty answers, so that a drain of everything or a node that sees nobody
 * never empties a name that could be served (I5):
 *
 *     verdict     weight   by            when_all_unhealthy   tier
 *     up          > 0      anyone        any                  fit
 *     up          0        anyone        any                  draining
 *     draining    any      anyone        any                  draining
 *     stale       > 0      liveness      any                  unproven
 *     unproven    > 0      nothing       any                  unproven
 *     either      0        anyone        any                  draining
 *     down        any      an override   any                  -
 *     down        any      anyone else   servfail             -
 *     down        any      anyone else   all                  last-resort
 *     down        any      anyone else   last_healthy         last-resort, if it was among the last that were fit
 *
 * The weight is what the signals of its agent leave of it; where an override decides, all of it.
 */
import { createHash } from 'node:crypto';
import type { Domain, RoutingAlgorithm } from '../events/catalogue/configuration.ts';
import { assertNever } from './assert-never.ts';
import { type ConfigurationInForce, lastResortOf, placeOf, servicesOf, ttlSecondsOf } from './configuration.ts';
import { type Mapping, mappingsInForce, mappingsText } from './geo-mappings.ts';
import { bledWeight, tenthsOf } from './predictive.ts';
import { type Server, serversOf } from './registry.ts';
import { algorithms } from './routing/algorithms.ts';
import { type Family, families, familyOf } from './routing/family.ts';
import { placesOf } from './routing/geolocation.ts';
import type { PlacedWheel, Routed, Spoke, Wheel } from './routing/wheel.ts';
import { rampedWeight, rampMsOf } from './slow-start.ts';
import type { State } from './state.ts';
import { type Verdict, verdictOn } from './verdict.ts';

/** In the order in which they answer: the first that is not empty, and no other (I5). */
export const tiers = ['fit', 'draining', 'unproven', 'last-resort'] as const;
export type Tier = (typeof tiers)[number];

/** One server of a service, and what is thought of it. */
export interface JudgedServer {
  readonly server: Server;
  readonly verdict: Verdict;
  /** What is left of its weight while its agent measures trouble; all of it where an override decides. */
  readonly weight: number;
  /** Undefined: it never answers as things are. */
  readonly tier: Tier | undefined;
}

/** One address that a service could answer with. */
export interface Candidate {
  readonly address: string;
  readonly family: Family;
  readonly tier: Tier | undefined;
  /** Whether it is in the tier that answers. */
  readonly answers: boolean;
  /** What routing counts: the least of its ports' weights, or less while it starts slowly. */
  readonly weight: number;
  /** Since when it has been what it is. */
  readonly since: number;
  /** Every port of it in this service; the first is the worst, whose verdict stands for the address. */
  readonly servers: readonly [JudgedServer, ...JudgedServer[]];
}

/** What one family of a service's addresses answers. */
export interface FamilyAnswer {
  /** The tier that answers; undefined: none does, which is SERVFAIL. */
  readonly tier: Tier | undefined;
  /** Empty exactly where `tier` is undefined. */
  readonly wheel: Wheel;
  /** For clients of these regions other wheels; left out where all get the same. */
  readonly places?: readonly PlacedWheel[];
}

/** How clients are told apart. */
export interface ClientPlaces {
  /** Whether the client subnet that a resolver sends is believed; else the resolver itself is the client. */
  readonly usesSubnet: boolean;
  readonly networks: readonly Mapping[];
}

export interface ServiceAnswer {
  readonly service: string;
  readonly ttlSeconds: number;
  readonly algorithm: RoutingAlgorithm;
  /**
   * By family. Undefined where the service has servers but none of this family: NODATA. A service without any server
   * has both, with empty wheels: SERVFAIL, because the answer is not known yet.
   */
  readonly families: Readonly<Record<Family, FamilyAnswer | undefined>>;
  /** In the order that `failover` follows: regions as the domain lists them, then servers as the file does, then the others. */
  readonly candidates: readonly Candidate[];
  /** There exactly where a family has places. */
  readonly clients?: ClientPlaces;
}

const nothing: FamilyAnswer = { tier: undefined, wheel: { spokes: [], draw: 'sequence' } };

/** What is answered for a service; undefined where the configuration does not name it. */
export function answerOf(state: State, service: string): ServiceAnswer | undefined {
  const inForce = state.configuration;
  const domain = inForce?.domains.get(service);
  if (inForce === undefined || domain === undefined) return undefined;
  const judged = judgedServers(state, inForce, domain);
  const ramp = { rampMs: rampMsOf(domain), at: state.at };
  const candidates = families.flatMap((family) => candidatesOf(family, judged, ramp));
  const holders = state.standings.get(service)?.holder;
  const known = candidates.length > 0;
  const familyAnswer = (family: Family): FamilyAnswer | undefined => {
    const ofFamily = candidates.filter((candidate) => candidate.family === family);
    if (ofFamily.length === 0) return known ? undefined : nothing;
    return routeFamily(inForce, domain, ofFamily, holders?.[family] ?? null);
  };
  const answers = { A: familyAnswer('A'), AAAA: familyAnswer('AAAA') };
  const usesPlaces = families.some((family) => answers[family]?.places !== undefined);
  const { ecs_enabled: usesSubnet } = inForce.configuration.overwatch.geolocation;
  return {
    service,
    ttlSeconds: ttlSecondsOf(inForce.configuration, domain),
    algorithm: domain.routing_algorithm,
    families: answers,
    candidates,
    ...(usesPlaces && { clients: { usesSubnet, networks: mappingsInForce(state) } }),
  };
}

/** `holder`: the address that goes before the others, however they are ordered. */
function routeFamily(
  { configuration }: ConfigurationInForce,
  domain: Domain,
  candidates: readonly Candidate[],
  holder: string | null,
): FamilyAnswer {
  const route = algorithms[domain.routing_algorithm];
  if (route === undefined) return nothing;
  const inOrder = candidates.filter((candidate) => candidate.answers);
  const answering = [...inOrder.filter(({ address }) => address === holder), ...inOrder.filter(({ address }) => address !== holder)];
  const size = domain.answers === 'single' ? 1 : domain.answers === 'all' ? Math.max(1, answering.length) : domain.answers;
  const { default_region: defaultRegion } = configuration.overwatch.geolocation;
  const routed = answering.map(routedOf);
  const places = domain.routing_algorithm === 'geolocation' ? placesOf(routed, size, defaultRegion) : [];
  return { tier: answering[0]?.tier, wheel: route(routed, size, defaultRegion), ...(places.length > 0 && { places }) };
}

function routedOf({ address, weight, servers }: Candidate): Routed {
  return { address, weight, regions: [...new Set(servers.map(({ server }) => server.region))] };
}

/** Every spoke of a family: those for everybody, and those for clients of some region. */
export function spokesOf({ wheel, places = [] }: FamilyAnswer): readonly Spoke[] {
  return places.length === 0 ? wheel.spokes : [wheel, ...places.map((place) => place.wheel)].flatMap(({ spokes }) => spokes);
}

function judgedServers(state: State, inForce: ConfigurationInForce, domain: Domain): JudgedServer[] {
  const servers = [...serversOf(state.registry, domain.name)].filter((server) => domain.regions.includes(server.region));
  return inAnswerOrder(inForce, domain, servers).map((server) => {
    const verdict = verdictOn(state, server);
    const isOverridden = verdict.authority === 'human-override' || verdict.authority === 'tool-override';
    const weight = isOverridden ? server.weight : bledWeight(server.weight, tenthsOf(state.bleeds, server.agent));
    return { server, verdict, weight, tier: tierOf(state, inForce, domain, { server, verdict, weight }) };
  });
}

/** Regions as the domain lists them; in a region the file's servers in the file's order, then the others as they came. */
function inAnswerOrder(inForce: ConfigurationInForce, domain: Domain, servers: readonly Server[]): Server[] {
  return servers
    .map((server) => {
      const place = placeOf(inForce, server) ?? Number.MAX_SAFE_INTEGER;
      return { server, region: domain.regions.indexOf(server.region), place };
    })
    .sort((a, b) => a.region - b.region || a.place - b.place || a.server.position - b.server.position)
    .map(({ server }) => server);
}

/** The truth table above. */
function tierOf(
  state: State,
  inForce: ConfigurationInForce,
  domain: Domain,
  { server, verdict, weight }: Omit<JudgedServer, 'tier'>,
): Tier | undefined {
  switch (verdict.status) {
    case 'up':
      return weight > 0 ? 'fit' : 'draining';
    case 'draining':
      return 'draining';
    case 'stale':
    case 'unproven':
      return weight > 0 ? 'unproven' : 'draining';
    case 'down': {
      if (verdict.authority !== 'validation' && verdict.authority !== 'agent-claim') return undefined;
      const policy = lastResortOf(inForce.configuration, domain);
      const isLastResort = policy === 'all' || (policy === 'last_healthy' && wasLastFit(state, server));
      return isLastResort ? 'last-resort' : undefined;
    }
    default:
      return assertNever(verdict.status);
  }
}

function wasLastFit({ standings }: State, { service, address }: Server): boolean {
  return standings.get(service)?.lastFit[familyOf(address)].includes(address) ?? false;
}

/** Later is worse. */
function badness(tier: Tier | undefined): number {
  return tier === undefined ? tiers.length : tiers.indexOf(tier);
}

function candidatesOf(
  family: Family,
  judged: readonly JudgedServer[],
  ramp: { readonly rampMs: number; readonly at: number },
): Candidate[] {
  const byAddress = new Map<string, [JudgedServer, ...JudgedServer[]]>();
  for (const entry of judged) {
    const { address } = entry.server;
    if (familyOf(address) !== family) continue;
    const others = byAddress.get(address);
    if (others === undefined) byAddress.set(address, [entry]);
    else if (badness(entry.tier) > badness(others[0].tier)) others.unshift(entry);
    else others.push(entry);
  }
  const best = tiers.find((tier) => [...byAddress.values()].some(([worst]) => worst.tier === tier));
  return [...byAddress].map(([address, servers]) => {
    const [{ tier }] = servers;
    const since = Math.max(...servers.map(({ verdict }) => verdict.since));
    const weight = Math.min(...servers.map((judged) => judged.weight));
    const ramped = tier === 'fit' ? rampedWeight(weight, ramp.rampMs, since, ramp.at) : weight;
    return { address, family, tier, answers: tier !== undefined && tier === best, weight: ramped, since, servers };
  });
}

/** Whether any address of the service is fit. */
export function hasFitServer(answer: ServiceAnswer): boolean {
  return answer.candidates.some((candidate) => candidate.tier === 'fit');
}

/** What a client can see of an answer, as text: equal exactly where the answers are. */
export function answerText(answer: ServiceAnswer): string {
  const familyText = (family: Family): string => {
    const of = answer.families[family];
    if (of === undefined) return `${family} nodata`;
    const places = (of.places ?? []).map(({ region, wheel }) => ` @${region} ${wheelText(wheel)}`);
    return `${family} ${wheelText(of.wheel)}${places.join('')}`;
  };
  const clients = answer.clients === undefined ? '' : ` ${answer.clients.usesSubnet} ${mappingsText(answer.clients.networks)}`;
  return `${answer.service} ${answer.ttlSeconds} ${families.map(familyText).join(' ')}${clients}`;
}

function wheelText({ draw, spokes }: Wheel): string {
  return `${draw} ${spokes.map((spoke) => `${spoke.addresses.join(',')}*${spoke.weight}`).join(' ')}`;
}

/** SHA-256 of everything that the state answers. */
export function answersDigest(state: State): string {
  const hash = createHash('sha256');
  for (const service of [...servicesOf(state.configuration)].sort()) {
    const answer = answerOf(state, service);
    if (answer !== undefined) hash.update(answerText(answer)).update('\n');
  }
  return hash.digest('hex');
}
