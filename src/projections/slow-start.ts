/**
 * A server that came back takes its weight in ten steps, so that cold caches meet a trickle before they meet the crowd.
 *
 *     of the ramp    0      1/10   2/10   3/10   ...   9/10   all
 *     of the weight  1/10   1/10   2/10   3/10   ...   9/10   all
 */
import type { Domain } from '../events/catalogue/configuration.ts';
import { durationMs } from '../events/duration.ts';

const steps = 10;

/** The weight at `at` of a server that has been fit since `since`; at least 1 where its whole weight is. */
export function rampedWeight(weight: number, rampMs: number, since: number, at: number): number {
  const step = stepAt(rampMs, since, at);
  return step >= steps || weight === 0 ? weight : Math.max(1, Math.floor((weight * Math.max(1, step)) / steps));
}

/** When the weight changes next; null: it has all of it. */
export function nextStepAt(rampMs: number, since: number, at: number): number | null {
  const step = stepAt(rampMs, since, at);
  return step >= steps ? null : since + Math.ceil((rampMs * (step + 1)) / steps);
}

function stepAt(rampMs: number, since: number, at: number): number {
  return rampMs === 0 ? steps : Math.min(steps, Math.floor(((at - since) * steps) / rampMs));
}

/** How long a server that came back takes to its whole weight. */
export function rampMsOf({ routing_algorithm: algorithm, slow_start: ramp }: Domain): number {
  return algorithm === 'weighted' ? durationMs(ramp) : 0;
}
