/**
 * Who decides about a server, highest first. All that was said is kept: an authority hides the ones below it, it does
 * not erase them (I4).
 *
 *     rank   authority         says                  status
 *     1      human-override    up / down / drain     up / down / draining
 *     2      tool-override     up / down / drain     up / down / draining
 *     4      validation        up / down             up / down
 *     6      registration      (nothing checks)      up
 *     7      nothing           (not checked yet)     unproven
 *
 * Ranks 3 and 5, the agent's drain and liveness, and the agent's claim at rank 6, are for servers that have an agent.
 */
import { validates } from './checks.ts';
import { healthOf } from './health.ts';
import { decidingOverride } from './overrides.ts';
import type { Server } from './registry.ts';
import type { State } from './state.ts';

export interface Verdict {
  readonly status: 'up' | 'down' | 'draining' | 'unproven';
  readonly authority: 'human-override' | 'tool-override' | 'validation' | 'registration' | 'nothing';
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
  const registered = { since: server.registeredAt, because: [server.position] };
  if (!validates(state.configuration)) {
    return { status: 'up', authority: 'registration', reason: 'registered, and nothing checks it', ...registered };
  }
  const health = healthOf(state.health, service, address, port);
  if (health === undefined) return { status: 'unproven', authority: 'nothing', reason: 'not checked yet', ...registered };
  return {
    status: health.status,
    authority: 'validation',
    since: health.since,
    reason: health.status === 'up' ? 'the checks succeed' : (health.lastError ?? 'the checks fail'),
    because: health.decidedBy,
  };
}
