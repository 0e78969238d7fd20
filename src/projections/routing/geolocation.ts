/**
 * By where the client is: the candidates of its region in turn. Regions are those of the tier that answers, so a region
 * whose servers are worse than another's has none here (I5).
 *
 *     the client's region   the default region   answer
 *     has candidates        any                  those of its region in turn
 *     has none, or unknown  has candidates       those of the default region in turn
 *     has none, or unknown  has none, or unset   all in turn
 *
 *     candidates           default   wheel     places
 *     a:eu b:us c:us       us        [b] [c]   eu [a]
 *     a:eu b:us c:us       -         [a] [b] [c]   eu [a], us [b] [c]
 *     a:eu                 -         [a]       none: the same for all
 *     a:eu+us b:us         ap        [a] [b]   eu [a]
 */
import { roundRobin } from './round-robin.ts';
import type { PlacedWheel, Route, Routed } from './wheel.ts';

const inRegion = (candidates: readonly Routed[], region: string) => candidates.filter(({ regions = [] }) => regions.includes(region));

/** Those for clients whose region is unknown, or has nothing to answer with. */
function forEverybody(candidates: readonly Routed[], defaultRegion: string | undefined): readonly Routed[] {
  const nearest = defaultRegion === undefined ? [] : inRegion(candidates, defaultRegion);
  return nearest.length > 0 ? nearest : candidates;
}

export const geolocation: Route = (candidates, size, defaultRegion) => roundRobin(forEverybody(candidates, defaultRegion), size);

/** The wheels of regions, in the order in which the candidates name them; without those that say what everybody is told. */
export function placesOf(candidates: readonly Routed[], size: number, defaultRegion: string | undefined): readonly PlacedWheel[] {
  const everybodys = forEverybody(candidates, defaultRegion);
  const regions = [...new Set(candidates.flatMap(({ regions: of = [] }) => of))];
  return regions.flatMap((region) => {
    const near = inRegion(candidates, region);
    const isEverybodys = near.length === everybodys.length && near.every((candidate) => everybodys.includes(candidate));
    return isEverybodys ? [] : [{ region, wheel: roundRobin(near, size) }];
  });
}
