/** Facts about the node itself: when it ran, and what it served. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { moment, sha256 } from './scalars.ts';

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

export const logGap = defineEvent({
  type: 'log.gap',
  code: 7,
  meaning: 'Observations were dropped before this, for there was no room to keep them; none of them was folded either.',
  data: z.strictObject({
    /** When the first and the last of them came in. */
    since: moment,
    until: moment,
    /** How many, by the type of fact. */
    dropped: z.array(
      z.strictObject({
        type: z.string(),
        /** Those that only said again what was known: without them everything is as it would be with them. */
        repetitions: z.int().nonnegative(),
        /** The others: what they would have changed is not known. */
        lost: z.int().nonnegative(),
      }),
    ),
  }),
});

export const clockStepped = defineEvent({
  type: 'clock.stepped',
  code: 5,
  meaning: 'The wall clock was set by more than a second; moments went on as before, and near it by at most 10 ms a second.',
  data: z.strictObject({
    /** What the wall clock would have said, and what it said. */
    fromMs: moment,
    toMs: moment,
  }),
});

export const nodeStalled = defineEvent({
  type: 'node.stalled',
  code: 6,
  meaning: 'The process did nothing for this long, though it had something to do: it was stopped, or its machine was.',
  data: z.strictObject({ forMs: z.int().positive() }),
});
