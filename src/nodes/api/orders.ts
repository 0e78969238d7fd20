/** How a request becomes an order to the engine: who gives it, under which key, and what it is answered with when it is refused. */
import { z } from 'zod';
import { type Command, isRefusal, type Order } from '../../commands/command.ts';
import type { Actor, Event } from '../../events/event.ts';
import type { Engine } from '../engine.ts';
import { refusalError } from './errors.ts';
import { textLine } from './shapes.ts';

/** Why somebody wants something. */
export const reasonText = textLine(1000);

/** Looks only at the header that is ours. */
export const orderHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/, 'expected 1 to 200 printable ASCII characters')
    .optional()
    .describe('Makes repeating the request harmless for 24 hours.'),
});

/** For queries with `force` and `reason`: what is forced is explained. */
export function forceNeedsReason<S extends z.ZodType<{ readonly force: boolean; readonly reason?: string | undefined }>>(query: S): S {
  const message = 'expected a reason: force needs one';
  return query.refine(({ force, reason }) => !force || reason !== undefined, { path: ['reason'], message });
}

export function orderOf(actor: Actor, key: string | undefined, command: Command): Order {
  return { command, actor, ...(key !== undefined && { key }) };
}

/** Throws a refusal as the answer that it becomes. */
export async function carryOut(engine: Engine, order: Order): Promise<{ readonly events: readonly Event[]; readonly repeated: boolean }> {
  const outcome = await engine.execute(order);
  if (isRefusal(outcome)) throw refusalError(outcome);
  return outcome;
}
