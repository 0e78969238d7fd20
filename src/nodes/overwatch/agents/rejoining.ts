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

/** Of one that was not tried yet. */
const never = { failures: 0, dueAt: 0 };

export function createRejoining({ state, clock, chance, isThere, join }: RejoiningParts): Rejoining {
  const attempts = new Map<string, { failures: number; dueAt: number }>();
  let callOff: (() => void) | undefined;
  let stopped = false;

  function isWanted({ agent, address, revokedAt }: Pin, removeAfterMs: number): boolean {
    if (revokedAt !== null || isThere(agent, address)) return false;
    const liveness = state.liveness.get(agent);
    if (liveness?.left === true) return false;
    const isStale = liveness !== undefined && liveness.staleSince !== null;
    return !isStale || clock.now() - liveness.heardAt < removeAfterMs;
  }

  /** Those that have waited longest of those that are due; they count as tried from now on. */
  function takeDue(): readonly string[] {
    const now = clock.now();
    const removeAfter = state.configuration?.configuration.overwatch.stale.remove_after;
    const removeAfterMs = removeAfter === undefined ? Number.POSITIVE_INFINITY : durationMs(removeAfter);
    for (const agent of attempts.keys()) if (!state.trust.has(agent)) attempts.delete(agent);
    const first: { readonly agent: string; readonly address: string; readonly failures: number; readonly dueAt: number }[] = [];
    for (const pin of state.trust.values()) {
      const { agent, address } = pin;
      if (!isWanted(pin, removeAfterMs)) {
        attempts.delete(agent);
        continue;
      }
      const { failures, dueAt } = attempts.get(agent) ?? never;
      const last = first[agentLimits.joinsAtOnce - 1];
      if (dueAt > now || (last !== undefined && last.dueAt <= dueAt)) continue;
      // Thousands may be due, and few are taken: those alone are kept in order.
      const place = first.findIndex((one) => one.dueAt > dueAt);
      first.splice(place === -1 ? first.length : place, 0, { agent, address, failures, dueAt });
      first.length = Math.min(first.length, agentLimits.joinsAtOnce);
    }
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
