/**
 * The checkpoint: everything that the folds hold at one moment, restated as one fact. Folding it replaces whatever was
 * folded before, so a log may begin with one, and what is before it may be dropped. Its shape is that of a fact and
 * stays readable for ever; snapshots, which are caches of one version of the folds, have a shape of their own.
 *
 * A section has the name of the field of `State` that it restates (`projections/checkpoint.ts` holds the two together).
 * A new one is optional, in a new version of this fact: a checkpoint from before it says nothing about it.
 */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { actor } from '../envelope-parts.ts';
import { agentName, agentPinned, mark } from './agents.ts';
import { configuration } from './configuration.ts';
import { mappingWords } from './geo.ts';
import { validationRecorded } from './health.ts';
import { claimedBackend, claims } from './heartbeats.ts';
import { keyParts, keyStages } from './keys.ts';
import { overrideSet } from './overrides.ts';
import { address, domainName, moment, sha256 } from './scalars.ts';
import { serverRegistered } from './servers.ts';

const position = z.int().positive();
const place = z.strictObject({ position, at: moment });
const positions = z.array(position);
const perFamily = <S extends z.ZodType>(of: S) => z.strictObject({ A: of, AAAA: of });

/** Until there were agents. */
const version1 = {
  /** The checkpoint before this one; null: this is the first. */
  previous: place.nullable(),
  /** null: none was ever applied. */
  configuration: z.strictObject({ ...place.shape, digest: sha256, configuration }).nullable(),
  /** In the order in which they are listed. */
  registry: z.array(
    z.strictObject({
      ...serverRegistered.data.shape,
      /** The event that registered it. */
      position,
      registeredAt: moment,
      updatedAt: moment,
    }),
  ),
  health: z.array(
    z.strictObject({
      status: z.enum(['up', 'down']),
      since: moment,
      /** Positions of the results that made it so, and of those that speak against it since. */
      decidedBy: positions,
      against: positions,
      /** How often the last result came in a row. */
      run: z.int().positive(),
      /** The newest result, and where and when it was recorded. */
      last: validationRecorded.data,
      lastAt: moment,
      lastPosition: position,
      lastOkAt: moment.nullable(),
      lastError: validationRecorded.data.shape.error,
    }),
  ),
  overrides: z.array(z.strictObject({ ...overrideSet.data.shape, ...place.shape, actor: actor.optional(), agent: agentName.optional() })),
  /** Commands whose repetition has no effect, until they are forgotten. */
  requests: z.array(z.strictObject({ key: z.string(), digest: z.string(), first: position, last: position, until: moment })),
  standings: z.array(
    z.strictObject({
      service: domainName,
      lastFit: perFamily(z.array(address)),
      holder: perFamily(address.nullable()),
      dueAt: moment.nullable(),
    }),
  ),
  /** When the answer of each service may last have changed. */
  changedAt: z.array(z.strictObject({ service: domainName, at: moment })),
};

const present = {
  ...version1,
  /** When a fact last said that the node was there. */
  livedAt: moment.optional(),
  /** Until when resolvers may keep what was said under configurations before this one. */
  keptUntil: z.strictObject({ dnskey: moment, records: moment }).optional(),
  trust: z
    .array(
      z.strictObject({
        ...agentPinned.data.shape,
        position,
        pinnedAt: moment,
        revokedAt: moment.nullable(),
        revokedBecause: z.string().nullable(),
        /** Fingerprints that are never believed again. */
        past: z.array(sha256),
        ...mark,
      }),
    )
    .optional(),
  liveness: z
    .array(
      z.strictObject({
        agent: agentName,
        heardAt: moment,
        position,
        intervalMs: z.int().positive(),
        limitMs: z.int().positive(),
        until: moment.nullable(),
        staleSince: moment.nullable(),
        left: z.boolean(),
        graced: z.boolean(),
      }),
    )
    .optional(),
  claims: z
    .array(
      z.strictObject({
        agent: agentName,
        ...claims.shape,
        ...place.shape,
        backends: z.array(z.strictObject({ ...claimedBackend.shape, since: moment, position })),
      }),
    )
    .optional(),
  agentDrains: z
    .array(z.strictObject({ service: domainName, endpoint: z.string(), agent: agentName, reason: z.string(), ...place.shape }))
    .optional(),
  bleeds: z
    .array(
      z.strictObject({
        agent: agentName,
        tenths: z.int().min(0).max(10),
        bad: z.array(z.enum(['cpu', 'memory', 'errorRate'])),
        sinks: z.boolean(),
        stepMs: z.int().nonnegative(),
        nextAt: moment.nullable(),
        since: moment,
        position,
      }),
    )
    .optional(),
  keys: z
    .array(
      z.strictObject({
        ...keyParts,
        stage: z.enum(keyStages),
        createdAt: moment,
        position,
        since: moment,
        until: moment.nullable(),
        from: z.string(),
      }),
    )
    .optional(),
  geoMappings: z.array(z.strictObject({ ...mappingWords, ...place.shape })).optional(),
};

export const logCheckpoint = defineEvent({
  type: 'log.checkpoint',
  code: 8,
  meaning: 'At this moment all of this stood, and nothing else did: the log can be folded from here on.',
  data: z.strictObject(present),
  older: [{ data: z.strictObject(version1), upcast: (data: never) => data }],
});
