/** Takes up the configuration file as it is now, without a restart. */
import { z } from 'zod';
import { identityOf } from './door.ts';
import { ApiError } from './errors.ts';
import { forceNeedsReason, orderHeaders, reasonText } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, flag, reloads } from './shapes.ts';

const reloadQuery = forceNeedsReason(
  z.strictObject({
    force: flag.describe('Applies it even where a guard refuses.'),
    reason: reasonText.optional().describe('Needed with `force`; stands in the log of the program.'),
  }),
);

const reloadAnswer = z.strictObject({
  applied: z.literal(true),
  position: z.int().nullable().describe('The last event that came of it. null: nothing had changed.'),
  need_restart: z.array(z.string()).describe('Settings that differ, and count only from the next start on.'),
});

export function configurationRoutes(api: Api, { reload, logger }: RouteContext): void {
  const schema = { querystring: reloadQuery, headers: orderHeaders, response: answering(reloadAnswer) };
  api.post('/config/reload', { config: reloads, schema }, async (request) => {
    if (reload === undefined) throw new ApiError('not-available', 'this node was not started from a file', 'restart it to change anything');
    const key = request.headers['idempotency-key'];
    const { actor } = identityOf(request);
    const { force, reason } = request.query;
    const outcome = await reload({ actor, force, ...(key !== undefined && { key }) });
    if (!outcome.applied) throw new ApiError('configuration-inconsistent', outcome.error, outcome.remedy);
    if (force) logger.warn({ actor, reason }, 'a configuration was forced past the guards');
    return { applied: true as const, position: outcome.position, need_restart: [...outcome.needRestart] };
  });
}
