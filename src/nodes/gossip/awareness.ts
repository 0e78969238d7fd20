/**
 * How well this member itself seems to be, from 0 (well) up. Whoever misses many answers is more likely ill than everybody
 * else is (Lifeguard), so the score stretches its own probe interval, and with it the time that others have to answer.
 *
 *     what happened                                   change
 *     a probe was answered                            -1
 *     a probe failed, and nobody could say nack       +1
 *     a probe failed, and nacks were to be expected   + those that did not come
 *     somebody suspected us and we had to refute      +1
 */
export function changedAwareness(score: number, change: number, awarenessMax: number): number {
  return Math.min(Math.max(0, score + change), awarenessMax - 1);
}

/** The change for a failed probe: helpers that said nack were reached, so the path from here is sound. */
export function awarenessOfFailure(expectedNacks: number, receivedNacks: number): number {
  return expectedNacks > 0 ? Math.max(0, expectedNacks - receivedNacks) : 1;
}
