/** Wheels of ready answers: windows of a ring, and the spoke that a draw falls on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pick, ringWindow, type Wheel } from '../../../../src/projections/routing/wheel.ts';

const ring = ['a', 'b', 'c'].map((address) => ({ address, weight: 1 }));

describe('a window of a ring', () => {
  for (const [start, size, expected] of [
    [0, 1, 'a'],
    [2, 1, 'c'],
    [0, 2, 'a b'],
    [2, 2, 'c a'],
    [1, 3, 'b c a'],
    [1, 9, 'b c a'],
  ] as const) {
    it(`from ${start}, ${size} long, is ${expected}`, () => {
      assert.deepEqual(ringWindow(ring, start, size), expected.split(' '));
    });
  }

  it('of no ring is empty', () => {
    assert.deepEqual(ringWindow([], 0, 2), []);
  });
});

describe('a draw', () => {
  const drawn = (wheel: Wheel, draw: number) => pick(wheel, draw)?.addresses[0];
  const spokes = (...weights: number[]): Wheel => ({
    draw: 'sequence',
    spokes: weights.map((weight, index) => ({ addresses: [ring[index]?.address as string], weight })),
  });

  it('falls on each spoke in turn', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((draw) => drawn(spokes(1, 1, 1), draw)),
      ['a', 'b', 'c', 'a', 'b'],
    );
  });

  it('falls on each spoke as often as it weighs', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((draw) => drawn(spokes(3, 1), draw)),
      ['a', 'a', 'a', 'b', 'a'],
    );
  });

  it('falls on nothing where the wheel is empty', () => {
    assert.equal(pick({ draw: 'chance', spokes: [] }, 7), undefined);
  });
});
