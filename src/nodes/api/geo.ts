/**
 * Where clients are: the networks that the configuration or somebody by API has put into regions, and where an address
 * comes out. What is set here is a fact and stands over restarts; what the configuration says of the same network waits
 * behind it.
 */
import { z } from 'zod';
import { address, network } from '../../events/catalogue/scalars.ts';
import { type Mapping, mappingsInForce } from '../../projections/geo-mappings.ts';
import { identityOf } from './door.ts';
import { dryRunAnswer, dryRunShape } from './dry-run.ts';
import { located, locatedShape } from './located.ts';
import { carryOut, orderHeaders, orderOf } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, changes, errorAnswers, flag, noQuery, reads, textLine, time } from './shapes.ts';

const mappingShape = z.strictObject({
  cidr: z.string().describe('Canonical: the first address of the network, and the prefix.'),
  region: z.string(),
  comment: z.string().optional(),
  source: z.enum(['config', 'api']).describe('Who says so. What came by API hides what the configuration says of the same network.'),
});

function shownMapping({ cidr, region, comment, source }: Mapping): z.output<typeof mappingShape> {
  return { cidr, region, ...(comment !== null && { comment }), source };
}

const listAnswer = z.strictObject({ mappings: z.array(mappingShape), generated_at: time });
const setBody = z.strictObject({
  cidr: network,
  region: textLine(100).describe('One of the configuration.'),
  comment: textLine(1000).optional(),
});
const setAnswer = mappingShape.extend({ repeated: z.boolean().describe('The same request was carried out before.') });
const changeQuery = z.strictObject({ dry_run: flag.describe('Answers what would happen, and does nothing.') });
const testQuery = z.strictObject({ ip: address });
export function geoRoutes(api: Api, context: RouteContext): void {
  const { engine, generatedAt } = context;
  api.get('/geo/mappings', { config: reads, schema: { querystring: noQuery, response: answering(listAnswer) } }, () => ({
    mappings: mappingsInForce(engine.state).map(shownMapping),
    generated_at: generatedAt(),
  }));

  const testSchema = { querystring: testQuery, response: answering(locatedShape) };
  api.get('/geo/test', { config: reads, schema: testSchema }, ({ query: { ip } }) => located(engine.state, ip));

  setRoutes(api, context);

  const removeSchema = {
    ...{ params: z.strictObject({ cidr: network }), querystring: changeQuery, headers: orderHeaders },
    response: { ...answering(dryRunShape), 204: z.undefined().describe('It is removed.') },
  };
  api.delete('/geo/mappings/:cidr', { config: changes, schema: removeSchema }, async (request, reply) => {
    const { params, query, headers } = request;
    const command = { kind: 'removeGeoMapping', cidr: params.cidr } as const;
    const order = orderOf(identityOf(request).actor, headers['idempotency-key'], command);
    if (query.dry_run) return dryRunAnswer(engine, order);
    await carryOut(engine, order);
    return reply.code(204).send();
  });
}

/** The original takes both methods for the same. */
function setRoutes(api: Api, { engine }: RouteContext): void {
  const schema = {
    ...{ querystring: changeQuery, headers: orderHeaders, body: setBody },
    response: { 200: dryRunShape, 201: setAnswer, ...errorAnswers },
  };
  for (const method of ['post', 'put'] as const) {
    api[method]('/geo/mappings', { config: changes, schema }, async (request, reply) => {
      const { query, headers, body } = request;
      const wish = { cidr: body.cidr, region: body.region, comment: body.comment ?? null };
      const order = orderOf(identityOf(request).actor, headers['idempotency-key'], { kind: 'setGeoMapping', ...wish });
      if (query.dry_run) return reply.code(200).send(dryRunAnswer(engine, order));
      const { repeated } = await carryOut(engine, order);
      return reply.code(201).send({ ...shownMapping({ ...wish, source: 'api' }), repeated });
    });
  }
}
