/** An agent as the API shows it: the fields of the original, and beside them what it proved, how it stands and when it was heard. */
import { z } from 'zod';
import { agentStatuses, agentStatusOf } from '../../projections/agent-status.ts';
import { bleedSentence, tenthsOf } from '../../projections/predictive.ts';
import { serverOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import type { Pin } from '../../projections/trust.ts';
import { readCertificate } from '../identity/certificate.ts';
import type { RouteContext } from './route-context.ts';
import { effectiveStatus, effectiveStatusOf, time, timeText } from './shapes.ts';

const millisecondsPerHour = 3_600_000;

export const agentShape = z.strictObject({
  agent_id: z.string(),
  fingerprint: z.string().nullable().describe('SHA-256 of its certificate; null: it has none.'),
  region: z.string(),
  first_seen: time.describe('When this certificate was pinned.'),
  last_seen: time.nullable().describe('When it was heard last; null: never.'),
  not_after: time.nullable().describe('End of its certificate; null: it has none.'),
  expires_in_hours: z.int().nullable(),
  revoked: z.boolean(),
  revoked_at: time.optional(),
  revoked_reason: z.string().optional(),
  status: z.enum(agentStatuses),
  unauthenticated: z.boolean().describe('An agent of the original, which proves nothing.'),
  connected: z.boolean().nullable().describe('Whether it is a member of the gossip now; null: gossip is off.'),
  heartbeat_age_seconds: z.number().nullable(),
  interval_seconds: z.number().nullable().describe('What it calls its interval.'),
  stale_after_seconds: z.number().nullable().describe('Silence that makes it stale.'),
  stale_since: time.nullable(),
  services: z.array(z.string()).describe('What it may speak for.'),
  backend_count: z.int().describe('Backends that it claims.'),
  address: z.string().describe('Where it was met in the gossip.'),
  boot: z.int().describe('Number of its start, and of its newest message in it.'),
  sequence: z.int(),
  position: z.int().describe('The event that pinned it.'),
});

const claimShape = z.strictObject({
  service: z.string(),
  address: z.string(),
  port: z.int(),
  weight: z.int(),
  healthy: z.boolean().describe('What its agent says of it.'),
  draining: z.string().nullable().describe('Why it drains; null: it does not.'),
  since: time,
  held: z.boolean().describe('Whether the agent speaks for it; else another does, or it may not.'),
  effective_status: effectiveStatus.nullable().describe('What is thought of it; null: there is no such server.'),
});

export const oneAgentShape = agentShape.extend({
  backends: z.array(claimShape),
  weight_tenths: z.int().min(0).max(10).describe('What its signals leave of the weights.'),
  signals: z.string().nullable().describe('Why they are lowered; null: they are not.'),
});

export function shownAgent({ engine: { state }, agents, clock }: RouteContext, pin: Pin): z.output<typeof agentShape> {
  const { agent, fingerprint, region, address, services, boot, sequence, position, revokedAt, revokedBecause } = pin;
  const liveness = state.liveness.get(agent);
  const notAfter = endOf(pin);
  const now = clock.now();
  return {
    ...{ agent_id: agent, fingerprint, region, first_seen: timeText(pin.pinnedAt) },
    last_seen: liveness === undefined ? null : timeText(liveness.heardAt),
    not_after: notAfter === null ? null : timeText(notAfter),
    expires_in_hours: notAfter === null ? null : Math.floor((notAfter - now) / millisecondsPerHour),
    revoked: revokedAt !== null,
    ...(revokedAt !== null && { revoked_at: timeText(revokedAt), revoked_reason: revokedBecause ?? '' }),
    ...{ status: agentStatusOf(state, pin), unauthenticated: pin.legacy },
    connected: agents?.isConnected(agent, address) ?? null,
    heartbeat_age_seconds: liveness === undefined ? null : Math.max(0, now - liveness.heardAt) / 1_000,
    interval_seconds: liveness === undefined ? null : liveness.intervalMs / 1_000,
    stale_after_seconds: liveness === undefined ? null : liveness.limitMs / 1_000,
    stale_since: liveness === undefined || liveness.staleSince === null ? null : timeText(liveness.staleSince),
    ...{ services: [...services], backend_count: backendCount(state, agent), address, boot, sequence, position },
  };
}

export function shownOneAgent(context: RouteContext, pin: Pin): z.output<typeof oneAgentShape> {
  const { state } = context.engine;
  const { agent } = pin;
  const bleed = state.bleeds.get(agent);
  const backends = [...(state.claims.get(agent)?.backends.values() ?? [])].map((claim) => {
    const { service, address, port, weight, healthy, draining, since } = claim;
    const server = serverOf(state.registry, service, address, port);
    return {
      ...{ service, address, port, weight, healthy, draining, since: timeText(since), held: server?.agent === agent },
      effective_status: server === undefined ? null : effectiveStatusOf(state, server),
    };
  });
  const tenths = tenthsOf(state.bleeds, agent);
  return { ...shownAgent(context, pin), backends, weight_tenths: tenths, signals: bleed === undefined ? null : bleedSentence(bleed) };
}

export function backendCount({ claims }: State, agent: string): number {
  return claims.get(agent)?.backends.size ?? 0;
}

/** Reading a certificate takes longer than the rest of an agent, and what it says does not change. */
const ends = new WeakMap<Pin, number | null>();

/** null: it has no certificate. */
export function endOf(pin: Pin): number | null {
  let end = ends.get(pin);
  if (end === undefined) {
    const { certificate } = pin;
    end = certificate === null ? null : (readCertificate(new Uint8Array(Buffer.from(certificate, 'base64')))?.notAfter ?? null);
    ends.set(pin, end);
  }
  return end;
}
