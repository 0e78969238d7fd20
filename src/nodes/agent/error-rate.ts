/**
 * How often a minute backends of this host failed, over a window that moves on in sixtieths of itself: it costs sixty
 * numbers, however many fail. A window that has only begun counts as a whole one, so that the first failure is no storm.
 */

export interface ErrorRate {
  failed(at: number): void;
  perMinute(at: number): number;
}

const parts = 60;

export function createErrorRate(windowMs: number): ErrorRate {
  const partMs = windowMs / parts;
  const counts = new Array<number>(parts).fill(0);
  /** The part that `counts` was last moved on to. */
  let newest = 0;

  /** Empties the parts that have left the window. */
  const moveTo = (at: number) => {
    const part = Math.floor(at / partMs);
    for (let left = Math.min(part - newest, parts); left > 0; left--) counts[(part - left + 1) % parts] = 0;
    newest = Math.max(newest, part);
  };

  return {
    failed(at) {
      moveTo(at);
      const place = newest % parts;
      counts[place] = (counts[place] ?? 0) + 1;
    },
    perMinute(at) {
      moveTo(at);
      const failures = counts.reduce((sum, count) => sum + count, 0);
      return Math.round((failures * 600_000) / windowMs) / 10;
    },
  };
}
