/** Facts about the node itself: when it ran, and what it served. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { sha256 } from './scalars.ts';

export const nodeStarted = defineEvent({
  type: 'node.started',
  code: 1,
  meaning: 'The node opened its log, folded it, and began to serve.',
  data: z.strictObject({
    /** The program's version. */
    version: z.string(),
    /** Digest of the configuration that it started with. */
    configuration: sha256,
  }),
});

export const nodeStopped = defineEvent({
  type: 'node.stopped',
  code: 2,
  meaning: 'The node was asked to stop and stopped in order; a log that ends without it was cut off.',
  data: z.strictObject({ reason: z.string() }),
});

export const nodeAttested = defineEvent({
  type: 'node.attested',
  code: 3,
  meaning: 'The answers that the node served at this moment had this digest. No fold reads it; replay compares.',
  data: z.strictObject({ answers: sha256 }),
});
