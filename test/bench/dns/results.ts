/** What was measured, round by round, and what follows from it: medians, and medians of the pairs of each round. */
import type { Case, ServerName } from './cases.ts';
import type { Measured } from './measure.ts';

export interface Results {
  add(one: Case, server: ServerName, measured: Measured): void;
  /** Round by round; empty where it was not measured. */
  of(id: string, server: ServerName): readonly Measured[];
  /** The median over the rounds of what one costs in parts of what the other costs. */
  ratio(one: Place, other: Place): number | undefined;
  /** The median over the rounds of how much more one costs, in microseconds. */
  difference(one: Place, other: Place): number | undefined;
}

export type Place = readonly [id: string, server: ServerName];

export function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : sorted.length === 0 ? undefined : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function createResults(): Results {
  const rounds = new Map<string, Measured[]>();
  const of: Results['of'] = (id, server) => rounds.get(`${id} ${server}`) ?? [];
  const pairs = (one: Place, other: Place, compare: (a: number, b: number) => number) => {
    const [ours, theirs] = [of(...one), of(...other)];
    return median(ours.flatMap(({ usEach }, round) => (theirs[round] === undefined ? [] : [compare(usEach, theirs[round].usEach)])));
  };
  return {
    of,
    add({ id }, server, measured) {
      const key = `${id} ${server}`;
      rounds.set(key, [...(rounds.get(key) ?? []), measured]);
    },
    ratio: (one, other) => pairs(one, other, (a, b) => a / b),
    difference: (one, other) => pairs(one, other, (a, b) => a - b),
  };
}
