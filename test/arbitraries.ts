/** Facts and events of every type in the catalogue, made up: the arbitraries that property tests draw from. */
import fc from 'fast-check';
import { rejectionReasons } from '../src/events/catalogue/agents.ts';
import { configuration } from '../src/events/catalogue/configuration.ts';
import { keyStages } from '../src/events/catalogue/keys.ts';
import { type Actor, catalogue, type Event, type EventType, type Fact, type FactOf, type Request } from '../src/events/event.ts';

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?$/);
const domainName = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const address = fc.oneof(fc.ipV4(), fc.constantFrom('::', '::1', '2001:db8::7', '2001:db8:0:1:1:1:1:1', 'fe80::1:0:0:1'));
const port = fc.integer({ min: 1, max: 65_535 });
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const keyFingerprint = fc.stringMatching(/^[0-9a-f]{16}$/);
const microseconds = fc.oneof(fc.nat(), fc.maxSafeNat());
/** Text of at most `maxLength` UTF-16 units, plain or of any characters (of which one may be two units). */
const sentence = (maxLength: number) =>
  fc.oneof(fc.string({ minLength: 1, maxLength }), fc.string({ unit: 'binary', minLength: 1, maxLength: maxLength >> 1 }));
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
/** The fields that are there, some of them left out. */
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [], noNullPrototype: true });

const healthCheck = some({
  type: fc.constantFrom('http' as const, 'https' as const, 'tcp' as const),
  interval: fc.constantFrom('1s', '30s', '5m'),
  timeout: fc.constantFrom('100ms', '900ms'),
  path: fc.constantFrom('/', '/health', '/ready?deep=1'),
  failure_threshold: fc.integer({ min: 1, max: 100 }),
  expected_status: fc.constantFrom<(string | number)[]>([200], ['200-299', 304]),
  headers: fc.dictionary(fc.stringMatching(/^[A-Za-z-]{1,12}$/), fc.stringMatching(/^[ -~]{0,20}$/), { maxKeys: 4, noNullPrototype: true }),
});

const backend = { service: domainName, address, port };
const attributes = { region: sentence(20), weight: fc.nat() };
const agentName = sentence(64);
const optionalAttributes = some({ host: domainName, health_check: healthCheck, agent: agentName });

const wholeConfiguration = fc
  .record({
    regions: fc.uniqueArray(record({ name: label, health_check: healthCheck }), {
      selector: (region) => region.name,
      minLength: 1,
      maxLength: 3,
    }),
    domains: fc.array(record({ name: domainName, ttl: fc.nat(3600), answers: fc.constantFrom('single', 'all', 4) }), { maxLength: 3 }),
    zones: fc.array(domainName, { maxLength: 2 }),
    smoothing: fc.double({ min: 0.01, max: 1, noNaN: true }),
  })
  .map(({ regions, domains, zones, smoothing }) =>
    configuration.parse({
      regions,
      domains: domains.map((domain) => ({ ...domain, regions: [regions[0]?.name], latency_config: { smoothing_factor: smoothing } })),
      dns: { zones },
    }),
  );

const authority = fc.constantFrom('human' as const, 'tool' as const);
const target = { service: domainName, address, port: fc.option(port) };

const measured = record({
  ...backend,
  ok: fc.boolean(),
  status: fc.option(fc.integer({ min: 100, max: 999 })),
  error: fc.option(sentence(200)),
  dnsUs: fc.option(microseconds),
  connectUs: fc.option(microseconds),
  tlsUs: fc.option(microseconds),
  firstByteUs: fc.option(microseconds),
  totalUs: microseconds,
});
const overrideWords = {
  ...target,
  action: fc.constantFrom('up' as const, 'down' as const, 'drain' as const),
  reason: sentence(500),
  authority,
  until: fc.option(fc.nat()),
};
const base64 = fc.base64String({ maxLength: 64 });
const mark = { boot: fc.nat(), sequence: fc.nat() };
const gossipAddress = sentence(100);
const measurement = fc.option(fc.double({ min: 0, max: 200, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
const threshold = record({
  threshold: fc.double({ min: 0.5, max: 100, noNaN: true }),
  leave: fc.double({ min: 0.5, max: 100, noNaN: true }),
  bleedMs: fc.nat(),
});
const claimedBackend = { ...backend, weight: fc.nat(), healthy: fc.boolean(), draining: fc.option(sentence(100)) };
const predictive = record({ cpu: threshold, memory: threshold, errorRate: threshold });
const missedThreshold = fc.integer({ min: 1, max: 1_000 });
const claims = fc
  .tuple(record({ missedThreshold, backends: fc.array(record(claimedBackend), { maxLength: 3 }) }), some({ predictive }))
  .map(([required, optional]) => ({ ...required, ...optional }));
const beat = fc
  .tuple(
    record({ agent: agentName, ...mark, intervalMs: fc.integer({ min: 1, max: 86_400_000 }) }),
    some({ signals: record({ cpu: measurement, memory: measurement, errorRate: measurement }), claims }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }));
const drained = record({ agent: agentName, ...backend, reason: sentence(100) });
const pin = {
  agent: agentName,
  fingerprint: fc.option(sha256),
  certificate: fc.option(base64),
  region: sentence(20),
  services: fc.array(domainName, { maxLength: 3 }),
  address: gossipAddress,
  legacy: fc.boolean(),
};

const keyAlgorithm = fc.constantFrom(13 as const, 14 as const);
const keyTag = fc.integer({ min: 0, max: 65_535 });
const keyParts = { zone: domainName, keyTag, algorithm: keyAlgorithm, publicKey: base64, successorOf: fc.option(keyTag) };
const waitSeconds = fc.integer({ min: 0, max: 10_000_000 });

const actor: fc.Arbitrary<Actor> = fc
  .tuple(record({ kind: fc.constantFrom('human', 'tool', 'agent', 'system'), name: sentence(100) }), some({ address }))
  .map(([required, optional]) => ({ ...required, ...optional }) as Actor);

const network = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '2001:db8::/32', '::/0', '192.0.2.1/32');
const mapping = { cidr: network, region: fc.constantFrom('eu', 'us', 'a region'), comment: fc.option(sentence(100)) };

const moment = fc.maxSafeNat();
const position = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });
const standingServer = fc
  .tuple(
    record({ ...backend, source: fc.constantFrom('static' as const, 'agent' as const, 'api' as const), ...attributes }),
    optionalAttributes,
    record({ position, registeredAt: moment, updatedAt: moment }),
  )
  .map(([required, optional, since]) => ({ ...required, ...optional, ...since }));
const checkpoint = record({
  previous: fc.option(record({ position, at: moment })),
  configuration: fc.option(record({ position, at: moment, digest: sha256, configuration: wholeConfiguration })),
  registry: few(standingServer),
  health: few(
    record({
      status: fc.constantFrom('up', 'down'),
      since: moment,
      decidedBy: few(position),
      against: few(position),
      run: position,
      last: measured,
      lastAt: moment,
      lastPosition: position,
      lastOkAt: fc.option(moment),
      lastError: fc.option(sentence(200)),
    }),
  ),
  overrides: few(
    fc.tuple(record({ ...overrideWords, position, at: moment }), some({ actor, agent: agentName })).map(([of, by]) => ({ ...of, ...by })),
  ),
  requests: few(record({ key: sentence(100), digest: sentence(64), first: position, last: position, until: moment })),
  standings: few(
    record({
      service: domainName,
      lastFit: record({ A: few(fc.ipV4()), AAAA: few(fc.constant('2001:db8::7')) }),
      holder: record({ A: fc.option(fc.ipV4()), AAAA: fc.constant(null) }),
      dueAt: fc.option(moment),
    }),
  ),
  changedAt: few(record({ service: domainName, at: moment })),
  livedAt: moment,
  trust: few(
    record({
      ...pin,
      position,
      pinnedAt: moment,
      revokedAt: fc.option(moment),
      revokedBecause: fc.option(sentence(100)),
      past: few(sha256),
      ...mark,
    }),
  ),
  liveness: few(
    record({
      ...{ agent: agentName, heardAt: moment, position, intervalMs: position, limitMs: position },
      ...{ until: fc.option(moment), staleSince: fc.option(moment), left: fc.boolean(), graced: fc.boolean() },
    }),
  ),
  claims: few(
    fc
      .tuple(
        record({
          ...{ agent: agentName, missedThreshold, position, at: moment },
          backends: few(record({ ...claimedBackend, since: moment, position })),
        }),
        some({ predictive }),
      )
      .map(([required, optional]) => ({ ...required, ...optional })),
  ),
  agentDrains: few(record({ service: domainName, endpoint: sentence(20), agent: agentName, reason: sentence(100), position, at: moment })),
  bleeds: few(
    record({
      ...{
        agent: agentName,
        tenths: fc.integer({ min: 0, max: 10 }),
        bad: fc.subarray<'cpu' | 'memory' | 'errorRate'>(['cpu', 'memory', 'errorRate']),
      },
      ...{ sinks: fc.boolean(), stepMs: fc.nat(), nextAt: fc.option(moment), since: moment, position },
    }),
  ),
  keys: few(
    record({
      ...keyParts,
      ...{ stage: fc.constantFrom(...keyStages), createdAt: moment, position, since: moment, until: fc.option(moment) },
      from: sentence(20),
    }),
  ),
  geoMappings: few(record({ ...mapping, position, at: moment })),
});

/** The data of every type. A type that is missing here does not compile. */
const facts: { readonly [T in EventType]: fc.Arbitrary<FactOf<T>['data']> } = {
  'node.started': record({ version: sentence(20), configuration: sha256 }),
  'node.stopped': record({ reason: sentence(100) }),
  'node.attested': record({ answers: sha256 }),
  'node.stalled': record({ forMs: fc.integer({ min: 1 }) }),
  'clock.stepped': record({ fromMs: fc.maxSafeNat(), toMs: fc.maxSafeNat() }),
  'log.gap': record({
    since: fc.maxSafeNat(),
    until: fc.maxSafeNat(),
    dropped: fc.array(record({ type: label, repetitions: fc.nat(), lost: fc.nat() }), { maxLength: 3 }),
  }),
  'log.checkpoint': checkpoint as fc.Arbitrary<FactOf<'log.checkpoint'>['data']>,
  'configuration.applied': record({ digest: sha256, configuration: wholeConfiguration }),
  'server.registered': fc
    .tuple(
      record({ ...backend, source: fc.constantFrom('static' as const, 'agent' as const, 'api' as const), ...attributes }),
      optionalAttributes,
    )
    .map(([required, optional]) => ({ ...required, ...optional }) as FactOf<'server.registered'>['data']),
  'server.updated': fc
    .tuple(record({ ...backend, ...attributes }), optionalAttributes)
    .map(([required, optional]) => ({ ...required, ...optional }) as FactOf<'server.updated'>['data']),
  'server.deregistered': record(backend),
  'validation.recorded': measured,
  'override.set': record(overrideWords),
  'agent.pinned': record(pin),
  'agent.rotated': record({ agent: agentName, fingerprint: sha256, previous: sha256, certificate: base64 }),
  'agent.revoked': record({ agent: agentName, fingerprint: fc.option(sha256), reason: sentence(100) }),
  'agent.rejected': record({
    ...{ agent: agentName, reason: fc.constantFrom(...rejectionReasons), address: fc.option(gossipAddress) },
    count: fc.integer({ min: 1 }),
  }),
  'agent.left': record({ agent: agentName, ...mark }),
  'heartbeat.received': record({ beats: fc.array(beat, { minLength: 1, maxLength: 4 }) }) as fc.Arbitrary<
    FactOf<'heartbeat.received'>['data']
  >,
  'drain.started': drained,
  'drain.ended': drained,
  'gossip_key.rotated': record({
    ...{ action: fc.constantFrom('installed' as const, 'used' as const, 'removed' as const), fingerprint: keyFingerprint },
    keys: fc.array(keyFingerprint, { minLength: 1, maxLength: 4 }),
  }),
  'key.generated': record({ ...keyParts, waitSeconds }),
  'key.stage_entered': record({
    ...{ zone: domainName, keyTag, stage: fc.constantFrom('announced' as const, 'trusted' as const, 'active' as const) },
    ...{ waitSeconds, evidence: sentence(100) },
  }),
  'key.imported': record({ ...keyParts, waitSeconds, createdAt: moment, from: sentence(20) }),
  'key.removed': record({ zone: domainName, keyTag, reason: sentence(100) }),
  'key.refused': record({ zone: domainName, keyTag, from: sentence(20), reason: sentence(100) }),
  'geo_mapping.set': record(mapping),
  'geo_mapping.removed': record({ cidr: network }),
  'override.cleared': record({ ...target, authority, reason: fc.option(sentence(500)) }),
};

const request: fc.Arbitrary<Request> = record({ key: sentence(100), digest: sentence(64) });
const extras = some({ actor, request, cause: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) });

/** A fact of any type. */
export const factArbitrary: fc.Arbitrary<Fact> = fc.oneof(
  ...Object.entries(facts).map(([type, data]) =>
    fc.tuple(data as fc.Arbitrary<unknown>, extras).map(([value, more]) => ({ type, ...more, data: value }) as Fact),
  ),
);

/** What one batch may hold. */
export const factsArbitrary: fc.Arbitrary<readonly Fact[]> = fc.array(factArbitrary, { minLength: 1, maxLength: 20 });

const newest = new Map<string, number>(catalogue.map(({ type, v }) => [type, v]));

/** A log of one node from position 1 on: batches whose time never goes back, as one list of events. */
export const eventsArbitrary: fc.Arbitrary<readonly Event[]> = fc
  .array(fc.tuple(factsArbitrary, fc.nat(60_000)), { maxLength: 10 })
  .map((batches) => {
    const events: Event[] = [];
    let at = Date.UTC(2026, 0, 1);
    for (const [batch, passed] of batches) {
      at += passed;
      for (const fact of batch) events.push({ position: events.length + 1, at, node: 'ow-1', v: newest.get(fact.type), ...fact } as Event);
    }
    return events;
  });
