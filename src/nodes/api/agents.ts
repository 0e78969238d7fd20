/**
 * Agents under the paths of the original: who is pinned, how each stands, whose certificate ends soon, and revoking one.
 * Deleting one is revoking it, too: a pin that vanished would let whoever comes next under that name in unseen.
 */
import { z } from 'zod';
import { agentName } from '../../events/catalogue/agents.ts';
import type { State } from '../../projections/state.ts';
import type { Pin } from '../../projections/trust.ts';
import { identityOf } from './door.ts';
import { dryRunAnswer, dryRunShape } from './dry-run.ts';
import { ApiError } from './errors.ts';
import { carryOut, forceNeedsReason, orderHeaders, orderOf, reasonText } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, flag, noQuery, reads, reloads, time } from './shapes.ts';
import { agentShape, endOf, oneAgentShape, shownAgent, shownOneAgent } from './shown-agent.ts';

const millisecondsPerDay = 86_400_000;
const thresholdDefault = 30;

const count = z.int().nonnegative();
const listAnswer = z.strictObject({
  agents: z.array(agentShape),
  total: count,
  revoked: count,
  expiring: count.describe('Believed ones whose certificate ends within the threshold.'),
  generated_at: time,
});

const days = z
  .string()
  .regex(/^\d{1,5}$/, 'expected a number of days')
  .default(String(thresholdDefault))
  .transform(Number);

const agentPath = z.strictObject({ id: agentName });
const force = flag.describe('Does it even where a guard refuses.');
const dryRun = flag.describe('Answers what would happen, and does nothing.');
const revokeQuery = z.strictObject({ force, dry_run: dryRun });
const revokeBody = z.strictObject({ reason: reasonText });
const deleteQuery = forceNeedsReason(
  z.strictObject({ force, dry_run: dryRun, reason: reasonText.optional().describe('Needed with `force`.') }),
);
const done = z.strictObject({ success: z.literal(true), message: z.string() });

export function agentRoutes(api: Api, context: RouteContext): void {
  const { engine, clock, generatedAt } = context;
  const { state } = engine;

  const listed = (pins: readonly Pin[], thresholdDays: number) => ({
    agents: pins.map((pin) => shownAgent(context, pin)),
    total: pins.length,
    revoked: pins.filter(({ revokedAt }) => revokedAt !== null).length,
    expiring: pins.filter((pin) => endsSoon(pin, clock.now(), thresholdDays)).length,
    generated_at: generatedAt(),
  });

  api.get('/overwatch/agents', { config: reads, schema: { querystring: noQuery, response: answering(listAnswer) } }, () =>
    listed([...state.trust.values()], thresholdDefault),
  );

  const expiringSchema = { querystring: z.strictObject({ threshold_days: days }), response: answering(listAnswer) };
  api.get('/overwatch/agents/expiring', { config: reads, schema: expiringSchema }, ({ query: { threshold_days: threshold } }) => {
    const pins = [...state.trust.values()].filter((pin) => endsSoon(pin, clock.now(), threshold));
    return listed(pins, threshold);
  });

  const oneSchema = { params: agentPath, querystring: noQuery, response: answering(oneAgentShape) };
  api.get('/overwatch/agents/:id', { config: reads, schema: oneSchema }, ({ params: { id } }) =>
    shownOneAgent(context, knownPin(state, id)),
  );

  const revokeSchema = {
    params: agentPath,
    querystring: revokeQuery,
    headers: orderHeaders,
    body: revokeBody,
    response: answering(z.union([done, dryRunShape])),
  };
  api.post('/overwatch/agents/:id/revoke', { config: reloads, schema: revokeSchema }, async (request) => {
    const { params, query, headers, body } = request;
    const command = { kind: 'revokeAgent', agent: params.id, reason: body.reason, force: query.force } as const;
    const order = orderOf(identityOf(request).actor, headers['idempotency-key'], command);
    if (query.dry_run) return dryRunAnswer(engine, order);
    await carryOut(engine, order);
    return { success: true as const, message: `agent ${params.id} is believed no more` };
  });

  const deleteSchema = {
    ...{ params: agentPath, querystring: deleteQuery, headers: orderHeaders },
    response: { ...answering(dryRunShape), 204: z.undefined().describe('It is revoked.') },
  };
  api.delete('/overwatch/agents/:id', { config: reloads, schema: deleteSchema }, async (request, reply) => {
    const { params, query, headers } = request;
    const reason = query.reason ?? 'deleted';
    const command = { kind: 'revokeAgent', agent: params.id, reason, force: query.force } as const;
    const order = orderOf(identityOf(request).actor, headers['idempotency-key'], command);
    if (query.dry_run) return reply.send(dryRunAnswer(engine, order));
    await carryOut(engine, order);
    return reply.code(204).send();
  });
}

function endsSoon(pin: Pin, now: number, thresholdDays: number): boolean {
  const end = pin.revokedAt === null ? endOf(pin) : null;
  return end !== null && end - now <= thresholdDays * millisecondsPerDay;
}

function knownPin({ trust }: State, agent: string): Pin {
  const pin = trust.get(agent);
  if (pin !== undefined) return pin;
  throw new ApiError('unknown-agent', `there is no agent ${agent}`, 'GET /api/v1/overwatch/agents lists the agents');
}
