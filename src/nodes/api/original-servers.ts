/**
 * Servers with the paths and field names of the original OpenGSLB, for the tools that were written for it. The same
 * servers and the same orders as `servers.ts`; fields that had no effect there have none here, and what is not known is null.
 */
import { z } from 'zod';
import { address, domainName, port } from '../../events/catalogue/scalars.ts';
import { checkSettingsOf, thresholdsOf, validates } from '../../projections/checks.ts';
import { claimOn } from '../../projections/claims.ts';
import { type Endpoint, endpointText } from '../../projections/endpoint.ts';
import { healthOf } from '../../projections/health.ts';
import { allServers, type Server } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import { identityOf } from './door.ts';
import { ApiError } from './errors.ts';
import { carryOut, orderHeaders, orderOf } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { knownServer, regionName, weight } from './servers.ts';
import {
  answering,
  changes,
  effectiveStatus,
  effectiveStatusOf,
  errorAnswers,
  noQuery,
  reads,
  textLine,
  time,
  timeText,
} from './shapes.ts';
import { parseTarget } from './target.ts';

const nanoseconds = z.int().describe('Nanoseconds.');
const checkShape = z.strictObject({
  enabled: z.boolean(),
  type: z.enum(['http', 'https', 'tcp']),
  path: z.string(),
  interval: nanoseconds,
  timeout: nanoseconds,
  healthy_threshold: z.int(),
  unhealthy_threshold: z.int(),
});

const statusShape = z.strictObject({
  healthy: z.boolean(),
  last_check: time.optional(),
  last_healthy: time.optional(),
  consecutive_failures: z.int(),
  consecutive_successes: z.int(),
  last_error: z.string().optional(),
  response_time_ms: z.number().optional(),
});

const notKnown = z.null().describe('Not known here.');
const serverShape = z.strictObject({
  id: z.string().describe('service:address:port, an IPv6 address in brackets.'),
  name: z.string().describe('The service.'),
  address: z.string(),
  port: z.int(),
  protocol: z.enum(['http', 'https', 'tcp']).nullable().describe('How it is checked.'),
  weight: z.int(),
  priority: notKnown,
  region: z.string(),
  enabled: z.boolean().describe('Whether its weight is more than 0.'),
  healthy: z.boolean(),
  metadata: z.strictObject({
    service: z.string(),
    source: z.enum(['static', 'agent', 'api']),
    effective_status: effectiveStatus,
    agent_healthy: z.boolean().nullable().describe('What its agent says of it; null: nothing.'),
    agent_last_seen: time.nullable(),
    validation_check: time.nullable().describe('When it was last checked. null: never.'),
    smoothed_latency: notKnown,
  }),
  created_at: time,
  updated_at: time,
  health_check: checkShape.optional(),
  status: statusShape,
});

function saidByAgent({ claims, liveness }: State, server: Server) {
  const heardAt = server.agent === undefined ? undefined : liveness.get(server.agent)?.heardAt;
  return { agent_healthy: claimOn(claims, server)?.healthy ?? null, agent_last_seen: heardAt === undefined ? null : timeText(heardAt) };
}

/** Of a server that is registered, so there is a configuration in force. */
function shownServer(state: State, server: Server): z.output<typeof serverShape> {
  const { service, address, port, weight, region, source } = server;
  const check = shownCheck(state, server);
  const status = effectiveStatusOf(state, server);
  const health = healthOf(state.health, service, address, port);
  return {
    ...{ id: idOf(server), name: service, address, port, protocol: check?.type ?? null, weight, priority: null, region },
    ...{ enabled: weight > 0, healthy: status === 'healthy' },
    metadata: {
      ...{ service, source, effective_status: status, ...saidByAgent(state, server) },
      ...{ validation_check: health === undefined ? null : timeText(health.lastAt), smoothed_latency: null },
    },
    created_at: timeText(server.registeredAt),
    updated_at: timeText(server.updatedAt),
    ...(check !== undefined && { health_check: check }),
    status: {
      healthy: status === 'healthy',
      ...(health !== undefined && { last_check: timeText(health.lastAt), response_time_ms: health.last.totalUs / 1000 }),
      ...(health?.lastOkAt != null && { last_healthy: timeText(health.lastOkAt) }),
      consecutive_failures: health === undefined || health.last.ok ? 0 : health.run,
      consecutive_successes: health?.last.ok ? health.run : 0,
      ...(health?.lastError && { last_error: health.lastError }),
    },
  };
}

function shownCheck(state: State, server: Server): z.output<typeof checkShape> | undefined {
  const inForce = state.configuration;
  if (inForce === undefined) return undefined;
  const { type, path, intervalMs, timeoutMs } = checkSettingsOf(inForce, server);
  const { failure, success } = thresholdsOf(inForce, server);
  return {
    ...{ enabled: validates(inForce), type, path, interval: intervalMs * 1_000_000, timeout: timeoutMs * 1_000_000 },
    ...{ healthy_threshold: success, unhealthy_threshold: failure },
  };
}

function idOf({ service, address, port }: Server): string {
  return `${service}:${endpointText(address, port)}`;
}

/** `service:address:port`. */
const id = z.string().transform((text, context): Endpoint & { readonly service: string } => {
  const colon = text.indexOf(':');
  const service = domainName.safeParse(text.slice(0, colon));
  const target = parseTarget(text.slice(colon + 1));
  if (colon > 0 && service.success && target !== undefined && target.port !== null) {
    return { service: service.data, address: target.address, port: target.port };
  }
  context.issues.push({ code: 'custom', input: text, message: 'expected SERVICE:ADDRESS:PORT, with an IPv6 address in brackets' });
  return z.NEVER;
});

const yesOrNo = z.enum(['true', 'false'], 'expected true or false').optional();
const listQuery = z.strictObject({ region: textLine(100).optional(), enabled: yesOrNo, healthy: yesOrNo });

/** Fields that the original's objects have and nothing heeds, there as here. */
const unheeded = Object.fromEntries(
  [
    'id',
    'name',
    'protocol',
    'priority',
    'enabled',
    'healthy',
    'description',
    'tags',
    'metadata',
    'created_at',
    'updated_at',
    'health_check',
    'status',
  ].map((field) => [field, z.unknown().optional()]),
);

const createBody = z.strictObject({
  ...unheeded,
  address,
  port,
  region: regionName.optional().describe('May be left out where the service has one.'),
  weight: weight.default(100).describe('0 counts as 1, as it did.'),
  name: textLine(253).optional().describe('The service, where `metadata` names none.'),
  metadata: z.looseObject({ service: z.string().optional() }).optional(),
});
const updateBody = z.strictObject({
  ...unheeded,
  address: z.unknown().optional(),
  port: z.unknown().optional(),
  weight: weight.optional(),
  region: regionName.optional(),
});

export function originalServerRoutes(api: Api, { engine, generatedAt }: RouteContext): void {
  const one = z.strictObject({ server: serverShape });
  const shown = ({ service, address, port }: Endpoint & { readonly service: string }) => {
    return { server: shownServer(engine.state, knownServer(engine.state, service, address, port)) };
  };

  const listAnswer = z.strictObject({ servers: z.array(serverShape), total: z.int(), generated_at: time });
  api.get('/servers', { config: reads, schema: { querystring: listQuery, response: answering(listAnswer) } }, ({ query }) => {
    const servers = allServers(engine.state.registry)
      .map((server) => shownServer(engine.state, server))
      .filter(({ region, enabled, healthy }) => {
        const asShown = { region, enabled: String(enabled), healthy: String(healthy) };
        return Object.entries(query).every(([field, wanted]) => wanted === undefined || asShown[field as keyof typeof asShown] === wanted);
      });
    return { servers, total: servers.length, generated_at: generatedAt() };
  });

  const createSchema = { querystring: noQuery, headers: orderHeaders, body: createBody, response: { ...errorAnswers, 201: one } };
  api.post('/servers', { config: changes, schema: createSchema }, async (request, reply) => {
    const { address, port, region = null, weight, metadata, name } = request.body;
    const service = serviceOf(metadata?.service ?? name);
    const order = orderOf(identityOf(request).actor, request.headers['idempotency-key'], {
      ...{ kind: 'registerServer', service, address, port, region, weight: Math.max(1, weight), force: false },
    });
    await carryOut(engine, order);
    return reply.code(201).send(shown({ service, address, port }));
  });

  const params = z.strictObject({ id });
  api.get('/servers/:id', { config: reads, schema: { params, querystring: noQuery, response: answering(one) } }, (request) => {
    return shown(request.params.id);
  });

  const updateSchema = { params, querystring: noQuery, headers: orderHeaders, body: updateBody, response: answering(one) };
  for (const method of ['PUT', 'PATCH'] as const) {
    api.route({
      ...{ method, url: '/servers/:id', config: changes, schema: updateSchema },
      handler: async (request) => {
        const { weight, region } = request.body;
        const order = orderOf(identityOf(request).actor, request.headers['idempotency-key'], {
          ...{ kind: 'updateServer', ...request.params.id, force: false },
          ...(weight !== undefined && { weight }),
          ...(region !== undefined && { region }),
        });
        await carryOut(engine, order);
        return shown(request.params.id);
      },
    });
  }

  const deleteSchema = {
    ...{ params, querystring: noQuery, headers: orderHeaders },
    response: { ...errorAnswers, 204: z.undefined().describe('It is deregistered.') },
  };
  api.delete('/servers/:id', { config: changes, schema: deleteSchema }, async (request, reply) => {
    const order = orderOf(identityOf(request).actor, request.headers['idempotency-key'], {
      ...{ kind: 'deregisterServer', ...request.params.id, force: false },
    });
    await carryOut(engine, order);
    return reply.code(204).send();
  });

  const checkAnswer = z.strictObject({ server_id: z.string(), health_check: checkShape.nullable() });
  const checkSchema = { params, querystring: noQuery, response: answering(checkAnswer) };
  api.get('/servers/:id/health-check', { config: reads, schema: checkSchema }, ({ params: { id: asked } }) => {
    const server = knownServer(engine.state, asked.service, asked.address, asked.port);
    return { server_id: idOf(server), health_check: shownCheck(engine.state, server) ?? null };
  });
}

function serviceOf(named: string | undefined): string {
  const service = domainName.safeParse(named);
  if (service.success) return service.data;
  const error = 'body.metadata.service: expected the name of the service, such as app.example.com';
  throw new ApiError('request-invalid', error, 'mend what is named and send the request again');
}
