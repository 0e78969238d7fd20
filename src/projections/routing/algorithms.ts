/** The table of routing algorithms. Each turns the candidates of one tier, in order, into a wheel. */
import type { RoutingAlgorithm } from '../../events/catalogue/configuration.ts';
import { failover } from './failover.ts';
import { roundRobin } from './round-robin.ts';
import { weighted } from './weighted.ts';
import type { Routed, Wheel } from './wheel.ts';

/** `size` is how many addresses an answer may hold, at least 1. */
export type Route = (candidates: readonly Routed[], size: number) => Wheel;

export const algorithms: Readonly<Partial<Record<RoutingAlgorithm, Route>>> = {
  'round-robin': roundRobin,
  weighted,
  failover,
};
