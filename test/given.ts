/**
 * The words in which tests tell what was given: a configuration from a few servers, facts about them, moments, orders.
 * Configurations go through the real schema, so defaults are the real ones. Nothing here asserts anything.
 */
import type { z } from 'zod';
import type { ApplyConfiguration, ClearOverride, Command, Order, SetOverride } from '../src/commands/command.ts';
import { type Configuration, configuration } from '../src/events/catalogue/configuration.ts';
import type { AgentClaims, Beat, ClaimedBackend, PredictivePolicy } from '../src/events/catalogue/heartbeats.ts';
import { type Actor, catalogue, type DataOf, type Event, type Fact, type FactOf } from '../src/events/event.ts';
import { checkpointOf } from '../src/projections/checkpoint.ts';
import { configurationDigest } from '../src/projections/configuration.ts';
import { evolve } from '../src/projections/evolve.ts';
import { initialState, type State } from '../src/projections/state.ts';

/** The service that tests speak of where they name none. */
export const app = 'app.example.com';
/** Three servers of it by IPv4, and two by IPv6. */
export const [a, b, c] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const;
export const [a6, b6] = ['2001:db8::1', '2001:db8::2'] as const;

export const someone: Actor = { kind: 'human', name: 'kim' };

// --- configurations

type ConfigurationInput = z.input<typeof configuration>;
type DomainInput = NonNullable<ConfigurationInput['domains']>[number];
type RegionInput = NonNullable<ConfigurationInput['regions']>[number];
type ServerInput = NonNullable<RegionInput['servers']>[number];

/** A static server; its region is `eu` where nothing else is said. */
export type ServerWords = Partial<ServerInput> & { readonly address: string; readonly region?: string };

export function configurationOf(input: ConfigurationInput): Configuration {
  return configuration.parse(input);
}

/** One domain, `app`, with these servers; regions are listed as the servers first name them. */
export function oneDomain(
  servers: readonly (string | ServerWords)[],
  domain: Partial<DomainInput> = {},
  rest: ConfigurationInput = {},
): Configuration {
  const words = servers.map((server) => (typeof server === 'string' ? { address: server } : server));
  const names = words.length === 0 ? ['eu'] : [...new Set(words.map(regionOf))];
  const regions = names.map((name) => ({ name, servers: words.filter((server) => regionOf(server) === name).map(staticServer) }));
  return configurationOf({ regions, domains: [{ name: app, regions: names, ...domain }], ...rest });
}

function regionOf({ region }: ServerWords): string {
  return region ?? 'eu';
}

function staticServer({ region: _ownedByRegion, ...server }: ServerWords): ServerInput {
  return { service: app, ...server };
}

/** Nothing checks the servers: they are up from the moment that they are registered. */
export const unchecked = { overwatch: { validation: { enabled: false } } } as const;

/** The same, and agents may speak for `app`. */
export const believing = {
  overwatch: { ...unchecked.overwatch, agent_tokens: { [app]: 'a token, long enough' } },
} satisfies ConfigurationInput;

// --- facts

export function applied(of: Configuration): Fact {
  return { type: 'configuration.applied', data: { digest: configurationDigest(of), configuration: of } };
}

/** The configuration and its static servers, as facts. */
export function inForce(of: Configuration): Fact[] {
  const servers = of.regions.flatMap((region) =>
    region.servers.map((server) => registered(server.address, { ...server, region: region.name, source: 'static' })),
  );
  return [applied(of), ...servers];
}

export function registered(address: string, words: Partial<DataOf<'server.registered'>> = {}): FactOf<'server.registered'> {
  const data = { service: app, address, port: 80, source: 'api' as const, region: 'eu', weight: 100 };
  return { type: 'server.registered', data: { ...data, ...words } };
}

export function updated(address: string, words: Partial<DataOf<'server.updated'>> = {}): FactOf<'server.updated'> {
  return { type: 'server.updated', data: { service: app, address, port: 80, region: 'eu', weight: 100, ...words } };
}

export function deregistered(address: string, words: Partial<DataOf<'server.deregistered'>> = {}): FactOf<'server.deregistered'> {
  return { type: 'server.deregistered', data: { service: app, address, port: 80, ...words } };
}

/** A check that succeeded, or failed with this error. */
export function checked(
  address: string,
  result: 'ok' | 'failed',
  words: Partial<DataOf<'validation.recorded'>> = {},
): FactOf<'validation.recorded'> {
  const ok = result === 'ok';
  const measured = { status: ok ? 200 : 500, error: ok ? null : 'status 500', dnsUs: null, connectUs: 200, tlsUs: null, firstByteUs: 900 };
  return { type: 'validation.recorded', data: { service: app, address, port: 80, ok, ...measured, totalUs: 1_100, ...words } };
}

/** The same check result several times. */
export function times<T>(count: number, fact: T): T[] {
  return Array.from({ length: count }, () => fact);
}

export function overridden(
  address: string,
  action: 'up' | 'down' | 'drain',
  words: Partial<DataOf<'override.set'>> = {},
): FactOf<'override.set'> {
  const data = { service: app, address, port: null, action, reason: 'because', authority: 'human' as const, until: null };
  return { type: 'override.set', data: { ...data, ...words } };
}

export function mapped(cidr: string, region: string, comment: string | null = null): FactOf<'geo_mapping.set'> {
  return { type: 'geo_mapping.set', data: { cidr, region, comment } };
}

export function unmapped(cidr: string): FactOf<'geo_mapping.removed'> {
  return { type: 'geo_mapping.removed', data: { cidr } };
}

export function cleared(address: string, words: Partial<DataOf<'override.cleared'>> = {}): FactOf<'override.cleared'> {
  return { type: 'override.cleared', data: { service: app, address, port: null, authority: 'human', reason: null, ...words } };
}

export function started(): Fact {
  return { type: 'node.started', data: { version: '1.2.3', configuration: '0'.repeat(64) } };
}

// --- facts about agents

/** The agent that tests speak of where they name none. */
export const agent1 = 'web-1';
export const fingerprintOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);

export function pinned(agent: string = agent1, words: Partial<DataOf<'agent.pinned'>> = {}): FactOf<'agent.pinned'> {
  const data = { agent, fingerprint: fingerprintOf(agent), certificate: 'AAAA', region: 'eu', services: [app], address: '192.0.2.50:7946' };
  return { type: 'agent.pinned', data: { ...data, legacy: false, ...words } };
}

export function claimed(address: string, words: Partial<ClaimedBackend> = {}): ClaimedBackend {
  return { service: app, address, port: 80, weight: 100, healthy: true, draining: null, ...words };
}

/** Claims of these backends, healthy where only an address is said, and void after three intervals of silence. */
export function claims(...backends: readonly (string | ClaimedBackend)[]): AgentClaims {
  return { missedThreshold: 3, backends: backends.map((backend) => (typeof backend === 'string' ? claimed(backend) : backend)) };
}

/** A beat every ten seconds. */
export function beat(sequence: number, words: Partial<Beat> = {}): Beat {
  return { agent: agent1, boot: 1, sequence, intervalMs: 10_000, ...words };
}

export function received(...beats: readonly Beat[]): FactOf<'heartbeat.received'> {
  return { type: 'heartbeat.received', data: { beats: [...beats] } };
}

/** An agent that is let in, claims these servers, and speaks for them. */
export function joined(agent: string, ...addresses: readonly string[]): Fact[] {
  return [
    pinned(agent),
    received(beat(1, { agent, claims: claims(...addresses) })),
    ...addresses.map((address) => registered(address, { source: 'agent', agent })),
  ];
}

export function draining(address: string, words: Partial<DataOf<'drain.started'>> = {}): FactOf<'drain.started'> {
  return { type: 'drain.started', data: { agent: agent1, service: app, address, port: 80, reason: 'deploy', ...words } };
}

export function drained(address: string, words: Partial<DataOf<'drain.ended'>> = {}): FactOf<'drain.ended'> {
  return { type: 'drain.ended', data: { agent: agent1, service: app, address, port: 80, reason: 'deploy', ...words } };
}

/** CPU from 90 % on, memory and errors never; a tenth of the weight a second. */
export const cpuPolicy: PredictivePolicy = {
  cpu: { threshold: 90, leave: 80, bleedMs: 10_000 },
  memory: { threshold: 1_000, leave: 900, bleedMs: 5_000 },
  errorRate: { threshold: 1_000, leave: 900, bleedMs: 0 },
};

export function measuring(cpu: number | null, memory: number | null = 0, errorRate: number | null = 0): Beat['signals'] & {} {
  return { cpu, memory, errorRate };
}

// --- facts about keys of zones

/** The public part of a key that exists in name alone. */
export const publicKeyOf = (name: string): string => Buffer.alloc(64, name).toString('base64');

/** A key of `app`, which is a zone of its own where no zones are configured: its first, or a successor. */
export function keyMade(keyTag: number, words: Partial<DataOf<'key.generated'>> = {}): FactOf<'key.generated'> {
  const data = { zone: app, keyTag, algorithm: 13 as const, publicKey: publicKeyOf(String(keyTag)), successorOf: null, waitSeconds: 0 };
  return { type: 'key.generated', data: { ...data, ...words } };
}

export function keyEntered(
  keyTag: number,
  stage: 'announced' | 'trusted' | 'active',
  words: Partial<DataOf<'key.stage_entered'>> = {},
): FactOf<'key.stage_entered'> {
  return { type: 'key.stage_entered', data: { zone: app, keyTag, stage, waitSeconds: 0, evidence: 'it was seen', ...words } };
}

export function keyImported(keyTag: number, words: Partial<DataOf<'key.imported'>> = {}): FactOf<'key.imported'> {
  const { data } = keyMade(keyTag);
  return { type: 'key.imported', data: { ...data, createdAt: 0, from: 'overwatch-2', ...words } };
}

export function keyRemoved(keyTag: number, words: Partial<DataOf<'key.removed'>> = {}): FactOf<'key.removed'> {
  return { type: 'key.removed', data: { zone: app, keyTag, reason: 'because', ...words } };
}

/** Everything that this state holds, restated. */
export function restated(state: State): FactOf<'log.checkpoint'> {
  return { type: 'log.checkpoint', data: checkpointOf(state) };
}

/** The same fact, as part of the command that this key names. */
export function requested<F extends Fact>(fact: F, key: string, digest = 'body'): F {
  return { ...fact, request: { key, digest } };
}

// --- moments

export interface Moment {
  readonly at: number;
  readonly facts: readonly Fact[];
}

export function at(moment: number, ...facts: readonly Fact[]): Moment {
  return { at: moment, facts };
}

const newest: ReadonlyMap<string, number> = new Map(catalogue.map(({ type, v }) => [type, v]));

/** Facts with their places in a log, which begins at position 1. */
export function events(...moments: readonly Moment[]): Event[] {
  return moments
    .flatMap(({ at, facts }) => facts.map((fact) => ({ at, fact })))
    .map(({ at, fact }, index) => ({ position: index + 1, at, node: 'test', v: newest.get(fact.type), ...fact }) as Event);
}

/** What a log of these facts means. */
export function stateOf(...moments: readonly Moment[]): State {
  const state = initialState();
  for (const event of events(...moments)) evolve(state, event);
  return state;
}

/** The same value, with every map and object in it filled in the opposite order, however deep. */
export function turnedRound<T>(value: T): T {
  if (value instanceof Map) return new Map([...value].reverse().map(([key, inner]) => [key, turnedRound(inner)])) as T;
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turnedRound(inner)]),
  ) as T;
}

// --- orders

export function order(command: Command, key?: string): Order {
  return { command, actor: someone, ...(key !== undefined && { key }) };
}

export function settingOverride(address: string, action: 'up' | 'down' | 'drain', words: Partial<SetOverride> = {}): SetOverride {
  const target = { service: app, address, port: null };
  return { kind: 'setOverride', ...target, action, reason: 'because', authority: 'human', expiresInMs: null, force: false, ...words };
}

export function clearingOverride(address: string, words: Partial<ClearOverride> = {}): ClearOverride {
  return { kind: 'clearOverride', service: app, address, port: null, reason: null, authority: 'human', force: false, ...words };
}

export function applying(of: Configuration, words: Partial<ApplyConfiguration> = {}): ApplyConfiguration {
  return { kind: 'applyConfiguration', configuration: of, force: false, ...words };
}
