/**
 * Every candidate in turn.
 *
 *     candidates   answers   spokes
 *     a b c        1         [a] [b] [c]
 *     a b c        2         [a b] [b c] [c a]
 *     a b c        3, 9      [a b c] [b c a] [c a b]
 *     none         any       none
 */
import { type Route, ringWindow } from './wheel.ts';

export const roundRobin: Route = (candidates, size) => ({
  draw: 'sequence',
  spokes: candidates.map((_, start) => ({ addresses: ringWindow(candidates, start, size), weight: 1 })),
});
