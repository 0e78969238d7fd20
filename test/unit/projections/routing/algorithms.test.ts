/** Each routing algorithm: one row for each row of its truth table. A spoke is written as its addresses and its weight. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { algorithms } from '../../../../src/projections/routing/algorithms.ts';
import type { Wheel } from '../../../../src/projections/routing/wheel.ts';

interface Row {
  readonly algorithm: 'round-robin' | 'weighted' | 'failover';
  /** `address:weight`; without a weight it is 5. */
  readonly candidates: string;
  readonly size: number;
  readonly spokes: readonly string[];
}

const table: readonly Row[] = [
  { algorithm: 'round-robin', candidates: 'a b c', size: 1, spokes: ['a:1', 'b:1', 'c:1'] },
  { algorithm: 'round-robin', candidates: 'a b c', size: 2, spokes: ['a b:1', 'b c:1', 'c a:1'] },
  { algorithm: 'round-robin', candidates: 'a b c', size: 3, spokes: ['a b c:1', 'b c a:1', 'c a b:1'] },
  { algorithm: 'round-robin', candidates: 'a b c', size: 9, spokes: ['a b c:1', 'b c a:1', 'c a b:1'] },
  { algorithm: 'round-robin', candidates: '', size: 1, spokes: [] },
  { algorithm: 'weighted', candidates: 'a:3 b:1', size: 1, spokes: ['a:3', 'b:1'] },
  { algorithm: 'weighted', candidates: 'a:3 b:1', size: 2, spokes: ['a b:3', 'b a:1'] },
  { algorithm: 'weighted', candidates: 'a:3 b:0', size: 1, spokes: ['a:3'] },
  { algorithm: 'weighted', candidates: 'a:3 b:0 c:1', size: 2, spokes: ['a c:3', 'c a:1'] },
  { algorithm: 'weighted', candidates: 'a:0 b:0', size: 1, spokes: ['a:1', 'b:1'] },
  { algorithm: 'weighted', candidates: '', size: 2, spokes: [] },
  { algorithm: 'failover', candidates: 'a b c', size: 1, spokes: ['a:1'] },
  { algorithm: 'failover', candidates: 'a b c', size: 2, spokes: ['a b:1'] },
  { algorithm: 'failover', candidates: 'a b c', size: 9, spokes: ['a b c:1'] },
  { algorithm: 'failover', candidates: '', size: 1, spokes: [] },
];

const draws = { 'round-robin': 'sequence', weighted: 'chance', failover: 'sequence' } as const;

function candidatesOf(text: string): { address: string; weight: number }[] {
  if (text === '') return [];
  return text.split(' ').map((word) => ({ address: word.slice(0, 1), weight: Number(word.slice(2) || 5) }));
}

function spokesOf(wheel: Wheel | undefined): string[] | undefined {
  return wheel?.spokes.map(({ addresses, weight }) => `${addresses.join(' ')}:${weight}`);
}

describe('routing', () => {
  for (const { algorithm, candidates, size, spokes } of table) {
    it(`${algorithm}: ${size} of ${candidates || 'none'}`, () => {
      const wheel = algorithms[algorithm]?.(candidatesOf(candidates), size);
      assert.deepEqual(spokesOf(wheel), spokes);
      assert.equal(wheel?.draw, draws[algorithm]);
    });
  }
});
