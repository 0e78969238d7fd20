/** The table of routing algorithms. Each turns the candidates of one tier, in order, into a wheel. */
import type { RoutingAlgorithm } from '../../events/catalogue/configuration.ts';
import { failover } from './failover.ts';
import { geolocation } from './geolocation.ts';
import { roundRobin } from './round-robin.ts';
import { weighted } from './weighted.ts';
import type { Route } from './wheel.ts';

export const algorithms: Readonly<Partial<Record<RoutingAlgorithm, Route>>> = {
  'round-robin': roundRobin,
  weighted,
  failover,
  geolocation,
};
