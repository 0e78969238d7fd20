/**
 * The drain before an agent ends in order: it drains everything, then waits until no resolver can still hold an answer
 * with its addresses. A second signal ends the waiting, and with it all care for clients.
 */
import type { Clock } from '../world.ts';
import type { Drains } from './drains.ts';

/** Where no overwatch has told how long its answers are kept. */
const unknownTtlWaitMs = 60_000;

/**
 *     drain_timeout    longest TTL that an overwatch told    wait
 *     is set           -                                     as it is set
 *     is not           known                                 twice that: once for the news, once for the caches
 *     is not           none                                  60 s
 */
export function stopDrainMs(drainTimeoutMs: number | undefined, longestTtlSeconds: number | undefined): number {
  return drainTimeoutMs ?? (longestTtlSeconds === undefined ? unknownTtlWaitMs : 2 * longestTtlSeconds * 1_000);
}

export interface StopDrainOptions {
  readonly clock: Clock;
  readonly drains: Drains;
  readonly waitMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** Resolves when the wait is over, with whether it was cut short. */
export function drainBeforeStop({ clock, drains, waitMs, signal }: StopDrainOptions): Promise<'waited' | 'cut-short'> {
  drains.begin({ by: 'stop', service: null, reason: 'the agent stops' });
  return new Promise((resolve) => {
    if (signal.aborted) return resolve('cut-short');
    const cutShort = () => {
      callOff();
      resolve('cut-short');
    };
    const callOff = clock.wakeAt(clock.now() + waitMs, () => {
      signal.removeEventListener('abort', cutShort);
      resolve('waited');
    });
    signal.addEventListener('abort', cutShort, { once: true });
  });
}
