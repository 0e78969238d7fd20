/** How often something may be done: so many times at once, and so many a second in the long run. */
import type { Clock } from '../../world.ts';

/** Whether it may be done now, which counts as done. */
export function createTokenBucket(clock: Clock, atOnce: number, perSecond: number): () => boolean {
  let tokens = atOnce;
  let countedAt = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(atOnce, tokens + ((now - countedAt) / 1_000) * perSecond);
    countedAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
