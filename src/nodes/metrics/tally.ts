/** Counts by the values of their labels, in plain numbers: adding to one is a look-up, and nothing is kept that was never counted. */
import { entryOf } from '../../projections/endpoint.ts';
import type { Sample } from './exposition.ts';

export interface Tally {
  add(...labels: readonly string[]): void;
  /** Drops every count that is not wanted any more. */
  keepWhere(isWanted: (labels: readonly string[]) => boolean): void;
  samples(): Sample[];
}

export function createTally(): Tally {
  const counts = new Map<string, { readonly labels: readonly string[]; count: number }>();
  return {
    add(...labels) {
      // No label holds a line end: they are names, addresses and words of closed lists.
      entryOf(counts, labels.join('\n'), () => ({ labels, count: 0 })).count += 1;
    },
    keepWhere(isWanted) {
      for (const [key, { labels }] of counts) if (!isWanted(labels)) counts.delete(key);
    },
    samples: () => [...counts.values()].map(({ labels, count }) => [count, ...labels]),
  };
}
