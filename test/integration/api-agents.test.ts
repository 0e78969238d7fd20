/** Agents over the API: what is said of each, when its certificate ends, what revoking does, and how the cluster stands. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '../../src/commands/command.ts';
import { makeCertificate } from '../../src/nodes/identity/make-certificate.ts';
import { a, app, b, believing, checked, oneDomain, order, times } from '../given.ts';
import { assertError, runApi, start, waitFor } from './running-api.ts';

const day = 86_400_000;
const { agent_tokens } = believing.overwatch;

/** `web-1` claims `a`, which is down by its checks, and `b`; `legacy` was never heard. */
async function running(context: TestContext) {
  const api = await runApi(context, { configuration: oneDomain([a, b], {}, { overwatch: { agent_tokens } }) });
  const give = async (command: Parameters<typeof order>[0]) => {
    const outcome = await api.engine.execute(order(command));
    assert(!isRefusal(outcome), JSON.stringify(outcome));
  };
  const { der, fingerprint } = makeCertificate({ role: 'agent', id: 'web-1', now: start });
  const pin = { region: 'eu', services: [app] };
  const certificate = Buffer.from(der).toString('base64');
  await give({ kind: 'pinAgent', agent: 'web-1', fingerprint, certificate, ...pin, address: '192.0.2.9:7946', legacy: false });
  await give({ kind: 'pinAgent', agent: 'legacy', fingerprint: null, certificate: null, ...pin, address: '192.0.2.8:7946', legacy: true });
  const backends = [a, b].map((address) => ({ service: app, address, port: 80, weight: 100, healthy: true, draining: null }));
  const claims = { missedThreshold: 3, backends: [...backends, { ...backends[0], service: 'not.proven.example' }] as typeof backends };
  await give({ kind: 'receiveClaims', beat: { agent: 'web-1', boot: 7, sequence: 9, intervalMs: 10_000, claims } });
  for (const result of times(3, checked(a, 'failed'))) api.engine.observe(result);
  api.engine.observe(checked(b, 'ok'));
  await waitFor(() => api.engine.waiting.observations === 0);
  return { ...api, fingerprint };
}

interface Listed {
  readonly agents: readonly Record<string, unknown>[];
  readonly total: number;
  readonly revoked: number;
  readonly expiring: number;
}

test('an agent is shown with its proof, its age and its status', async (context) => {
  const { ask, clock, fingerprint } = await running(context);
  await clock.moveTo(start + 12_500);
  const { agents, total } = (await ask<Listed>('GET', '/overwatch/agents')).body;
  const [web, legacy] = agents;
  assert.equal(total, 2);
  const { first_seen: _at, position: _position, not_after: end, ...shown } = web ?? {};
  assert.equal(end, new Date(start - 3_600_000 + 365 * day).toISOString());
  assert.deepEqual(shown, {
    ...{ agent_id: 'web-1', fingerprint, region: 'eu', last_seen: new Date(start).toISOString(), expires_in_hours: 365 * 24 - 2 },
    ...{ revoked: false, status: 'heard', unauthenticated: false, connected: null, heartbeat_age_seconds: 12.5, interval_seconds: 10 },
    ...{ stale_after_seconds: 30, stale_since: null, services: [app], backend_count: 3, address: '192.0.2.9:7946', boot: 7, sequence: 9 },
  });
  assert.deepEqual(
    [legacy?.unauthenticated, legacy?.fingerprint, legacy?.not_after, legacy?.last_seen, legacy?.status],
    [true, null, null, null, 'unheard'],
  );
  await clock.moveTo(start + 30_000);
  const { body } = await ask<Record<string, unknown>>('GET', '/overwatch/agents/web-1');
  assert.deepEqual([body.status, body.stale_since], ['stale', new Date(start + 30_000).toISOString()]);
});

test('what it claims stands beside what counts', async (context) => {
  const { ask } = await running(context);
  const { body } = await ask<{ backends: readonly Record<string, unknown>[] }>('GET', '/overwatch/agents/web-1');
  assert.deepEqual(
    body.backends.map(({ service, address, healthy, held, effective_status: status }) => [service, address, healthy, held, status]),
    [
      [app, a, true, true, 'unhealthy'],
      [app, b, true, true, 'healthy'],
      ['not.proven.example', a, true, false, null],
    ],
  );
  const { body: listed } = await ask<{ backends: readonly Record<string, unknown>[] }>('GET', '/overwatch/backends');
  assert.deepEqual(
    listed.backends.map(({ agent_id: id, agent_healthy: healthy, agent_last_seen: seen }) => [id, healthy, seen]),
    times(2, ['web-1', true, new Date(start).toISOString()]),
  );
  const { body: stats } = await ask<Record<string, unknown>>('GET', '/overwatch/stats');
  assert.deepEqual([stats.disagreement_count, stats.active_agents], [1, 1]);
});

test('certificates that end soon are found by their days', async (context) => {
  const { ask } = await running(context);
  const within = async (days: number) =>
    (await ask<Listed>('GET', `/overwatch/agents/expiring?threshold_days=${days}`)).body.agents.map(({ agent_id: id }) => id);
  assert.deepEqual([await within(364), await within(365)], [[], ['web-1']]);
  assert.equal((await ask('GET', '/overwatch/agents/expiring?threshold_days=soon')).status, 400);
});

test('revoking voids what it claims, and stays in the list with its reason', async (context) => {
  const { ask, engine } = await running(context);
  const revoke = (id: string) => ask('POST', `/overwatch/agents/${id}/revoke`, { body: { reason: 'its disk was stolen' } });
  assert.deepEqual([(await revoke('web-1')).status, engine.state.claims.has('web-1')], [200, false]);
  const { agents, revoked } = (await ask<Listed>('GET', '/overwatch/agents')).body;
  assert.deepEqual([revoked, agents[0]?.status, agents[0]?.revoked_reason], [1, 'revoked', 'its disk was stolen']);
  assert.equal((await ask('DELETE', '/overwatch/agents/legacy')).status, 204);
  const remedy = 'GET /api/v1/overwatch/agents lists the agents';
  assertError(await revoke('nobody'), 404, 'unknown-agent', 'there is no agent nobody that is believed', remedy);
  assertError(await ask('GET', '/overwatch/agents/nobody'), 404, 'unknown-agent', 'there is no agent nobody', remedy);
});

test('the cluster is healthy while nobody is silent and enough are heard', async (context) => {
  const { ask, clock } = await running(context);
  interface Cluster {
    readonly cluster_healthy: boolean;
    readonly healthy_agents: number;
    readonly overwatch: object;
    readonly agents: readonly Record<string, unknown>[];
    readonly backend_summary: object;
  }
  const status = async (expected: number) => (await ask<Cluster>('GET', `/cluster/status?expected_agents=${expected}`)).body;
  await clock.moveTo(start + 9_000);
  const { agents, overwatch, backend_summary: summary, healthy_agents: healthy, cluster_healthy: fine } = await status(1);
  assert.deepEqual([fine, healthy, overwatch], [true, 1, { node_id: 'test', status: 'healthy', uptime_seconds: 9 }]);
  assert.deepEqual(summary, { total: 2, healthy: 1, unhealthy: 1, stale: 0, draining: 0 });
  assert.deepEqual(
    agents.map(({ agent_id: id, status: word, heartbeat_age_seconds: age, unauthenticated }) => [id, word, age, unauthenticated]),
    [
      ['web-1', 'healthy', 9, false],
      ['legacy', 'unknown', null, true],
    ],
  );
  assert.equal((await status(2)).cluster_healthy, false);
  await clock.moveTo(start + 30_000);
  assert.deepEqual([(await status(0)).cluster_healthy, (await status(0)).agents[0]?.status], [false, 'stale']);
});
