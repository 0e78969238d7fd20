/**
 * Facts that agents tell of themselves: that they live, what they measure, what they claim of their backends, and that a
 * host is going away. Nothing is concluded here: a claim is not a status, and silence is not a fact.
 */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { agentName, mark } from './agents.ts';
import { address, domainName, port } from './scalars.ts';

/** Backends that one agent may claim. */
export const claimedBackendsMax = 1_000;

const measured = z.number().nonnegative().nullable();

/** What an agent measures of its host; null: it could not. */
export const signals = z.strictObject({
  /** Percent of the processors. */
  cpu: measured,
  /** Percent of the memory. */
  memory: measured,
  /** How often a minute one of its backends turned from healthy to unhealthy. */
  errorRate: measured,
});
export type Signals = z.output<typeof signals>;

/** Weights sink from `threshold` on, and rise again at `leave` or below. */
const threshold = z.strictObject({ threshold: z.number().nonnegative(), leave: z.number().nonnegative(), bleedMs: z.int().nonnegative() });
export const predictivePolicy = z.strictObject({ cpu: threshold, memory: threshold, errorRate: threshold });
export type PredictivePolicy = z.output<typeof predictivePolicy>;

export const claimedBackend = z.strictObject({
  service: domainName,
  address,
  port,
  /** Share of the answers under `weighted`; 0 counts as draining. */
  weight: z.int().nonnegative(),
  /** What the agent's own checks say. */
  healthy: z.boolean(),
  /** Why it is going away; null: it is not. */
  draining: z.string().min(1).max(1_000).nullable(),
});
export type ClaimedBackend = z.output<typeof claimedBackend>;

/** Everything that an agent claims, whole: it replaces what it claimed before. */
export const claims = z.strictObject({
  /** Intervals of silence after which they are void. */
  missedThreshold: z.int().min(1).max(1_000),
  /** How its signals move weights; absent: they do not. */
  predictive: predictivePolicy.optional(),
  backends: z.array(claimedBackend).max(claimedBackendsMax),
});
export type AgentClaims = z.output<typeof claims>;

/** One sign of life. Mostly it says nothing else, so what did not change is left out. */
export const beat = z.strictObject({
  agent: agentName,
  ...mark,
  /** When the next one will be sent, at the latest. */
  intervalMs: z.int().min(1).max(86_400_000),
  signals: signals.optional(),
  claims: claims.optional(),
});
export type Beat = z.output<typeof beat>;

export const heartbeatReceived = defineEvent({
  type: 'heartbeat.received',
  code: 45,
  meaning: 'These agents were heard, each proven to be itself; those without news that came in together are one fact.',
  data: z.strictObject({ beats: z.array(beat).min(1).max(10_000) }),
  rows: { beats: beat },
});

const drained = { agent: agentName, service: domainName, address, port, reason: z.string().min(1).max(1_000) };

export const drainStarted = defineEvent({
  type: 'drain.started',
  code: 46,
  meaning: 'The agent of this backend says that it is going away, though it may still answer.',
  data: z.strictObject(drained),
});

export const drainEnded = defineEvent({
  type: 'drain.ended',
  code: 47,
  meaning: 'The agent of this backend says that it stays.',
  data: z.strictObject(drained),
});
