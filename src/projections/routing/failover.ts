/**
 * The first candidate in order, as long as there is one; the next only when it is gone.
 *
 *     candidates   answers   spokes
 *     a b c        1         [a]
 *     a b c        2         [a b]
 *     none         any       none
 */
import { type Route, ringWindow } from './wheel.ts';

export const failover: Route = (candidates, size) => ({
  draw: 'sequence',
  spokes: candidates.length === 0 ? [] : [{ addresses: ringWindow(candidates, 0, size), weight: 1 }],
});
