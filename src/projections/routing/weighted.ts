/**
 * By chance, in proportion to the weights. The drawn candidate comes first; a longer answer goes on with the others in
 * order. A candidate of weight 0 is never drawn, unless all of the tier have it: then all count alike.
 *
 *     candidates      answers   spokes
 *     a:3 b:1         1         [a]:3 [b]:1
 *     a:3 b:1         2         [a b]:3 [b a]:1
 *     a:3 b:0         1         [a]:3
 *     a:0 b:0         1         [a]:1 [b]:1
 *     none            any       none
 */
import { type Route, ringWindow } from './wheel.ts';

export const weighted: Route = (candidates, size) => {
  const drawn = candidates.filter((candidate) => candidate.weight > 0);
  const ring = drawn.length > 0 ? drawn : candidates;
  return {
    draw: 'chance',
    spokes: ring.map((candidate, start) => ({ addresses: ringWindow(ring, start, size), weight: Math.max(1, candidate.weight) })),
  };
};
