/**
 * The world around the one loop: what time it is, when to wake, what chance says, where facts are kept. The live node,
 * the simulator and replay differ in this and in nothing else.
 */
import type { EventLog } from '../events/log.ts';

export interface Clock {
  /** Whole milliseconds since 1970; never goes back. */
  now(): number;
  /** Calls `wake` once, at `at` or soon after (a moment that has passed: in the next turn). Returns how to call it off. */
  wakeAt(at: number, wake: () => void): () => void;
}

/** A number from 0 (inclusive) to 1 (exclusive). */
export type Chance = () => number;

export interface World {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: EventLog;
}
