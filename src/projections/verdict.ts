/**
 * Who decides about a server, highest first. All that was said is kept: an authority hides the ones below it, it does
 * not erase them (I4).
 *
 *     rank   authority         says                                               status
 *     1      human-override    up / down / drain                                  up / down / draining
 *     2      tool-override     up / down / drain                                  up / down / draining
 *     3      agent-drain       its host is going away                             draining
 *     4      validation        up / down, and its agent is heard, or it has none  up / down
 *     4      validation        down, and its agent is stale                       down
 *     4      validation        up, by a check since its agent is stale            up
 *     5      liveness          its agent is stale                                 stale
 *     6      agent-claim       healthy / not (nothing checks, or not yet)         up / down
 *     6      registration      (nothing checks, nobody speaks for it)             up
 *     7      nothing           (not checked yet, or its agent claims nothing)     unproven
 */
import { durationText } from '../events/duration.ts';
import { momentText } from '../events/moment-text.ts';
import { agentDrainOn } from './agent-drains.ts';
import { validates } from './checks.ts';
import { claimOn, type StandingClaim } from './claims.ts';
import { type BackendHealth, healthOf } from './health.ts';
import type { Liveness } from './liveness.ts';
import { decidingOverride } from './overrides.ts';
import type { Server } from './registry.ts';
import type { State } from './state.ts';

/** Every status, and every authority in the order of the table. */
export const verdictStatuses = ['up', 'down', 'draining', 'stale', 'unproven'] as const;
export const authorities = [
  'human-override',
  'tool-override',
  'agent-drain',
  'validation',
  'liveness',
  'agent-claim',
  'registration',
  'nothing',
] as const;

export interface Verdict {
  readonly status: (typeof verdictStatuses)[number];
  readonly authority: (typeof authorities)[number];
  readonly since: number;
  /** For people: what was said, by whom. */
  readonly reason: string;
  /** Positions of the events that made it so. */
  readonly because: readonly number[];
}

const statusOfAction = { up: 'up', down: 'down', drain: 'draining' } as const;

export function verdictOn(state: State, server: Server): Verdict {
  const { service, address, port } = server;
  const override = decidingOverride(state.overrides, service, address, port);
  if (override !== undefined) {
    return {
      status: statusOfAction[override.action],
      authority: override.authority === 'human' ? 'human-override' : 'tool-override',
      since: override.at,
      reason: override.reason,
      because: [override.position],
    };
  }
  const drain = agentDrainOn(state.agentDrains, service, address, port);
  if (drain !== undefined && drain.agent === server.agent) {
    return { status: 'draining', authority: 'agent-drain', since: drain.at, reason: drain.reason, because: [drain.position] };
  }
  const health = validates(state.configuration) ? healthOf(state.health, service, address, port) : undefined;
  const claim = claimOn(state.claims, server);
  const liveness = claim === undefined ? undefined : state.liveness.get(server.agent as string);
  if (liveness !== undefined && liveness.staleSince !== null) return verdictOnStale(server, health, liveness, liveness.staleSince);
  return health === undefined ? withoutChecks(state, server, claim) : byValidation(health);
}

/** Ranks 4 and 5 of a server whose agent is stale: what was claimed is void, what was checked before proves nothing now. */
function verdictOnStale(server: Server, health: BackendHealth | undefined, liveness: Liveness, staleSince: number): Verdict {
  if (health?.status === 'down') return byValidation(health);
  if (health !== undefined && hasSucceededSince(health, staleSince)) {
    const because = health.last.ok ? [...health.decidedBy, health.lastPosition] : health.decidedBy;
    const reason = `the checks succeed, though its agent ${server.agent} is silent`;
    return { ...byValidation(health), since: Math.max(health.since, staleSince), reason, because: [...new Set(because)] };
  }
  const { left, heardAt, limitMs, position } = liveness;
  const reason = left
    ? `its agent ${server.agent} left`
    : `nothing was heard of its agent ${server.agent} for ${durationText(limitMs)}, since ${momentText(heardAt)}`;
  return { status: 'stale', authority: 'liveness', since: staleSince, reason, because: [position] };
}

/** Whether a check has succeeded since the agent is stale. */
export function hasSucceededSince({ lastOkAt }: Pick<BackendHealth, 'lastOkAt'>, staleSince: number): boolean {
  return lastOkAt !== null && lastOkAt >= staleSince;
}

function byValidation(health: BackendHealth): Verdict {
  return {
    status: health.status,
    authority: 'validation',
    since: health.since,
    reason: health.status === 'up' ? 'the checks succeed' : (health.lastError ?? 'the checks fail'),
    because: health.decidedBy,
  };
}

/** Whether an agent of the original speaks for it, which proves nothing. */
export function isUnproven({ trust }: Pick<State, 'trust'>, { agent }: Pick<Server, 'agent'>): boolean {
  return agent !== undefined && trust.get(agent)?.legacy === true;
}

/** Ranks 6 and 7. */
function withoutChecks(state: State, server: Server, claim: StandingClaim | undefined): Verdict {
  if (claim !== undefined) {
    return {
      status: claim.healthy ? 'up' : 'down',
      authority: 'agent-claim',
      since: claim.since,
      reason: `its ${isUnproven(state, server) ? 'unauthenticated ' : ''}agent ${server.agent} says that it is ${claim.healthy ? 'healthy' : 'not healthy'}`,
      because: [claim.position],
    };
  }
  const registered = { since: server.registeredAt, because: [server.position] };
  if (validates(state.configuration)) return { status: 'unproven', authority: 'nothing', reason: 'not checked yet', ...registered };
  if (server.source === 'agent') return { status: 'unproven', authority: 'nothing', reason: 'no agent speaks for it', ...registered };
  return { status: 'up', authority: 'registration', reason: 'registered, and nothing checks it', ...registered };
}
