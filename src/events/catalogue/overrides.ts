/** Facts about what people and their tools demanded, whatever the checks say. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { address, domainName, moment, port } from './scalars.ts';

/** Whom an override is on. Without a port it is on every port of the address in that service. */
const target = { service: domainName, address, port: port.nullable() };

/** Whose word it is: a person's goes before a tool's. */
const authority = z.enum(['human', 'tool']);

export const overrideSet = defineEvent({
  type: 'override.set',
  code: 30,
  meaning: 'From now on this server counts as up, as down or as draining, until the override is cleared or expires.',
  data: z.strictObject({
    ...target,
    action: z.enum(['up', 'down', 'drain']),
    reason: z.string().min(1).max(1000),
    authority,
    /** When it ends by itself; null: never. */
    until: moment.nullable(),
  }),
});

export const overrideCleared = defineEvent({
  type: 'override.cleared',
  code: 31,
  meaning: 'The override of that authority on this server ended before its time.',
  data: z.strictObject({ ...target, authority, reason: z.string().max(1000).nullable() }),
});
