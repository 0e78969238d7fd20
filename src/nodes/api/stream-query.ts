/** What a stream is asked for. A wrong filter is a sentence, which a client gets as the reason of its closing. */
import { z } from 'zod';
import { domainName } from '../../events/catalogue/scalars.ts';
import { catalogue, type EventType } from '../../events/event.ts';
import { schemaError } from './errors.ts';

const eventTypes = catalogue.map(({ type }) => type) as [EventType, ...EventType[]];
const fromExpected = 'expected a position from 1 on';

const query = z.strictObject({
  from: z
    .string(fromExpected)
    .regex(/^[1-9]\d{0,14}$/, fromExpected)
    .transform(Number)
    .optional(),
  type: z.enum(eventTypes, 'expected the type of an event').optional(),
  service: domainName.optional(),
  changes: z
    .enum(['true', 'false'], 'expected true or false')
    .default('false')
    .transform((text) => text === 'true'),
});

/** `from`: the first position that is wanted; undefined: what comes next. */
export type StreamQuery = z.output<typeof query>;

export function readStreamQuery(asked: unknown): StreamQuery | { readonly problem: string } {
  const read = query.safeParse(asked);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => ({
    instancePath: path.map((part) => `/${String(part)}`).join(''),
    message,
  }));
  return { problem: schemaError({ place: 'querystring', problems }).body.error };
}
