/** The servers of a service: listed, added, changed and taken away. Whether an order may be carried out is decided by the engine. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Command } from '../../commands/command.ts';
import { healthCheck } from '../../events/catalogue/configuration.ts';
import { address, domainName, port } from '../../events/catalogue/scalars.ts';
import { endpointText } from '../../projections/endpoint.ts';
import { type Server, serverOf, serversOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import { verdictOn } from '../../projections/verdict.ts';
import { identityOf } from './door.ts';
import { dryRunAnswer, dryRunShape } from './dry-run.ts';
import { ApiError } from './errors.ts';
import type { Identity } from './identity.ts';
import { carryOut, forceNeedsReason, orderHeaders, orderOf, reasonText } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, changes, flag, noQuery, reads, shownVerdict, textLine, time, timeText, verdictShape } from './shapes.ts';
import { endpoint } from './target.ts';

const serverShape = z.strictObject({
  service: z.string(),
  address: z.string(),
  port: z.int(),
  region: z.string(),
  weight: z.int().describe('Share of the answers under `weighted`; 0 counts as draining.'),
  host: z.string().optional().describe('Host header and TLS server name of its checks.'),
  health_check: healthCheck.optional().describe("Its own check; what is left out comes from its region. A header's value is a digest."),
  source: z.enum(['static', 'agent', 'api']).describe('static: from the configuration.'),
  registered_at: time,
  updated_at: time,
  position: z.int().describe('The event that registered it.'),
  verdict: verdictShape,
});

function shownServer(state: State, server: Server): z.output<typeof serverShape> {
  const { service, address, port, region, weight, host, healthCheck: check, source, position } = server;
  return {
    ...{ service, address, port, region, weight },
    ...(host !== undefined && { host }),
    ...(check !== undefined && { health_check: check }),
    ...{ source, registered_at: timeText(server.registeredAt), updated_at: timeText(server.updatedAt), position },
    verdict: shownVerdict(verdictOn(state, server)),
  };
}

export const regionName = textLine(100);
export const weight = z.int().min(0).max(1_000_000);
const host = z.string().regex(/^[\x21-\x7e]{1,253}$/, 'expected a host name, with a port or without');

const headersRefused = 'headers of servers that are registered here would stand in the log as they are: put them in the region or the file';
const check = healthCheck.omit({ headers: true }).extend({ headers: z.never(headersRefused).optional().describe('Not taken here.') });

/** What was checked holds no headers. */
function withoutHeaders({ headers: _none, ...rest }: z.output<typeof check>): Omit<z.output<typeof check>, 'headers'> {
  return rest;
}

const registerBody = z.strictObject({
  address,
  port,
  region: regionName.optional().describe('One of those that the service has; may be left out where it has one.'),
  weight: weight.default(100),
  host: host.optional(),
  health_check: check.optional(),
});

const updateBody = z
  .strictObject({
    region: regionName.optional(),
    weight: weight.optional(),
    host: host.nullable().optional().describe('null: none.'),
    health_check: check.nullable().optional().describe("Replaces the whole of the server's own check. null: none."),
  })
  .refine((body) => Object.keys(body).length > 0, 'expected region, weight, host or health_check');

const orderQuery = forceNeedsReason(
  z.strictObject({
    force: flag.describe('Does it even where a guard refuses.'),
    reason: reasonText.optional().describe('Needed with `force`; stands in the log of the program.'),
    dry_run: flag.describe('Answers what would happen, and does nothing.'),
  }),
);

const orderAnswer = serverShape.extend({ repeated: z.boolean().describe('The same request was carried out before.') });

export function serverRoutes(api: Api, { engine, generatedAt, logger }: RouteContext): void {
  const ofService = z.strictObject({ service: domainName });
  const oneServer = z.strictObject({ service: domainName, server: endpoint });

  const listAnswer = z.strictObject({ servers: z.array(serverShape), generated_at: time });
  const listSchema = { params: ofService, querystring: noQuery, response: answering(listAnswer) };
  api.get('/services/:service/servers', { config: reads, schema: listSchema }, ({ params: { service } }) => {
    const servers = [...serversOf(engine.state.registry, service)];
    if (servers.length === 0 && !engine.state.configuration?.domains.has(service)) throw unknownService(service);
    return { servers: servers.map((server) => shownServer(engine.state, server)), generated_at: generatedAt() };
  });

  const oneSchema = { params: oneServer, querystring: noQuery, response: answering(serverShape) };
  api.get('/services/:service/servers/:server', { config: reads, schema: oneSchema }, ({ params: { service, server } }) => {
    return shownServer(engine.state, knownServer(engine.state, service, server.address, server.port));
  });

  /** Carries out a command, or only tries it. */
  async function give({ identity, headers, query }: Giving, command: Command) {
    const order = orderOf(identity.actor, headers['idempotency-key'], command);
    if (query.dry_run) return dryRunAnswer(engine, order);
    const { repeated } = await carryOut(engine, order);
    if (query.force) logger.warn({ actor: identity.actor, command, reason: query.reason }, 'forced past the guards');
    return { repeated };
  }

  const registerSchema = {
    ...{ params: ofService, querystring: orderQuery, headers: orderHeaders, body: registerBody },
    response: { ...answering(dryRunShape), 201: orderAnswer },
  };
  api.post('/services/:service/servers', { config: changes, schema: registerSchema }, async (request, reply) => {
    const { body, query, params } = request;
    const { health_check: own, host: asked, region = null, ...attributes } = body;
    const done = await give(givingOf(request), {
      ...{ kind: 'registerServer', service: params.service, ...attributes, region, force: query.force },
      ...(asked !== undefined && { host: asked }),
      ...(own !== undefined && { healthCheck: withoutHeaders(own) }),
    });
    if ('facts' in done) return done;
    const server = knownServer(engine.state, params.service, body.address, body.port);
    return reply.code(201).send({ ...shownServer(engine.state, server), ...done });
  });

  const updateSchema = {
    ...{ params: oneServer, querystring: orderQuery, headers: orderHeaders, body: updateBody },
    response: answering(z.union([orderAnswer, dryRunShape])),
  };
  api.patch('/services/:service/servers/:server', { config: changes, schema: updateSchema }, async (request) => {
    const { query, params } = request;
    const { health_check: own, region, weight: share, host: asked } = request.body;
    const done = await give(givingOf(request), {
      ...{ kind: 'updateServer', service: params.service, ...params.server, force: query.force },
      ...(region !== undefined && { region }),
      ...(share !== undefined && { weight: share }),
      ...(asked !== undefined && { host: asked }),
      ...(own !== undefined && { healthCheck: own && withoutHeaders(own) }),
    });
    if ('facts' in done) return done;
    return { ...shownServer(engine.state, knownServer(engine.state, params.service, params.server.address, params.server.port)), ...done };
  });

  const deregisterSchema = {
    ...{ params: oneServer, querystring: orderQuery, headers: orderHeaders },
    response: { ...answering(dryRunShape), 204: z.undefined().describe('It is deregistered.') },
  };
  api.delete('/services/:service/servers/:server', { config: changes, schema: deregisterSchema }, async (request, reply) => {
    const { query, params } = request;
    const command = { kind: 'deregisterServer', service: params.service, ...params.server, force: query.force } as const;
    const done = await give(givingOf(request), command);
    return 'facts' in done ? done : reply.code(204).send();
  });
}

/** What the three orders have in common. */
interface Giving {
  readonly identity: Identity;
  readonly headers: z.output<typeof orderHeaders>;
  readonly query: z.output<typeof orderQuery>;
}

function givingOf(request: FastifyRequest & Omit<Giving, 'identity'>): Giving {
  return { identity: identityOf(request), headers: request.headers, query: request.query };
}

export function unknownService(service: string): ApiError {
  return new ApiError('unknown-service', `there is no service ${service}`, 'GET /api/v1/services lists the services');
}

export function knownServer(state: State, service: string, address: string, port: number): Server {
  const server = serverOf(state.registry, service, address, port);
  if (server !== undefined) return server;
  const remedy = `GET /api/v1/services/${service}/servers lists its servers`;
  throw new ApiError('unknown-server', `${service} has no server ${endpointText(address, port)}`, remedy);
}
