/** Counts by the values of their labels, in plain numbers: adding to one is a look-up, and nothing is kept that was never counted. */
import { entryOf } from '../../projections/endpoint.ts';
import type { Sample } from './exposition.ts';

export interface Tally {
  add(...labels: readonly string[]): void;
  addMany(count: number, ...labels: readonly string[]): void;
  /** Drops every count that is not wanted any more. */
  keepWhere(isWanted: (labels: readonly string[]) => boolean): void;
  samples(): Sample[];
}

export function createTally(): Tally {
  const counts = new Map<string, { readonly labels: readonly string[]; count: number }>();
  const addMany = (count: number, ...labels: readonly string[]): void => {
    // No label holds a line end: they are names, addresses and words of closed lists.
    entryOf(counts, labels.join('\n'), () => ({ labels, count: 0 })).count += count;
  };
  return {
    add: (...labels) => addMany(1, ...labels),
    addMany,
    keepWhere(isWanted) {
      for (const [key, { labels }] of counts) if (!isWanted(labels)) counts.delete(key);
    },
    samples: () => [...counts.values()].map(({ labels, count }) => [count, ...labels]),
  };
}
