/**
 * Who may check now. There are `maxConcurrent` slots and two lanes, each with its own queue and its own limit, so that
 * servers that never answer, which hold a slot for a whole timeout, cannot delay the others:
 *
 *     lane      | who                                        | at most
 *     proven    | its last check succeeded                   | 7/8 of the slots, so that recovery is seen under any load
 *     unproven  | its last check failed, or none has ended   | 1/2 of the slots
 *
 * The never checked are unproven: a thousand new servers may all be dead, and the promise to the proven ones must hold then too.
 */
import assert from 'node:assert/strict';

/** In the order in which they are served. */
const lanes = ['proven', 'unproven'] as const;
export type Lane = (typeof lanes)[number];

export interface Slots<T> {
  /** Waits at the end of the queue, or of those who go before it. Who waits in both is served once. */
  wait(item: T, lane: Lane, isFirst: boolean): void;
  /** Waits no longer. */
  leave(item: T): void;
  /** Gives a slot to the next one, until `free` is called for its lane. */
  take(): { readonly item: T; readonly lane: Lane } | undefined;
  free(lane: Lane): void;
}

/** `maxConcurrent`: at least 2; with less, dead servers could hold every slot. */
export function createSlots<T>(maxConcurrent: number): Slots<T> {
  assert(maxConcurrent >= 2, 'dead servers must not be able to hold every slot');
  const limits: Readonly<Record<Lane, number>> = {
    proven: maxConcurrent - Math.max(1, Math.floor(maxConcurrent / 8)),
    unproven: Math.floor(maxConcurrent / 2),
  };
  // Sets keep the order of insertion, and leaving from the middle is cheap.
  const queues = {
    proven: { first: new Set<T>(), later: new Set<T>() },
    unproven: { first: new Set<T>(), later: new Set<T>() },
  };
  const taken = { proven: 0, unproven: 0 };

  const leave = (item: T) => {
    for (const lane of lanes) {
      queues[lane].first.delete(item);
      queues[lane].later.delete(item);
    }
  };

  return {
    wait(item, lane, isFirst) {
      (isFirst ? queues[lane].first : queues[lane].later).add(item);
    },
    leave,
    take() {
      if (taken.proven + taken.unproven >= maxConcurrent) return undefined;
      for (const lane of lanes) {
        if (taken[lane] >= limits[lane]) continue;
        const { first, later } = queues[lane];
        for (const item of first.size > 0 ? first : later) {
          leave(item);
          taken[lane] += 1;
          return { item, lane };
        }
      }
      return undefined;
    },
    free(lane) {
      taken[lane] -= 1;
    },
  };
}
