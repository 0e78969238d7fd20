/** The facts of this node, page by page, in the order in which they were appended. */
import { z } from 'zod';
import { domainName } from '../../events/catalogue/scalars.ts';
import { actor, catalogue, type EventType, request } from '../../events/event.ts';
import { readPage } from './event-page.ts';
import { apiLimits } from './limits.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, reads } from './shapes.ts';

const eventTypes = catalogue.map(({ type }) => type) as [EventType, ...EventType[]];

/** The envelope, as everywhere; what a type's `data` holds is in the catalogue. */
const envelope = z.strictObject({
  position: z.int(),
  at: z.int().describe('Milliseconds since 1970.'),
  node: z.string(),
  type: z.enum(eventTypes),
  v: z.int(),
  actor: actor.optional(),
  request: request.optional(),
  cause: z.int().optional(),
  data: z.record(z.string(), z.unknown()),
});

const wholeNumber = (expected: string) =>
  z
    .string(expected)
    .regex(/^-?\d{1,15}$/, expected)
    .transform(Number);

const fromExpected = 'expected a position from 1 on, or a negative number, which counts from the end';
const limitExpected = `expected a number from 1 to ${apiLimits.eventsMax}`;

const query = z.strictObject({
  from: wholeNumber(fromExpected)
    .refine((from) => from !== 0, fromExpected)
    .optional()
    .describe('The first position to look at; -20 is the last twenty. Default: the oldest that the log holds.'),
  limit: wholeNumber(limitExpected)
    .refine((limit) => limit >= 1 && limit <= apiLimits.eventsMax, limitExpected)
    .default(apiLimits.eventsDefault),
  type: z.enum(eventTypes).optional(),
  service: domainName.optional().describe('Only facts about this service.'),
});

const page = z.strictObject({
  events: z.array(envelope),
  next: z.int().describe('Ask from here for what follows; a page may be empty and there may still be more.'),
  oldest: z.int().nullable().describe('The first position that the log still holds; null: it is empty.'),
  last: z.int().describe('The last position that is on stable storage; 0: there is none.'),
});

export function eventRoutes(api: Api, { log }: RouteContext): void {
  api.get(
    '/events',
    { config: reads, schema: { querystring: query, response: answering(page) } },
    ({ query: { from, limit, type, service } }) => {
      return readPage(log, from, limit, (event) => {
        return (
          (type === undefined || event.type === type) &&
          (service === undefined || ('service' in event.data && event.data.service === service))
        );
      });
    },
  );
}
