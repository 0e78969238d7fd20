/**
 * Finding the agents again that the node knew: agents look for overwatches by themselves, but one that was told only a
 * name that has moved, or runs the original program, never comes back to a node that was away. Each known agent that is
 * no member is tried where it was met last, and then after twice as long each time.
 *
 *     the agent                                                     it is
 *     is a member                                                   not tried
 *     is revoked, left in order, or is silent for `remove_after`    not tried
 *     anything else                                                 tried: at once, after 1 s, 2, 4 .. 60, each between half and all of it
 */
import { durationMs } from '../../../events/duration.ts';
import type { State } from '../../../projections/state.ts';
import type { Pin } from '../../../projections/trust.ts';
import type { Gossip } from '../../gossip/gossip.ts';
import type { Chance, Clock } from '../../world.ts';
import type { Correspondence } from './correspondence.ts';
import { agentLimits } from './limits.ts';

export interface Rejoining {
  start(): void;
  stop(): void;
}

export interface RejoiningParts {
  readonly state: State;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly isThere: Correspondence['isThere'];
  readonly join: Gossip['join'];
}

export function createRejoining({ state, clock, chance, isThere, join }: RejoiningParts): Rejoining {
  const attempts = new Map<string, { failures: number; dueAt: number }>();
  let callOff: (() => void) | undefined;
  let stopped = false;

  function isWanted({ agent, address, revokedAt }: Pin): boolean {
    if (revokedAt !== null || isThere(agent, address)) return false;
    const liveness = state.liveness.get(agent);
    if (liveness?.left === true) return false;
    const removeAfter = state.configuration?.configuration.overwatch.stale.remove_after;
    const isStale = liveness !== undefined && liveness.staleSince !== null;
    return !isStale || removeAfter === undefined || clock.now() - liveness.heardAt < durationMs(removeAfter);
  }

  /** Those that have waited longest of those that are due; they count as tried from now on. */
  function takeDue(): readonly string[] {
    const now = clock.now();
    const due: { readonly agent: string; readonly address: string; readonly failures: number; readonly dueAt: number }[] = [];
    for (const pin of state.trust.values()) {
      const { agent, address } = pin;
      const { failures, dueAt } = attempts.get(agent) ?? { failures: 0, dueAt: 0 };
      if (!isWanted(pin)) attempts.delete(agent);
      else if (dueAt <= now) due.push({ agent, address, failures, dueAt });
    }
    const first = due.sort((one, other) => one.dueAt - other.dueAt).slice(0, agentLimits.joinsAtOnce);
    for (const { agent, failures } of first) {
      const longest = Math.min(agentLimits.joinMostMs, agentLimits.joinFirstMs * 2 ** Math.min(failures, 30));
      attempts.set(agent, { failures: failures + 1, dueAt: now + Math.round((longest / 2) * (1 + chance())) });
    }
    return first.map(({ address }) => address);
  }

  async function lookRound(): Promise<void> {
    const addresses = takeDue();
    // Who does not answer is tried again; a gossip that broke down is told elsewhere.
    if (addresses.length > 0) await join(addresses).catch(() => {});
    if (!stopped) callOff = clock.wakeAt(clock.now() + agentLimits.joinFirstMs / 2, () => void lookRound());
  }

  return {
    start: () => void lookRound(),
    stop() {
      stopped = true;
      callOff?.();
    },
  };
}
