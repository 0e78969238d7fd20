/** What the API shows of services, health, events and the node itself: whole answers, as clients get them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Event } from '../../src/events/event.ts';
import type { Readiness } from '../../src/nodes/api/route-context.ts';
import { a, a6, app, b, checked, configurationOf, oneDomain, order, registered, settingOverride, times } from '../given.ts';
import { assertError, type RunningApi, runApi, start, startText, waitFor } from './running-api.ts';

const minuteLater = '2026-11-21T03:13:00.000Z';
const mixed = oneDomain([a, { address: b, port: 81, region: 'us', weight: 5 }, a6], { ttl: 30, routing_algorithm: 'weighted' });
/** Of the registrations of `mixed`, in the order of the file. */
const [registeredA, registeredB, registeredA6] = [2, 4, 3];

/** `a` is up, `b` is down after one check, `a6` is not checked; a minute passes between the checks of `a`. */
async function withChecks(test: Parameters<typeof runApi>[0]) {
  const running = await runApi(test, { configuration: mixed });
  const { engine, clock, log } = running;
  engine.observe(checked(a, 'failed', { error: 'connection refused', status: null, firstByteUs: null, totalUs: 200 }));
  await waitFor(() => engine.state.position === 5);
  await clock.moveTo(start + 60_000);
  for (const fact of times(2, checked(a, 'ok', { dnsUs: 50, tlsUs: 1_500, totalUs: 2_650 }))) engine.observe(fact);
  engine.observe(checked(b, 'failed', { port: 81 }));
  await waitFor(() => engine.state.position === 8);
  await clock.moveTo(start + 61_000);
  await waitFor(() => log.synced.position === 8);
  return running;
}

describe('GET /services', () => {
  it('sums up every service', async (test) => {
    const { ask } = await withChecks(test);
    const { status, body } = await ask('GET', '/services');
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          services: [
            {
              ...{ name: app, algorithm: 'weighted', ttl: 30, regions: ['eu', 'us'] },
              tiers: { A: 'fit', AAAA: 'unproven' },
              candidates: { fit: 1, draining: 0, unproven: 1, 'last-resort': 0, out: 1 },
              servers: 3,
            },
          ],
          generated_at: '2026-11-21T03:13:01.000Z',
        },
      ],
    );
  });

  it('tells no data from nothing fit', async (test) => {
    const { ask, engine } = await runApi(test, { configuration: oneDomain([a]) });
    await engine.execute(order(settingOverride(a, 'down', { force: true })));
    const { services } = (await ask<{ services: { tiers: unknown }[] }>('GET', '/services')).body;
    assert.deepEqual(
      services.map(({ tiers }) => tiers),
      [{ A: null }],
    );
  });
});

describe('GET /services/{service}/answers', () => {
  it('says for every address why it is in or out', async (test) => {
    const { ask } = await withChecks(test);
    const { status, body } = await ask('GET', `/services/${app}/answers`);
    const upVerdict = { status: 'up', authority: 'validation', since: minuteLater, reason: 'the checks succeed', because: [6, 7] };
    const downVerdict = { status: 'down', authority: 'validation', since: minuteLater, reason: 'status 500', because: [8] };
    const newVerdict = { status: 'unproven', authority: 'nothing', since: startText, reason: 'not checked yet', because: [registeredA6] };
    const source = 'static';
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          ...{ name: app, algorithm: 'weighted', ttl: 30, regions: ['eu', 'us'], generated_at: '2026-11-21T03:13:01.000Z', position: 8 },
          families: {
            A: { tier: 'fit', spokes: [{ addresses: [a], share: 1 }] },
            AAAA: { tier: 'unproven', spokes: [{ addresses: [a6], share: 1 }] },
          },
          candidates: [
            {
              ...{
                address: a,
                family: 'A',
                tier: 'fit',
                answers: true,
                weight: 100,
                sentence: 'in: up by its checks (the checks succeed)',
              },
              servers: [{ address: a, port: 80, region: 'eu', source, weight: 100, verdict: upVerdict }],
            },
            {
              ...{ address: b, family: 'A', tier: null, answers: false, weight: 5, sentence: 'out: down by its checks (status 500)' },
              servers: [{ address: b, port: 81, region: 'us', source, weight: 5, verdict: downVerdict }],
            },
            {
              ...{ address: a6, family: 'AAAA', tier: 'unproven', answers: true, weight: 100 },
              sentence: 'in: unproven so far (not checked yet), and no server is any better',
              servers: [{ address: a6, port: 80, region: 'eu', source, weight: 100, verdict: newVerdict }],
            },
          ],
        },
      ],
    );
  });

  it('knows only what is served', async (test) => {
    const { ask } = await withChecks(test);
    assertError(
      await ask('GET', '/services/other.example.com/answers'),
      ...([404, 'unknown-service', 'there is no service other.example.com', 'GET /api/v1/services lists the services'] as const),
    );
  });
});

describe('GET /health', () => {
  it('shows every server as DNS sees it, with the phases of its newest check', async (test) => {
    const { ask, engine } = await withChecks(test);
    await engine.execute(order(settingOverride(b, 'drain', { reason: 'upgrade' })));
    const { status, body } = await ask('GET', '/health/servers');
    const verdict = { status: 'up', authority: 'validation', since: minuteLater, reason: 'the checks succeed', because: [6, 7] };
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          servers: [
            {
              ...{ service: app, address: a, port: 80, region: 'eu', healthy: true, status: 'healthy', authority: 'validation', verdict },
              ...{ last_check: minuteLater, last_healthy: minuteLater, consecutive_failures: 0, consecutive_successes: 2 },
              ...{ last_error: 'connection refused', latency_ms: 2.65 },
              timings: { dns: 0.05, connect: 0.2, tls: 1.5, first_byte: 0.9, total: 2.65 },
            },
            {
              ...{ service: app, address: a6, port: 80, region: 'eu', healthy: false, status: 'unknown', authority: 'nothing' },
              verdict: { status: 'unproven', authority: 'nothing', since: startText, reason: 'not checked yet', because: [registeredA6] },
              ...{ consecutive_failures: 0, consecutive_successes: 0, timings: null },
            },
            {
              ...{ service: app, address: b, port: 81, region: 'us', healthy: false, status: 'unhealthy', authority: 'human-override' },
              verdict: {
                status: 'draining',
                authority: 'human-override',
                since: '2026-11-21T03:13:01.000Z',
                reason: 'upgrade',
                because: [9],
              },
              ...{ last_check: minuteLater, consecutive_failures: 1, consecutive_successes: 0, last_error: 'status 500', latency_ms: 1.1 },
              timings: { dns: null, connect: 0.2, tls: null, first_byte: 0.9, total: 1.1 },
            },
          ],
          generated_at: '2026-11-21T03:13:01.000Z',
        },
      ],
    );
  });

  it('counts by region, configured or not', async (test) => {
    const { ask, engine, clock } = await withChecks(test);
    engine.observe(registered('192.0.2.9', { region: 'moon' }));
    await waitFor(() => engine.state.position === 9);
    await clock.moveTo(start + 62_000);
    const regions = [
      { name: 'eu', total_servers: 2, healthy_count: 1, unhealthy_count: 0, health_percent: 50 },
      { name: 'us', total_servers: 1, healthy_count: 0, unhealthy_count: 1, health_percent: 0 },
      { name: 'moon', total_servers: 1, healthy_count: 0, unhealthy_count: 0, health_percent: 0 },
    ];
    assert.deepEqual((await ask('GET', '/health/regions')).body, { regions, generated_at: '2026-11-21T03:13:02.000Z' });
  });
});

it('GET /health/regions shows a region without servers', async (test) => {
  const configuration = configurationOf({ regions: [{ name: 'eu' }], domains: [{ name: app, regions: ['eu'] }] });
  const { ask } = await runApi(test, { configuration });
  const regions = [{ name: 'eu', total_servers: 0, healthy_count: 0, unhealthy_count: 0, health_percent: 0 }];
  assert.deepEqual((await ask('GET', '/health/regions')).body, { regions, generated_at: startText });
});

describe('GET /ready, /live and /version', () => {
  const table: readonly (readonly [Readiness, status: number, body: object])[] = [
    [{ dns: true, health: true }, 200, { ready: true, dns_ready: true, health_ready: true }],
    [{ dns: false, health: true }, 503, { ready: false, message: 'DNS is not answered yet', dns_ready: false, health_ready: true }],
    [
      { dns: true, health: false },
      503,
      { ready: false, message: 'not every server has been checked yet', dns_ready: true, health_ready: false },
    ],
  ];
  for (const [readiness, status, body] of table) {
    it(`is ${status} where dns is ${readiness.dns} and health is ${readiness.health}`, async (test) => {
      const { ask } = await runApi(test, { configuration: mixed, readiness: () => readiness });
      const answer = await ask('GET', '/ready');
      assert.deepEqual([answer.status, answer.body], [status, body]);
    });
  }

  it('lives, and says what it is', async (test) => {
    const { ask } = await runApi(test, { configuration: mixed });
    assert.deepEqual((await ask('GET', '/live')).body, { alive: true });
    const platform = `${process.platform}/${process.arch}`;
    const expected = { version: '1.2.3', node_version: process.version, platform, generated_at: startText };
    assert.deepEqual((await ask('GET', '/version')).body, expected);
    const head = await ask('HEAD', '/version');
    assert.deepEqual([head.status, head.body], [200, undefined]);
  });
});

interface Page {
  readonly events: readonly Event[];
  readonly next: number;
  readonly oldest: number | null;
  readonly last: number;
}

describe('GET /events', () => {
  let running: RunningApi;
  before(async () => {
    running = await withChecks(undefined);
  });
  after(() => running.close());

  it('shows the log as it is, from the beginning', async () => {
    const { ask, log } = running;
    const { status, body } = await ask<Page>('GET', '/events');
    const stored: Event[] = [];
    for await (const batch of log.read()) stored.push(...batch.events);
    assert.equal(stored.length, 8);
    assert.deepEqual([status, body], [200, { events: JSON.parse(JSON.stringify(stored)), next: 9, oldest: 1, last: 8 }]);
    assert.deepEqual(Object.keys(body.events[0] ?? {}), ['position', 'at', 'node', 'type', 'v', 'actor', 'data']);
  });

  const table: readonly (readonly [query: string, positions: readonly number[], next: number])[] = [
    ['from=7', [7, 8], 9],
    ['from=3&limit=2', [3, 4], 5],
    ['from=-3', [6, 7, 8], 9],
    ['from=-3&limit=1', [6], 7],
    ['from=-1000', [1, 2, 3, 4, 5, 6, 7, 8], 9],
    ['from=9', [], 9],
    ['from=1000', [], 1000],
    ['type=server.registered', [registeredA, registeredA6, registeredB], 9],
    ['type=server.registered&limit=2', [2, 3], 4],
    ['type=server.deregistered', [], 9],
    [`service=${app.toUpperCase()}&from=4`, [4, 5, 6, 7, 8], 9],
    ['service=other.example.com', [], 9],
    [`type=validation.recorded&service=${app}&from=6&limit=1000`, [6, 7, 8], 9],
  ];
  for (const [query, positions, next] of table) {
    it(`?${query}: ${positions.join(' ') || 'none'}`, async () => {
      const { body } = await running.ask<Page>('GET', `/events?${query}`);
      assert.deepEqual([body.events.map(({ position }) => position), body.next, body.last], [positions, next, 8]);
    });
  }

  it('shows nothing that is not synced', async (test) => {
    const { ask, engine, log, clock } = await runApi(test, { configuration: mixed });
    engine.observe(checked(a, 'ok'));
    await waitFor(() => log.end.position === 5);
    assert.equal(log.synced.position, 4);
    const early = (await ask<Page>('GET', '/events?from=5')).body;
    assert.deepEqual(early, { events: [], next: 5, oldest: 1, last: 4 });
    await clock.moveTo(start + 50);
    await waitFor(() => log.synced.position === 5);
    assert.equal((await ask<Page>('GET', '/events?from=5')).body.events.length, 1);
  });

  const from = 'query.from: expected a position from 1 on, or a negative number, which counts from the end';
  const limit = 'query.limit: expected a number from 1 to 1000';
  const refused: readonly (readonly [query: string, error: string])[] = [
    ['from=0', from],
    ['from=1.5', from],
    ['from=99999999999999999999', from],
    ['from=1&from=2', from],
    ['limit=0', limit],
    ['limit=1001', limit],
    ['limit=', limit],
    ['service=a..b', 'query.service: expected a DNS name such as app.example.com'],
    ['types=x', 'query: Unrecognized key: "types"'],
  ];
  for (const [query, error] of refused) {
    it(`?${query} is refused`, async () => {
      assertError(
        await running.ask('GET', `/events?${query}`),
        400,
        'request-invalid',
        error,
        'mend what is named and send the request again',
      );
    });
  }

  it('begins where the log does, and says of what was dropped that it was, and since when there is something', async (test) => {
    const { ask, engine, log } = await runApi(test, { configuration: mixed });
    await engine.execute(order({ kind: 'takeCheckpoint' }));
    await log.dropBefore(5);
    const { body } = await ask<Page>('GET', '/events');
    assert.deepEqual([body.events.map(({ type }) => type), body.oldest, body.last], [['log.checkpoint'], 5, 5]);
    assert.equal((await ask<Page>('GET', '/events?from=-1000')).body.events.length, 1);
    assertError(
      await ask('GET', '/events?from=4'),
      410,
      'log-dropped',
      `The log no longer holds position 4: it begins at position 5, ${new Date(start).toISOString()}.`,
      'Ask about that moment or a later one; how far back a log reaches is set by log.retention and log.max_bytes.',
    );
  });

  it('refuses a type that nobody knows, and names those that there are', async () => {
    const { status, body } = await running.ask<{ error: string }>('GET', '/events?type=server.exploded');
    assert.equal(status, 400);
    assert.match(body.error, /^query\.type: .*node\.started/);
  });
});
