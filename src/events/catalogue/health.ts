/** Facts about health: what a check measured. Whether the server is "up" is derived from many of them. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { address, domainName, port } from './scalars.ts';

/** Microseconds that a phase took; null where it did not happen. A phase that failed carries the time until it failed. */
const phase = z.int().nonnegative().nullable();

export const validationRecorded = defineEvent({
  type: 'validation.recorded',
  code: 20,
  meaning: 'The overwatch checked a backend from outside and measured this.',
  data: z.strictObject({
    service: domainName,
    address,
    port,
    ok: z.boolean(),
    /** HTTP status; null where there was none. */
    status: z.int().min(100).max(999).nullable(),
    /** Why it is not ok, as a short sentence; null where it is. */
    error: z.string().max(200).nullable(),
    dnsUs: phase,
    connectUs: phase,
    tlsUs: phase,
    firstByteUs: phase,
    /** The phases together, and what reading the body took where a body is expected. */
    totalUs: z.int().nonnegative(),
  }),
});
