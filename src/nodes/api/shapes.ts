/** The small shapes that requests and answers share. What goes out has no transforms, so that it can be checked on its way. */
import { z } from 'zod';
import { tiers } from '../../projections/answers.ts';
import type { Server } from '../../projections/registry.ts';
import { families } from '../../projections/routing/family.ts';
import type { State } from '../../projections/state.ts';
import { authorities, type Verdict, verdictOn, verdictStatuses } from '../../projections/verdict.ts';
import { errorBody } from './errors.ts';

/** One line of text that a person wrote: nothing in it does anything to a terminal, and it can be written as UTF-8. */
export function textLine(charactersMax: number): z.ZodType<string, string> {
  return z
    .string('expected some text')
    .trim()
    .min(1, 'expected some text')
    .max(charactersMax, `expected at most ${charactersMax} characters`)
    .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'expected one line of text, without control characters');
}

/** `?name=true`. */
export const flag = z
  .enum(['true', 'false'], 'expected true or false')
  .default('false')
  .transform((text) => text === 'true');

/** A query of which nothing is known is refused: a misspelled `dry_run` must not be carried out. */
export const noQuery = z.strictObject({});

/** A moment, RFC 3339 in UTC. */
export const time = z.iso.datetime({ precision: 3 });

export function timeText(at: number): string {
  return new Date(at).toISOString();
}

export const family = z.enum(families);
export const tier = z.enum(tiers);

/** What is thought of a server, and why. */
export const verdictShape = z.strictObject({
  status: z.enum(verdictStatuses),
  authority: z.enum(authorities),
  since: time,
  reason: z.string().describe('What was said, by whom.'),
  because: z.array(z.int()).describe('Positions of the events that made it so.'),
});

export function shownVerdict({ since, because, ...verdict }: Verdict): z.output<typeof verdictShape> {
  return { ...verdict, since: timeText(since), because: [...because] };
}

/** For whom a route is. */
export const reads = { access: 'viewer' } as const;
export const changes = { access: 'operator' } as const;
export const reloads = { access: 'admin' } as const;

export const errorAnswers = { '4xx': errorBody, '5xx': errorBody };

/** Everything that a route can answer with: its own shape, and errors. */
export function answering<S extends z.ZodType>(shape: S) {
  return { 200: shape, ...errorAnswers };
}

/** The original's words, and `unknown` for what was never checked. `stale` is what an agent's silence makes. */
const effectiveStatuses = {
  up: 'healthy',
  down: 'unhealthy',
  draining: 'draining',
  stale: 'stale',
  unproven: 'unknown',
} as const satisfies Record<Verdict['status'], string>;
export const effectiveStatus = z.enum(['healthy', 'unhealthy', 'stale', 'draining', 'unknown']);

export function effectiveStatusOf(state: State, server: Server): z.output<typeof effectiveStatus> {
  return effectiveStatuses[verdictOn(state, server).status];
}
