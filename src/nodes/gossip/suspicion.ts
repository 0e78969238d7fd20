/**
 * One member under suspicion: who said so, and until when it may refute. The more members say so independently, the less time
 * is left, so that a real failure is found fast and one member with a bad path convinces nobody (Lifeguard).
 */
import { type SuspicionLimits, suspicionMs } from './timing.ts';

export interface Suspicion {
  readonly limits: SuspicionLimits;
  /** Everybody whose word was counted, the first included; at most `confirmationsWanted + 1` names. */
  readonly from: Set<string>;
  startedAt: number;
  /** When the member is declared dead unless it refutes. Kept, because it is asked for at every step. */
  deadline: number;
}

export function startSuspicion(limits: SuspicionLimits, from: string, now: number): Suspicion {
  return { limits, from: new Set([from]), startedAt: now, deadline: now + suspicionMs(limits, 0) };
}

/** Gives the member as much more time. */
export function postponeSuspicion(suspicion: Suspicion, byMs: number): void {
  suspicion.startedAt += byMs;
  suspicion.deadline += byMs;
}

/**
 * Counts a confirmation, and says whether it was news that others should hear too:
 *
 *     from                      confirmations so far     news
 *     somebody who said it      any                      no
 *     somebody new              as many as are wanted    no
 *     somebody new              fewer                    yes, and less time is left
 */
export function confirmSuspicion(suspicion: Suspicion, from: string): boolean {
  if (suspicion.from.has(from)) return false;
  if (suspicion.from.size - 1 >= suspicion.limits.confirmationsWanted) return false;
  suspicion.from.add(from);
  suspicion.deadline = suspicion.startedAt + suspicionMs(suspicion.limits, suspicion.from.size - 1);
  return true;
}
