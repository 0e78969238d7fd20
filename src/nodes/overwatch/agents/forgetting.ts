/**
 * Taking out the servers of agents that were silent for `overwatch.stale.remove_after`. Whether any may go is the
 * command's business; one of which nothing could go now is asked about again a minute later.
 */
import { isRefusal } from '../../../commands/command.ts';
import { durationMs } from '../../../events/duration.ts';
import { claimedServers } from '../../../projections/claims.ts';
import type { State } from '../../../projections/state.ts';
import type { Clock } from '../../world.ts';
import { agentLimits } from './limits.ts';
import type { OrderLanes } from './order-lanes.ts';

export interface Forgetting {
  start(): void;
  stop(): void;
}

export interface ForgettingParts {
  readonly state: State;
  readonly clock: Clock;
  readonly lanes: OrderLanes;
}

export function createForgetting({ state, clock, lanes }: ForgettingParts): Forgetting {
  const again = new Map<string, number>();
  let callOff: (() => void) | undefined;

  function lookThrough(): void {
    const now = clock.now();
    for (const agent of again.keys()) if (!state.liveness.has(agent)) again.delete(agent);
    const removeAfter = state.configuration?.configuration.overwatch.stale.remove_after;
    if (removeAfter !== undefined) {
      const silentMs = durationMs(removeAfter);
      for (const [agent, { staleSince, heardAt }] of state.liveness) {
        if (staleSince === null || now - heardAt < silentMs) {
          if (again.size > 0) again.delete(agent);
        } else if ((again.get(agent) ?? 0) <= now && claimedServers(state.claims, state.registry, agent).length > 0) forget(agent, now);
      }
    }
    callOff = clock.wakeAt(now + agentLimits.forgetEveryMs, lookThrough);
  }

  function forget(agent: string, now: number): void {
    again.set(agent, now + agentLimits.forgetAgainMs);
    const order = { command: { kind: 'forgetAgent', agent }, actor: { kind: 'system', name: 'overwatch' } } as const;
    lanes.give(agent, order, (outcome) => {
      // A disk that refuses says nothing about the agent.
      if (isRefusal(outcome) && outcome.refused === 'log-unavailable') again.delete(agent);
    });
  }

  return {
    start: lookThrough,
    stop: () => callOff?.(),
  };
}
