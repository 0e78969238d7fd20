/**
 * Scenarios for the laws of the projections: a configuration with a few services, then whatever may happen to them, in
 * any order that a log allows. Addresses, ports and names are few, so that facts meet; times are near, so that they
 * meet too, and now and then a day passes.
 */
import fc from 'fast-check';
import type { Configuration } from '../../src/events/catalogue/configuration.ts';
import type { AgentClaims, Beat } from '../../src/events/catalogue/heartbeats.ts';
import type { Event, Fact } from '../../src/events/event.ts';
import {
  applied,
  at,
  checked,
  cleared,
  configurationOf,
  cpuPolicy,
  deregistered,
  drained,
  draining,
  events,
  fingerprintOf,
  inForce,
  keyEntered,
  keyImported,
  keyMade,
  keyRemoved,
  type Moment,
  mapped,
  measuring,
  overridden,
  pinned,
  received,
  registered,
  requested,
  started,
  unmapped,
  updated,
} from '../given.ts';

export const services = ['one.example.com', 'two.example.com', 'three.example.com'] as const;
const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1'] as const;
const ports = [80, 81] as const;
const regions = ['eu', 'us'] as const;

export interface Scenario {
  readonly moments: readonly Moment[];
  readonly events: readonly Event[];
}

const backendFields = {
  service: fc.constantFrom(services[0], ...services),
  address: fc.constantFrom(...addresses),
  port: fc.constantFrom(...ports),
};
const backend = fc.record(backendFields);
const weight = fc.constantFrom(0, 1, 3, 100);
const region = fc.constantFrom(...regions);

const domain = fc.record({
  routing_algorithm: fc.constantFrom('round-robin', 'weighted', 'failover', 'geolocation'),
  answers: fc.constantFrom<('single' | 'all' | number)[]>('single', 'all', 1, 2, 3),
  when_all_unhealthy: fc.constantFrom('servfail', 'all'),
  regions: fc.constantFrom<string[][]>(['eu', 'us'], ['us', 'eu'], ['eu']),
});

const configuration: fc.Arbitrary<Configuration> = fc
  .record({
    domains: fc.array(domain, { minLength: 1, maxLength: 3, size: 'max' }),
    servers: fc.uniqueArray(fc.record({ ...backendFields, weight, region }), {
      minLength: 3,
      maxLength: 12,
      size: 'max',
      selector: ({ service, address, port }) => `${service} ${address} ${port}`,
    }),
    usual: fc.option(region),
    enabled: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    rotating: fc.boolean(),
    thresholds: fc.record({ failure_threshold: fc.integer({ min: 1, max: 3 }), success_threshold: fc.integer({ min: 1, max: 3 }) }),
  })
  .map(({ domains, servers, usual, enabled, rotating, thresholds }) =>
    configurationOf({
      overwatch: {
        validation: { enabled },
        dnssec: rotating ? { rotate_every: '1d' } : {},
        geolocation: { ...(usual !== null && { default_region: usual }), custom_mappings: [{ cidr: '10.0.0.0/8', region: 'us' }] },
      },
      regions: regions.map((name) => ({
        name,
        health_check: thresholds,
        servers: servers.filter(({ region }) => region === name).map(({ region: _its, ...server }) => server),
      })),
      domains: domains.map((words, index) => ({ name: services[index] as string, ...words })),
    }),
  );

/** What happens, told by the moment at which it does. */
type Happening = (now: number) => readonly Fact[];

const check: fc.Arbitrary<Happening> = fc.record({ ...backendFields, ok: fc.boolean() }).map(({ ok, ...of }) => () => [
  checked(of.address, ok ? 'ok' : 'failed', of),
]);

const target = fc.record({ ...backendFields, port: fc.constantFrom(80, 81, null), authority: fc.constantFrom('human', 'tool') });
const override: fc.Arbitrary<Happening> = fc
  .record({
    target,
    action: fc.constantFrom('up', 'down', 'drain'),
    /** From now; what is over when it is set is a fact like any other. */
    expiresInMs: fc.option(fc.integer({ min: -5, max: 40 }), { freq: 3 }),
  })
  .map(({ target, action, expiresInMs }) => (now) => {
    const until = expiresInMs === null ? null : Math.max(0, now + expiresInMs);
    return [overridden(target.address, action, { ...target, until })];
  });
const clearing: fc.Arbitrary<Happening> = target.map((of) => () => [cleared(of.address, of)]);

const server: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ ...backendFields, weight, region }).map(
    (of): Happening =>
      () => [registered(of.address, of)],
  ),
  fc.record({ ...backendFields, weight, region }).map(
    (of): Happening =>
      () => [updated(of.address, of)],
  ),
  backend.map(
    (of): Happening =>
      () => [deregistered(of.address, of)],
  ),
);

const applying: fc.Arbitrary<Happening> = fc.tuple(configuration, fc.boolean()).map(
  ([of, withServers]) =>
    () =>
      withServers ? inForce(of) : [applied(of)],
);

const restart: fc.Arbitrary<Happening> = fc.constant(() => [{ type: 'node.stopped', data: { reason: 'asked' } }, started()]);

// Agents are few, their marks rise by themselves or are old, and they claim what others hold too.
const agents = ['web-1', 'web-2'] as const;
const agent = fc.constantFrom(...agents);
const predictive = fc.constantFrom(undefined, cpuPolicy, { ...cpuPolicy, cpu: { threshold: 50, leave: 50, bleedMs: 25 } });
const claimedBackends = fc.uniqueArray(
  fc.record({ ...backendFields, weight, healthy: fc.boolean(), draining: fc.constantFrom(null, null, 'deploy') }),
  { maxLength: 3, selector: ({ service, address, port }) => `${service} ${address} ${port}` },
);
const anyBeat = fc
  .record({
    agent,
    /** Mostly newer than all before, now and then as old as can be. */
    isOld: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
    sequence: fc.nat(3),
    intervalMs: fc.constantFrom(1, 5, 30_000),
    claims: fc.option(fc.record({ missedThreshold: fc.constantFrom(1, 3), predictive, backends: claimedBackends }), { freq: 2 }),
    cpu: fc.option(fc.constantFrom(10, 60, 85, 95, null), { freq: 1, nil: undefined }),
  })
  .map(({ agent, isOld, sequence, intervalMs, claims, cpu }) => (now: number): Beat => {
    const { predictive: policy, ...rest } = claims ?? { predictive: undefined };
    return {
      ...{ agent, boot: isOld ? 0 : now, sequence, intervalMs },
      ...(cpu !== undefined && { signals: measuring(cpu) }),
      ...(claims !== null && { claims: { ...(rest as AgentClaims), ...(policy !== undefined && { predictive: policy }) } }),
    };
  });
const beats: fc.Arbitrary<Happening> = fc.array(anyBeat, { minLength: 1, maxLength: 2 }).map(
  (several): Happening =>
    (now) => [received(...several.map((beatAt) => beatAt(now)))],
);
const ofAgents: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: beats },
  {
    weight: 4,
    arbitrary: fc.record({ ...backendFields, agent, weight, isNew: fc.boolean() }).map(
      ({ isNew, ...of }): Happening =>
        () => [isNew ? registered(of.address, { ...of, source: 'agent' }) : updated(of.address, of)],
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ ...backendFields, agent, starts: fc.boolean() }).map(
      ({ starts, ...of }): Happening =>
        () => [starts ? draining(of.address, of) : drained(of.address, of)],
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ agent, host: fc.constantFrom('one', 'two'), legacy: fc.boolean() }).map(
      ({ agent, host, legacy }): Happening =>
        () => [pinned(agent, { fingerprint: legacy ? null : fingerprintOf(host), legacy, services: [...services] })],
    ),
  },
  {
    weight: 1,
    arbitrary: agent.map(
      (agent): Happening =>
        () => [{ type: 'agent.revoked', data: { agent, fingerprint: null, reason: 'x' } }],
    ),
  },
  {
    weight: 1,
    arbitrary: agent.map(
      (agent): Happening =>
        (now) => [{ type: 'agent.left', data: { agent, boot: now, sequence: 9 } }],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 30 }).map(
      (forMs): Happening =>
        () => [{ type: 'node.stalled', data: { forMs } }],
    ),
  },
);

// Keys are few, in any order: a log that was cut or restored may hold any, and folds are total.
const keyTag = fc.constantFrom(1, 2, 3);
const ofKey = { zone: fc.constantFrom(services[0], ...services), waitSeconds: fc.constantFrom(0, 0, 1, 86_400) };
const ofKeys: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ ...ofKey, keyTag, successorOf: fc.option(keyTag) }).map(
    ({ keyTag, ...words }): Happening =>
      () => [keyMade(keyTag, words)],
  ),
  fc.record({ ...ofKey, keyTag, stage: fc.constantFrom('announced', 'trusted', 'active') }).map(
    ({ keyTag, stage, ...words }): Happening =>
      () => [keyEntered(keyTag, stage, words)],
  ),
  fc.record({ ...ofKey, keyTag, successorOf: fc.option(keyTag) }).map(
    ({ keyTag, ...words }): Happening =>
      (now) => [keyImported(keyTag, { ...words, createdAt: now })],
  ),
  fc.record({ zone: ofKey.zone, keyTag }).map(
    ({ keyTag, zone }): Happening =>
      () => [keyRemoved(keyTag, { zone })],
  ),
);

const cidr = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '2001:db8::/32');
const ofNetworks: fc.Arbitrary<Happening> = fc.oneof(
  fc.tuple(cidr, region).map(
    ([network, place]): Happening =>
      () => [mapped(network, place)],
  ),
  cidr.map(
    (network): Happening =>
      () => [unmapped(network)],
  ),
);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 2, arbitrary: ofNetworks },
  { weight: 4, arbitrary: ofKeys },
  { weight: 12, arbitrary: ofAgents },
  { weight: 12, arbitrary: check },
  { weight: 6, arbitrary: override },
  { weight: 2, arbitrary: clearing },
  { weight: 3, arbitrary: server },
  { weight: 1, arbitrary: applying },
  { weight: 1, arbitrary: restart },
);

const step = fc.record({
  waitMs: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(0, 0, 1, 2, 5, 20) }, fc.constant(86_400_000)),
  happening,
  /** The key of the command that it was part of. */
  key: fc.option(fc.constantFrom('first', 'second'), { freq: 3 }),
});

/** A configuration and what happened from 1 000 000 on. */
export const scenario: fc.Arbitrary<Scenario> = fc
  .tuple(configuration, fc.array(step, { maxLength: 60, size: 'max' }))
  .map(([first, steps]) => {
    let now = 1_000_000;
    const moments: Moment[] = [at(now, ...inForce(first), ...agents.map((agent) => pinned(agent, { services: [...services] })))];
    for (const { waitMs, happening, key } of steps) {
      now += waitMs;
      const facts = happening(now);
      moments.push(at(now, ...(key === null ? facts : facts.map((fact) => requested(fact, key, 'body')))));
    }
    return { moments, events: events(...moments) };
  });

/** Some facts that could come next at any moment. */
export const whatIf: fc.Arbitrary<Happening> = fc
  .array(happening, { minLength: 1, maxLength: 3 })
  .map((happenings) => (now) => happenings.flatMap((happening) => happening(now)));
