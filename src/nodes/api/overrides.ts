/**
 * Overrides: what is in force, setting one, clearing one. An order goes to the engine as it is; whether it may be carried
 * out is decided there, and a dry run is the same decision with nothing appended.
 */
import { z } from 'zod';
import { duration } from '../../events/catalogue/scalars.ts';
import { durationMs } from '../../events/duration.ts';
import { actor } from '../../events/event.ts';
import { targetText } from '../../projections/endpoint.ts';
import { type Override, overrideOn } from '../../projections/overrides.ts';
import type { State } from '../../projections/state.ts';
import { identityOf } from './door.ts';
import { dryRunAnswer, dryRunShape } from './dry-run.ts';
import { ApiError } from './errors.ts';
import { actorOf } from './identity.ts';
import { apiLimits } from './limits.ts';
import { carryOut, forceNeedsReason, orderHeaders, orderOf, reasonText } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, changes, flag, noQuery, reads, textLine, time, timeText } from './shapes.ts';
import { overridePath } from './target.ts';

const overrideShape = z.strictObject({
  service: z.string(),
  address: z.string(),
  port: z.int().nullable().describe('null: every port of the address in that service.'),
  action: z.enum(['up', 'down', 'drain']),
  healthy: z.boolean().describe('Whether the server gets new clients.'),
  reason: z.string(),
  source: z.string().describe('The name of whoever set it.'),
  authority: z.enum(['human', 'tool']).describe("Whose word it is; a person's goes before a tool's."),
  actor: actor.optional(),
  created_at: time,
  expires_at: time.nullable(),
  position: z.int().describe('The event that set it.'),
});

function shownOverride({ at, until, position, actor: by, ...override }: Omit<Override, 'agent'>): z.output<typeof overrideShape> {
  const { service, address, port, action, reason, authority } = override;
  return {
    ...{ service, address, port, action, healthy: action === 'up', reason, source: by?.name ?? authority, authority },
    ...(by !== undefined && { actor: by }),
    created_at: timeText(at),
    expires_at: until === null ? null : timeText(until),
    position,
  };
}

const expiresIn = duration(1000)
  .max(100)
  .refine((text) => durationMs(text) <= apiLimits.expiresInMsMax, 'expected at most 3650d; leave it out for an override that stays')
  .transform(durationMs);

/** Our words, `{action, reason}`, or the original's, `{healthy, reason, source}`. */
const setBody = z
  .strictObject({
    action: z.enum(['up', 'down', 'drain'], 'expected up, down or drain').optional(),
    healthy: z.boolean().optional().describe('The original words: true is `up`, false is `down`.'),
    reason: reasonText,
    source: textLine(200).optional().describe('Who asks, as the log will name them. Needed with `healthy`.'),
    expires_in: expiresIn.optional().describe('From now, such as 10m. Left out: it stays until it is cleared.'),
  })
  .superRefine(({ action, healthy, source }, context) => {
    const problem = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (action === undefined && healthy === undefined) problem('action', 'expected up, down or drain');
    if (action !== undefined && healthy !== undefined) problem('healthy', 'expected either action or healthy, not both');
    if (healthy !== undefined && source === undefined) problem('source', 'expected the name of whoever asks');
  });

const setQuery = z.strictObject({
  force: flag.describe('Sets it even where a guard refuses.'),
  dry_run: flag.describe('Answers what would happen, and does nothing.'),
});

const clearQuery = forceNeedsReason(
  z.strictObject({
    reason: reasonText.optional().describe('Needed with `force`.'),
    force: flag.describe('Clears it even where a guard refuses.'),
    dry_run: flag.describe('Answers what would happen, and does nothing.'),
  }),
);

const setAnswer = overrideShape.extend({ repeated: z.boolean().describe('The same request was carried out before.') });

export function overrideRoutes(api: Api, { engine, generatedAt }: RouteContext): void {
  const listAnswer = z.strictObject({ overrides: z.array(overrideShape), generated_at: time });
  api.get('/overrides', { config: reads, schema: { querystring: noQuery, response: answering(listAnswer) } }, () => {
    const all = [...engine.state.overrides.values()].flatMap((ofService) => [...ofService.values()]);
    const inOrder = all.sort((a, b) => a.position - b.position);
    return { overrides: inOrder.map(shownOverride), generated_at: generatedAt() };
  });

  const oneSchema = { params: overridePath, querystring: noQuery, response: answering(overrideShape) };
  api.get('/overrides/:service/:target', { config: reads, schema: oneSchema }, ({ params: { service, target } }) => {
    return shownOverride(knownOverride(engine.state, service, target.address, target.port));
  });

  const setSchema = {
    ...{ params: overridePath, querystring: setQuery, headers: orderHeaders, body: setBody },
    response: answering(z.union([setAnswer, dryRunShape])),
  };
  api.put('/overrides/:service/:target', { config: changes, schema: setSchema }, async (request) => {
    const { params, query, headers, body } = request;
    const { service, target } = params;
    const identity = identityOf(request);
    const order = orderOf(actorOf(identity, body.source), headers['idempotency-key'], {
      ...{ kind: 'setOverride', service, ...target, authority: identity.authority, reason: body.reason, force: query.force },
      action: body.action ?? (body.healthy ? 'up' : 'down'),
      expiresInMs: body.expires_in ?? null,
    });
    if (query.dry_run) return dryRunAnswer(engine, order);
    const { events, repeated } = await carryOut(engine, order);
    const set = events.find((event) => event.type === 'override.set');
    if (set === undefined) throw new Error('an override was set without a fact that says so');
    const { data, at, position, actor: by } = set;
    return { ...shownOverride({ ...data, at, position, actor: by }), repeated };
  });

  const clearSchema = {
    ...{ params: overridePath, querystring: clearQuery, headers: orderHeaders },
    response: { ...answering(dryRunShape), 204: z.undefined().describe('It is cleared.') },
  };
  api.delete('/overrides/:service/:target', { config: changes, schema: clearSchema }, async (request, reply) => {
    const { params, query, headers } = request;
    const { service, target } = params;
    const identity = identityOf(request);
    const order = orderOf(identity.actor, headers['idempotency-key'], {
      ...{ kind: 'clearOverride', service, ...target, authority: identity.authority, force: query.force },
      reason: query.reason ?? null,
    });
    if (query.dry_run) return dryRunAnswer(engine, order);
    await carryOut(engine, order);
    return reply.code(204).send();
  });
}

/** With exactly this target; a person's, if both have one. */
function knownOverride(state: State, service: string, address: string, port: number | null): Override {
  const { overrides } = state;
  const known = overrideOn(overrides, 'human', service, address, port) ?? overrideOn(overrides, 'tool', service, address, port);
  if (known !== undefined) return known;
  const error = `there is no override on ${targetText(address, port)} of ${service}`;
  throw new ApiError('unknown-override', error, 'GET /api/v1/overrides lists the overrides with their targets');
}
