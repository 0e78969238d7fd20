/**
 * Route by route, what the original OpenGSLB documents: the fields that its clients read are in the answer of each route that
 * is here, and each route that is not here says so in the one shape of errors, which no client takes for data.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { a, app, b, checked, oneDomain, order, settingOverride } from '../given.ts';
import { isErrorShaped, runApi, waitFor } from './running-api.ts';

/** A list in an answer, by its field; undefined: the answer itself is meant. */
type Place = string | undefined;

const server = 'id name address port protocol weight priority region enabled healthy metadata created_at updated_at health_check status';
const override = 'service address healthy reason source created_at authority';
const setting = { healthy: false, reason: 'disk', source: 'ci' };

/** Every documented field that is not optional there; of those that are, the ones that this state has. */
const agent = 'agent_id fingerprint region first_seen last_seen not_after revoked expires_in_hours';

const documented: readonly (readonly [request: string, body: object | undefined, status: number, place: Place, fields: string])[] = [
  ['GET /ready', undefined, 200, undefined, 'ready dns_ready health_ready'],
  ['GET /live', undefined, 200, undefined, 'alive'],
  // Its `go_version` would be a lie here: the field is `node_version`.
  ['GET /version', undefined, 200, undefined, 'version platform generated_at'],
  ['GET /health/servers', undefined, 200, undefined, 'servers generated_at'],
  [
    ...(['GET /health/servers', undefined, 200, 'servers'] as const),
    'address port region healthy status last_check last_healthy consecutive_failures consecutive_successes latency_ms',
  ],
  ['GET /health/regions', undefined, 200, 'regions', 'name total_servers healthy_count unhealthy_count health_percent'],
  ['GET /overwatch/backends', undefined, 200, undefined, 'backends generated_at'],
  [
    ...(['GET /overwatch/backends', undefined, 200, 'backends'] as const),
    'service address port weight agent_id region effective_status agent_healthy agent_last_seen validation_healthy validation_last_check override_status override_reason override_by override_at',
  ],
  [`POST /overwatch/backends/${app}/${b}/80/override`, { healthy: true, reason: 'x' }, 200, undefined, 'success message'],
  [`DELETE /overwatch/backends/${app}/${a}/80/override`, undefined, 200, undefined, 'success message'],
  [
    ...(['GET /overwatch/stats', undefined, 200, undefined] as const),
    'total_backends healthy_backends unhealthy_backends stale_backends active_overrides validation_enabled validated_backends disagreement_count active_agents unique_services backends_by_service backends_by_region generated_at',
  ],
  ['POST /overwatch/validate', undefined, 200, undefined, 'success message'],
  ['GET /overwatch/agents', undefined, 200, undefined, 'agents total revoked expiring generated_at'],
  ['GET /overwatch/agents', undefined, 200, 'agents', agent],
  ['GET /overwatch/agents/expiring?threshold_days=30', undefined, 200, undefined, 'agents total revoked expiring generated_at'],
  ['GET /overwatch/agents/web-1', undefined, 200, undefined, agent],
  ['POST /overwatch/agents/web-1/revoke', { reason: 'x' }, 200, undefined, 'success message'],
  ['DELETE /overwatch/agents/web-1', undefined, 204, undefined, ''],
  [
    ...(['GET /cluster/status?expected_agents=1', undefined, 200, undefined] as const),
    'cluster_healthy overwatch agents expected_agents healthy_agents gossip_members backend_summary generated_at',
  ],
  ['GET /cluster/status', undefined, 200, 'agents', 'agent_id region status last_seen backend_count'],
  [`POST /overwatch/validate?service=${app}&address=${a}&port=80`, undefined, 200, undefined, 'success message'],
  ['GET /overrides', undefined, 200, 'overrides', override],
  [`GET /overrides/${app}/${a}:80`, undefined, 200, undefined, override],
  [`PUT /overrides/${app}/${b}`, setting, 200, undefined, override],
  [`PUT /overrides/${app}/${b}:80`, { ...setting, healthy: true }, 200, undefined, override],
  [`DELETE /overrides/${app}/${a}:80`, undefined, 204, undefined, ''],
  [`DELETE /overrides/${app}/${b}`, undefined, 404, undefined, 'error code'],
  ['GET /servers?region=eu&enabled=true&healthy=true', undefined, 200, undefined, 'servers total generated_at'],
  ['GET /servers', undefined, 200, 'servers', server],
  ['POST /servers', { address: '192.0.2.9', port: 80, region: 'eu', metadata: { service: app } }, 201, undefined, 'server'],
  [`GET /servers/${app}:${a}:80`, undefined, 200, undefined, 'server'],
  [`PUT /servers/${app}:${a}:80`, { weight: 5 }, 200, undefined, 'server'],
  [`PATCH /servers/${app}:${a}:80`, { weight: 5 }, 200, undefined, 'server'],
  [`DELETE /servers/${app}:192.0.2.99:80`, undefined, 404, undefined, 'error code'],
  [`GET /servers/${app}:${a}:80/health-check`, undefined, 200, undefined, 'server_id health_check'],
  ['GET /geo/mappings', undefined, 200, undefined, 'mappings generated_at'],
  ['POST /geo/mappings', { cidr: '10.0.0.0/8', region: 'eu', comment: 'x' }, 201, undefined, 'cidr region comment source'],
  ['PUT /geo/mappings', { cidr: '10.0.0.0/8', region: 'eu' }, 201, undefined, 'cidr region source'],
  ['GET /geo/test?ip=192.0.2.1', undefined, 200, undefined, 'ip region match_type'],
  ['DELETE /geo/mappings/192.0.2.0%2F24', undefined, 404, undefined, 'error code'],
  ['POST /gossip/generate-key', undefined, 200, undefined, 'key'],
  ['GET /dnssec/status', undefined, 200, undefined, 'enabled keys sync'],
  // Its `keys` held private keys; here they never do.
  ['GET /dnssec/keys', undefined, 200, undefined, 'enabled keys'],
  ['GET /dnssec/ds', undefined, 200, undefined, 'enabled message ds_records'],
  ['POST /dnssec/sync', undefined, 409, undefined, 'error code'],
];

/** `a` is up by a check and by an override, `b` is up by a check; one agent is pinned. */
async function running(test: TestContext) {
  const validation = checked(a, 'ok').data;
  const api = await runApi(test, { configuration: oneDomain([a, b]), checkNow: async () => [validation] });
  api.engine.observe(checked(a, 'ok'));
  api.engine.observe(checked(b, 'ok'));
  await waitFor(() => api.engine.waiting.observations === 0);
  await api.engine.execute(order(settingOverride(a, 'up', { port: 80 })));
  const pin = { agent: 'web-1', fingerprint: '1'.repeat(64), certificate: 'AA==', region: 'eu', services: [app], legacy: false };
  await api.engine.execute(order({ kind: 'pinAgent', ...pin, address: '192.0.2.9:7946' }));
  return api;
}

describe('the documented fields are there:', () => {
  for (const [request, body, status, place, fields] of documented) {
    it(`${request} ${body === undefined ? '' : JSON.stringify(body)} ${place ?? ''}`, async (test) => {
      const { ask } = await running(test);
      const [method = '', path = ''] = request.split(' ');
      const answer = await ask<Record<string, unknown>>(method, path, { ...(body !== undefined && { body }) });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      const shown = place === undefined ? (answer.body ?? {}) : (answer.body[place] as readonly object[])[0];
      const names = Object.keys(shown ?? {});
      assert.deepEqual(
        fields.split(' ').filter((field) => field !== '' && !names.includes(field)),
        [],
        `of ${names.join(' ')}`,
      );
    });
  }
});

/** What the original documents and is not part of this version. Whoever builds one moves it into the table above. */
const notHere = [
  ...['GET /domains', 'POST /domains', `GET /domains/${app}`, `DELETE /domains/${app}`, `GET /domains/${app}/backends`],
  ...['GET /regions', 'POST /regions', 'GET /regions/eu', `PUT /servers/${app}:${a}:80/health-check`],
  ...['GET /overwatch/latency', 'GET /nodes/overwatch', 'GET /nodes/agent', 'GET /gossip/nodes'],
  ...['GET /audit-logs', 'GET /metrics/overview', 'GET /preferences', 'GET /config', 'GET /routing/algorithms', 'POST /routing/test'],
  ...['GET /health', 'GET /overwatch'],
] as const;

it('what is not here is an error that says so', async (test) => {
  const { ask, log } = await running(test);
  const before = log.end.position;
  for (const request of notHere) {
    const [method = '', path = ''] = request.split(' ');
    const answer = await ask<{ reason: string }>(method, path);
    assert(isErrorShaped(answer), `${request}: ${JSON.stringify(answer.body)}`);
    assert.match(`${answer.status} ${answer.body.reason}`, /^(404 unknown-route|405 \S+)$/, request);
  }
  assert.equal(log.end.position, before);
});
