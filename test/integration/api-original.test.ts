/** The paths and field names of the original OpenGSLB: each documented request gets the documented fields, with what is true here in them. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Validation, ValidationTarget } from '../../src/nodes/checks/validator.ts';
import { a, a6, app, b, checked, deregistered, oneDomain, order, settingOverride, unchecked } from '../given.ts';
import { assertError, type RunOptions, runApi, start, startText, waitFor } from './running-api.ts';

const configuration = oneDomain([a, { address: b, region: 'us', port: 81, weight: 0 }, { address: a6, port: 443 }]);
const minuteLater = '2026-11-21T03:13:00.000Z';
const noAgent = { agent_id: null, agent_healthy: null, agent_last_seen: null };

/** `a` is up, `b` failed its check a minute later and is drained by hand, `a6` was never checked. */
async function running(test: TestContext, options: Partial<RunOptions> = {}) {
  const api = await runApi(test, { configuration, ...options });
  api.engine.observe(checked(a, 'ok'));
  await waitFor(() => api.engine.state.position === 5);
  await api.clock.moveTo(start + 60_000);
  api.engine.observe(checked(b, 'failed', { port: 81 }));
  await api.engine.execute(order(settingOverride(b, 'drain', { port: 81 })));
  return api;
}

const backends = [
  {
    ...{ service: app, address: a, port: 80, weight: 100, region: 'eu', effective_status: 'healthy', ...noAgent },
    ...{ validation_healthy: true, validation_last_check: startText },
  },
  { service: app, address: a6, port: 443, weight: 100, region: 'eu', effective_status: 'unknown', ...noAgent },
  {
    ...{ service: app, address: b, port: 81, weight: 0, region: 'us', effective_status: 'draining', ...noAgent },
    ...{ validation_healthy: false, validation_last_check: minuteLater, validation_error: 'status 500' },
    ...{ override_status: false, override_reason: 'because', override_by: 'kim', override_at: minuteLater },
  },
];
const generated_at = minuteLater;

const metadata = { service: app, source: 'static', agent_healthy: null, agent_last_seen: null, smoothed_latency: null };
const check = {
  ...{ enabled: true, type: 'http', path: '/health', interval: 30e9, timeout: 5e9, healthy_threshold: 2, unhealthy_threshold: 3 },
};
const common = { name: app, protocol: 'http', priority: null, created_at: startText, updated_at: startText, health_check: check };
const serverA = {
  ...{ ...common, id: `${app}:${a}:80`, address: a, port: 80, weight: 100, region: 'eu', enabled: true, healthy: true },
  metadata: { ...metadata, effective_status: 'healthy', validation_check: startText },
  status: {
    ...{ healthy: true, last_check: startText, last_healthy: startText, consecutive_failures: 0, consecutive_successes: 1 },
    response_time_ms: 1.1,
  },
};
const serverA6 = {
  ...{ ...common, id: `${app}:[${a6}]:443`, address: a6, port: 443, weight: 100, region: 'eu', enabled: true, healthy: false },
  metadata: { ...metadata, effective_status: 'unknown', validation_check: null },
  status: { healthy: false, consecutive_failures: 0, consecutive_successes: 0 },
};
const serverB = {
  ...{ ...common, id: `${app}:${b}:81`, address: b, port: 81, weight: 0, region: 'us', enabled: false, healthy: false },
  metadata: { ...metadata, effective_status: 'draining', validation_check: minuteLater },
  status: {
    ...{ healthy: false, last_check: minuteLater, consecutive_failures: 1, consecutive_successes: 0 },
    ...{ last_error: 'status 500', response_time_ms: 1.1 },
  },
};

const [, , draining] = backends;
const servers = (...listed: unknown[]) => ({ servers: listed, total: listed.length, generated_at });
const newServer = {
  ...{ ...common, id: `${app}:192.0.2.9:8080`, address: '192.0.2.9', port: 8080, region: 'us', enabled: true, healthy: false },
  metadata: { ...metadata, source: 'api', effective_status: 'unknown', validation_check: null },
  ...{ status: serverA6.status, created_at: minuteLater, updated_at: minuteLater, weight: 7 },
};
const creating = { address: '192.0.2.9', port: 8080, region: 'us', weight: 7, protocol: 'tcp', name: 'web', metadata: { service: app } };

const overrideOf = (address: string, port: number) => `/overwatch/backends/${app}/${address}/${port}/override`;
const done = (message: string) => ({ success: true, message });

type Row = readonly [method: string, path: string, body: unknown, status: number, answer: unknown];
const table: readonly Row[] = [
  ['GET', '/overwatch/backends', undefined, 200, { backends, generated_at }],
  ['GET', '/overwatch/backends?region=us', undefined, 200, { backends: [draining], generated_at }],
  ['GET', '/overwatch/backends?status=draining', undefined, 200, { backends: [draining], generated_at }],
  ['GET', `/overwatch/backends?service=${app}&status=stale`, undefined, 200, { backends: [], generated_at }],
  ['GET', '/overwatch/backends?service=other.example.com', undefined, 200, { backends: [], generated_at }],
  [
    ...(['GET', '/overwatch/stats', undefined, 200] as const),
    {
      ...{ total_backends: 3, healthy_backends: 1, unhealthy_backends: 0, stale_backends: 0, active_overrides: 1, unique_services: 1 },
      ...{ validation_enabled: true, validated_backends: 2, disagreement_count: 0, active_agents: 0, generated_at },
      ...{ backends_by_service: { [app]: 3 }, backends_by_region: { eu: 2, us: 1 } },
    },
  ],
  ['POST', overrideOf(b, 81), { healthy: true, reason: 'x' }, 200, done(`${b}:81 of ${app} counts as up`)],
  ['POST', overrideOf(a6, 443), { healthy: false, reason: 'x' }, 200, done(`[${a6}]:443 of ${app} counts as down`)],
  ['POST', overrideOf(`[${a6}]`, 443), { healthy: false, reason: 'x' }, 200, done(`[${a6}]:443 of ${app} counts as down`)],
  ['DELETE', overrideOf(b, 81), undefined, 200, done(`the override on ${b}:81 of ${app} is cleared`)],
  ['DELETE', overrideOf(a, 80), undefined, 200, done(`there was no override on ${a}:80 of ${app}`)],
  ['GET', '/servers', undefined, 200, servers(serverA, serverA6, serverB)],
  ['GET', '/servers?region=us', undefined, 200, servers(serverB)],
  ['GET', '/servers?enabled=true&healthy=false', undefined, 200, servers(serverA6)],
  ['GET', `/servers/${app}:${a}:80`, undefined, 200, { server: serverA }],
  ['GET', `/servers/${app}:[${a6}]:443`, undefined, 200, { server: serverA6 }],
  ['POST', '/servers', creating, 201, { server: newServer }],
  ['POST', '/servers', { ...creating, name: app, metadata: undefined }, 201, { server: newServer }],
  [...(['POST', '/servers', { ...creating, weight: 0 }, 201] as const), { server: { ...newServer, weight: 1 } }],
  [...(['POST', '/servers', { ...creating, weight: undefined }, 201] as const), { server: { ...newServer, weight: 100 } }],
  ['PATCH', `/servers/${app}:${a}:80`, { weight: 3 }, 200, { server: { ...serverA, weight: 3, updated_at: minuteLater } }],
  [
    ...(['PUT', `/servers/${app}:[${a6}]:443`, { ...serverA6, region: 'us' }, 200] as const),
    { server: { ...serverA6, region: 'us', updated_at: minuteLater } },
  ],
  ['GET', `/servers/${app}:${b}:81/health-check`, undefined, 200, { server_id: `${app}:${b}:81`, health_check: check }],
];

describe('a documented request', () => {
  for (const [method, path, body, status, answer] of table) {
    it(`${method} ${path} ${body === undefined ? '' : JSON.stringify(body).slice(0, 60)}`, async (test) => {
      const { ask } = await running(test);
      const got = await ask(method, path, { ...(body !== undefined && { body }) });
      assert.deepEqual([got.status, got.body], [status, answer]);
    });
  }

  it('DELETE /servers/{id} takes away what was added', async (test) => {
    const { ask } = await running(test);
    await ask('POST', '/servers', { body: creating });
    const path = `/servers/${newServer.id}`;
    assert.deepEqual([(await ask('DELETE', path)).status, (await ask('GET', path)).status], [204, 404]);
  });

  it('sets an override that DNS heeds, in the name that X-User gives', async (test) => {
    const { ask, engine } = await running(test);
    assert.equal((await ask('POST', overrideOf(a, 80), { body: { healthy: false, reason: 'x' } })).status, 409);
    await ask('POST', `${overrideOf(a, 80)}?force=true`, { body: { healthy: false, reason: 'x' }, headers: { 'x-user': 'kim' } });
    const [, own] = [...(engine.state.overrides.get(app)?.values() ?? [])];
    assert.deepEqual([own?.address, own?.action, own?.actor?.name, own?.authority], [a, 'down', 'kim', 'human']);
  });
});

describe('a request that is refused', () => {
  for (const [method, path, body, code, reason] of [
    ['POST', overrideOf('192.0.2.99', 80), { healthy: true, reason: 'x' }, 404, 'unknown-server'],
    ['DELETE', overrideOf('192.0.2.99', 80), undefined, 404, 'unknown-server'],
    ['POST', overrideOf(a, 80), { healthy: true }, 400, 'request-invalid'],
    ['POST', overrideOf(a, 80), { healthy: true, reason: 'x', source: 'y' }, 400, 'request-invalid'],
    ['GET', '/overwatch/backends?status=sick', undefined, 400, 'request-invalid'],
    ['GET', '/overwatch/backends?state=up', undefined, 400, 'request-invalid'],
    ['POST', '/servers', { ...creating, metadata: {}, name: 'two words' }, 400, 'request-invalid'],
    ['POST', '/servers', { ...creating, metadata: {}, name: undefined }, 400, 'request-invalid'],
    ['POST', '/servers', { ...creating, port: undefined }, 400, 'request-invalid'],
    ['POST', '/servers', { ...creating, region: undefined }, 422, 'unknown-region'],
    ['POST', '/servers', { ...creating, address: a, port: 80 }, 409, 'server-exists'],
    ['GET', `/servers/${app}:${a}`, undefined, 400, 'request-invalid'],
    ['GET', `/servers/${app}:${a6}:443`, undefined, 400, 'request-invalid'],
    ['GET', `/servers/${a}:80`, undefined, 400, 'request-invalid'],
    ['GET', `/servers/${app}:${a}:82`, undefined, 404, 'unknown-server'],
    ['DELETE', `/servers/${app}:${a}:80`, undefined, 409, 'static-server'],
  ] as const) {
    it(`${method} ${path} ${JSON.stringify(body) ?? ''}: ${reason}`, async (test) => {
      const { ask } = await running(test);
      const got = await ask<{ reason: string }>(method, path, { ...(body !== undefined && { body }) });
      assert.deepEqual([got.status, got.body.reason], [code, reason]);
    });
  }
});

describe('POST /overwatch/validate', () => {
  const targetOf = (address: string, port: number): ValidationTarget => {
    const target = { type: 'tcp', address, port, timeoutMs: 1_000 } as unknown as ValidationTarget['target'];
    return { service: app, address, port, intervalMs: 1_000, target };
  };

  /** Checks that fail, and are recorded as the validator records them. */
  async function checking(test: TestContext) {
    const targets = [targetOf(a, 80), targetOf(b, 81)];
    const recorded: string[] = [];
    const api: Awaited<ReturnType<typeof running>> = await running(test, {
      checkNow: async (filter = () => true) => {
        const found = targets.filter(filter).map(({ address, port }): Validation => checked(address, 'failed', { port }).data);
        for (const data of found) {
          recorded.push(data.address);
          api.engine.observe({ type: 'validation.recorded', data });
        }
        return found;
      },
    });
    return { ...api, recorded };
  }

  for (const [query, expected] of [
    ['', [a, b]],
    [`?service=${app}`, [a, b]],
    [`?address=${b}`, [b]],
    ['?port=80', [a]],
    [`?service=${app}&address=${a}&port=80`, [a]],
  ] as const) {
    it(`${query} answers when what was found is folded`, async (test) => {
      const { ask, recorded, engine } = await checking(test);
      const before = engine.state.position;
      const { status, body } = await ask('POST', `/overwatch/validate${query}`);
      assert.equal(engine.state.position, before + expected.length);
      const message = `${expected.length} checked, ${expected.length} of them failed`;
      assert.deepEqual([status, body, recorded], [200, { success: true, message }, expected]);
    });
  }

  it('is refused where nothing is meant, and where nothing is checked', async (test) => {
    const { ask } = await checking(test);
    const remedy = 'GET /api/v1/overwatch/backends lists the servers';
    const nobody = 'no server that is checked is meant by this';
    assertError(await ask('POST', '/overwatch/validate?port=82'), 404, 'unknown-server', nobody, remedy);
    assert.equal((await ask('POST', '/overwatch/validate?port=0')).status, 400);
    const withoutValidator = await running(test);
    const notChecking = await runApi(test, { configuration: oneDomain([a], {}, unchecked), checkNow: async () => [] });
    for (const node of [withoutValidator, notChecking]) {
      assertError(
        await node.ask('POST', '/overwatch/validate'),
        ...([503, 'not-available', 'nothing is checked on this node', 'set overwatch.validation.enabled'] as const),
      );
    }
  });
});

it('does not stumble over an override on a server that is gone', async (test) => {
  const { ask, engine } = await running(test);
  engine.observe(deregistered(b, { port: 81 }));
  await waitFor(() => engine.waiting.observations === 0);
  assert.equal((await ask('DELETE', overrideOf(b, 81))).status, 200);
  assert.equal((await ask('DELETE', overrideOf(b, 81))).status, 404);
});
