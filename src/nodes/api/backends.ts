/**
 * The registry with the paths and field names of the original OpenGSLB: backends, what is thought of each, overrides by
 * backend, a summary, and a check at once. All is read from the verdicts that DNS goes by. What only an agent could have
 * said is null where none speaks for the server.
 */
import { z } from 'zod';
import { isRefusal } from '../../commands/command.ts';
import { address, domainName, port } from '../../events/catalogue/scalars.ts';
import { agentStatusOf } from '../../projections/agent-status.ts';
import { validates } from '../../projections/checks.ts';
import { claimOn } from '../../projections/claims.ts';
import { endpointText } from '../../projections/endpoint.ts';
import { healthOf } from '../../projections/health.ts';
import { decidingOverride } from '../../projections/overrides.ts';
import { allServers, type Server, serverOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import { isUnproven } from '../../projections/verdict.ts';
import { checkAtOnce } from './check-at-once.ts';
import { identityOf } from './door.ts';
import { ApiError, refusalError } from './errors.ts';
import { actorOf } from './identity.ts';
import { carryOut, forceNeedsReason, orderHeaders, orderOf, reasonText } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, changes, effectiveStatus, effectiveStatusOf, flag, noQuery, reads, textLine, time, timeText } from './shapes.ts';

const backendShape = z.strictObject({
  service: z.string(),
  address: z.string(),
  port: z.int(),
  weight: z.int(),
  agent_id: z.string().nullable().describe('Who speaks for it from inside; null: nobody.'),
  agent_unauthenticated: z
    .literal(true)
    .optional()
    .describe('Its agent is one of the original, which proves nothing. Left out: it is none.'),
  region: z.string(),
  effective_status: effectiveStatus,
  agent_healthy: z.boolean().nullable().describe('What its agent says of it; null: nothing.'),
  agent_last_seen: time.nullable(),
  validation_healthy: z.boolean().optional().describe('What the checks make of it. Left out: it was never checked.'),
  validation_last_check: time.optional(),
  validation_error: z.string().optional().describe('What the newest failure said.'),
  override_status: z.boolean().optional().describe('Whether the override that decides gives it new clients. Left out: none.'),
  override_reason: z.string().optional(),
  override_by: z.string().optional(),
  override_at: time.optional(),
});

function shownBackend(state: State, server: Server): z.output<typeof backendShape> {
  const { service, address, port, weight, region, agent } = server;
  const heardAt = agent === undefined ? undefined : state.liveness.get(agent)?.heardAt;
  const health = healthOf(state.health, service, address, port);
  const override = decidingOverride(state.overrides, service, address, port);
  return {
    ...{ service, address, port, weight, agent_id: agent ?? null, region },
    ...(isUnproven(state, server) && { agent_unauthenticated: true as const }),
    effective_status: effectiveStatusOf(state, server),
    agent_healthy: claimOn(state.claims, server)?.healthy ?? null,
    agent_last_seen: heardAt === undefined ? null : timeText(heardAt),
    ...(health !== undefined && { validation_healthy: health.status === 'up', validation_last_check: timeText(health.lastAt) }),
    ...(health?.lastError && { validation_error: health.lastError }),
    ...(override !== undefined && {
      override_status: override.action === 'up',
      override_reason: override.reason,
      override_by: override.actor?.name ?? override.authority,
      override_at: timeText(override.at),
    }),
  };
}

const count = z.int().nonnegative();
const statsShape = z.strictObject({
  total_backends: count,
  healthy_backends: count,
  unhealthy_backends: count.describe('By the checks or by an override; neither draining nor unknown ones.'),
  stale_backends: count,
  active_overrides: count,
  validation_enabled: z.boolean(),
  validated_backends: count.describe('Those that were checked at least once.'),
  disagreement_count: count.describe('Servers of which the checks and the agent say different things.'),
  active_agents: count.describe('Agents that are heard.'),
  unique_services: count,
  backends_by_service: z.record(z.string(), count),
  backends_by_region: z.record(z.string(), count),
  generated_at: time,
});

function shownStats(state: State): Omit<z.output<typeof statsShape>, 'generated_at'> {
  const servers = allServers(state.registry);
  const backends = servers.map((server) => shownBackend(state, server));
  const withStatus = (status: string) => backends.filter((backend) => backend.effective_status === status).length;
  return {
    total_backends: backends.length,
    healthy_backends: withStatus('healthy'),
    unhealthy_backends: withStatus('unhealthy'),
    stale_backends: withStatus('stale'),
    active_overrides: [...state.overrides.values()].reduce((sum, ofService) => sum + ofService.size, 0),
    validation_enabled: validates(state.configuration),
    validated_backends: backends.filter((backend) => backend.validation_healthy !== undefined).length,
    disagreement_count: backends.filter(disagrees).length,
    active_agents: [...state.trust.values()].filter((pin) => agentStatusOf(state, pin) === 'heard').length,
    unique_services: new Set(servers.map(({ service }) => service)).size,
    backends_by_service: tally(servers.map(({ service }) => service)),
    backends_by_region: tally(servers.map(({ region }) => region)),
  };
}

function disagrees({ agent_healthy: claimed, validation_healthy: validated }: z.output<typeof backendShape>): boolean {
  return claimed !== null && validated !== undefined && claimed !== validated;
}

/** How often each name occurs. From entries, so that a region may be called `__proto__`. */
function tally(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

const listQuery = z.strictObject({
  service: domainName.optional(),
  region: textLine(100).optional(),
  status: effectiveStatus.optional(),
});

const portText = z
  .string()
  .regex(/^\d{1,5}$/, 'expected a port')
  .transform(Number)
  .pipe(port);

const validateQuery = z.strictObject({ service: domainName.optional(), address: address.optional(), port: portText.optional() });

const unbracketed = z
  .string()
  .transform((text) => text.replace(/^\[(.*)\]$/, '$1'))
  .pipe(address);
const backendPath = z.strictObject({ service: domainName, address: unbracketed, port: portText });

const overrideHeaders = orderHeaders.extend({
  'x-user': textLine(200).optional().describe('Who asks, as the log will name them. Not looked at where a token says who asks.'),
});
const force = flag.describe('Does it even where a guard refuses.');
const setQuery = z.strictObject({ force });
const clearQuery = forceNeedsReason(z.strictObject({ force, reason: reasonText.optional().describe('Needed with `force`.') }));
const overrideBody = z.strictObject({ healthy: z.boolean().describe('true is `up`, false is `down`.'), reason: reasonText });

const done = z.strictObject({ success: z.literal(true), message: z.string() });

export function backendRoutes(api: Api, context: RouteContext): void {
  const { engine, generatedAt } = context;
  const listAnswer = z.strictObject({ backends: z.array(backendShape), generated_at: time });
  const listSchema = { querystring: listQuery, response: answering(listAnswer) };
  api.get('/overwatch/backends', { config: reads, schema: listSchema }, ({ query: { service, region, status } }) => {
    const backends = allServers(engine.state.registry)
      .filter((server) => (service ?? server.service) === server.service && (region ?? server.region) === server.region)
      .map((server) => shownBackend(engine.state, server))
      .filter((backend) => (status ?? backend.effective_status) === backend.effective_status);
    return { backends, generated_at: generatedAt() };
  });

  api.get('/overwatch/stats', { config: reads, schema: { querystring: noQuery, response: answering(statsShape) } }, () => {
    return { ...shownStats(engine.state), generated_at: generatedAt() };
  });

  const validateSchema = { querystring: validateQuery, response: answering(done) };
  api.post('/overwatch/validate', { config: changes, schema: validateSchema }, async ({ query }) => {
    const checked = await checkAtOnce(context, query);
    const failed = checked.filter(({ ok }) => !ok).length;
    return { success: true as const, message: `${checked.length} checked, ${failed} of them failed` };
  });

  const path = '/overwatch/backends/:service/:address/:port/override';
  const setSchema = {
    ...{ params: backendPath, querystring: setQuery, headers: overrideHeaders, body: overrideBody, response: answering(done) },
  };
  api.post(path, { config: changes, schema: setSchema }, async (request) => {
    const { params, query, headers, body } = request;
    const identity = identityOf(request);
    const action = body.healthy ? 'up' : 'down';
    const order = orderOf(actorOf(identity, headers['x-user']), headers['idempotency-key'], {
      ...{ kind: 'setOverride', ...params, action, reason: body.reason },
      ...{ authority: identity.authority, expiresInMs: null, force: query.force },
    });
    await carryOut(engine, order);
    return { success: true as const, message: `${nameOf(params)} counts as ${action}` };
  });

  const clearSchema = { params: backendPath, querystring: clearQuery, headers: overrideHeaders, response: answering(done) };
  api.delete(path, { config: changes, schema: clearSchema }, async (request) => {
    const { params, query, headers } = request;
    const identity = identityOf(request);
    const order = orderOf(actorOf(identity, headers['x-user']), headers['idempotency-key'], {
      ...{ kind: 'clearOverride', ...params, reason: query.reason ?? null, authority: identity.authority, force: query.force },
    });
    const outcome = await engine.execute(order);
    if (!isRefusal(outcome)) return { success: true as const, message: `the override on ${nameOf(params)} is cleared` };
    if (outcome.refused !== 'unknown-override') throw refusalError(outcome);
    if (serverOf(engine.state.registry, params.service, params.address, params.port) === undefined) throw unknownBackend(params);
    return { success: true as const, message: `there was no override on ${nameOf(params)}` };
  });
}

function nameOf({ service, address, port }: z.output<typeof backendPath>): string {
  return `${endpointText(address, port)} of ${service}`;
}

function unknownBackend(backend: z.output<typeof backendPath>): ApiError {
  return new ApiError('unknown-server', `there is no ${nameOf(backend)}`, 'GET /api/v1/overwatch/backends lists the servers');
}
