/** When a peer is asked next: before its interval is over, so that a new key is known in time; after a failure sooner, and then more and more seldom. */
import { keySyncLimits } from './limits.ts';

export interface PollParts {
  readonly intervalMs: number;
  /** Polls in a row that brought nothing, though something was missing. */
  readonly inVain: number;
  /** From 0 to 1. */
  readonly draw: number;
}

export function nextPollMs({ intervalMs, inVain, draw }: PollParts): number {
  const { retryMs, retryMsMax, jitter } = keySyncLimits;
  const longest = inVain === 0 ? intervalMs : Math.min(intervalMs, retryMsMax, retryMs * 2 ** Math.min(inVain - 1, 30));
  return Math.max(1, Math.round(longest * (1 - jitter * draw)));
}
