/**
 * What is said over the control socket: one request and one reply, each one line of JSON. Both ends check what they read,
 * because the program that asks may be of another version than the agent that answers.
 */
import { z } from 'zod';
import { domainName } from '../../events/catalogue/scalars.ts';
import { drainers, reasonText } from './drains.ts';

/** Every limit of the control socket, in one table (I9). */
export const controlLimits = {
  /** Longer requests are refused. */
  requestBytesMax: 4_096,
  /** Longer replies are not read on: some thousands of backends are far below. */
  replyBytesMax: 16 * 1_048_576,
  /** Who has not asked by then is cut off. */
  requestMs: 5_000,
  /** Who comes beyond them is cut off at once. */
  connectionsMax: 16,
  /** `sun_path` of unix(7), with its final NUL. */
  pathBytesMax: 107,
} as const;

const reason = z
  .string()
  .transform(reasonText)
  .refine((text) => text !== '', 'expected a reason');

export const controlRequest = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('status') }),
  /** Service null: every service of the agent. */
  z.strictObject({ command: z.literal('drain-on'), service: domainName.nullable(), reason }),
  z.strictObject({ command: z.literal('drain-off'), service: domainName.nullable() }),
  /** What the running agent opens and seals with, until it stops. */
  z.strictObject({ command: z.literal('gossip-keys') }),
  z.strictObject({ command: z.literal('gossip-key'), action: z.enum(['install', 'use', 'remove']), key: z.string().max(100) }),
]);
export type ControlRequest = z.output<typeof controlRequest>;

const backendStatus = z.object({
  service: z.string(),
  address: z.string(),
  port: z.int(),
  weight: z.number(),
  /** Null: not checked yet. */
  healthy: z.boolean().nullable(),
  /** What the newest check said, where it failed. */
  error: z.string().nullable(),
  /** Why it drains; null: it does not. */
  draining: z.string().nullable(),
});

const overwatchStatus = z.object({
  /** As the configuration lists it. */
  address: z.string(),
  /** How it calls itself; null: it was not met yet. */
  name: z.string().nullable(),
  reached: z.boolean(),
  /** Attempts to reach it that failed since it was last reached. */
  failures: z.int(),
  /** The sequence of the newest message to it, and the highest that it acknowledged. */
  sent: z.int(),
  acknowledged: z.int(),
  /** Whether it has acknowledged the claims as they are now. */
  current: z.boolean(),
  /** Why it is not reached, or what it does not let this agent speak for, in a sentence; null: nothing is known to be the matter. */
  trouble: z.string().nullable(),
});

export const agentStatus = z.object({
  agent: z.string(),
  version: z.string(),
  /** Which start of the agent it is. */
  boot: z.int(),
  backends: z.array(backendStatus),
  drains: z.array(z.object({ by: z.enum(drainers), service: z.string().nullable(), reason: z.string() })),
  overwatches: z.array(overwatchStatus),
});
export type AgentStatus = z.output<typeof agentStatus>;

const gossipKey = z.object({ fingerprint: z.string(), primary: z.boolean() });

const refusalCodes = [
  'malformed-request',
  'gossip-key-refused',
  'unknown-service',
  'not-draining',
  'drained-as-a-whole',
  'state-unavailable',
] as const;

export const controlReply = z.discriminatedUnion('ok', [
  /** Carried out; the status is the one after it. */
  z.object({
    ...{ ok: z.literal(true), status: agentStatus },
    /** Only to a question about keys; the one that seals is the primary one. */
    keys: z.array(gossipKey).optional(),
  }),
  z.object({ ok: z.literal(false), code: z.enum(refusalCodes), error: z.string(), remedy: z.string() }),
]);
export type ControlReply = z.output<typeof controlReply>;
export type ControlRefusal = Extract<ControlReply, { ok: false }>;

export function refused(code: ControlRefusal['code'], error: string, remedy: string): ControlRefusal {
  return { ok: false, code, error, remedy };
}
