/**
 * Where the choice among answers comes from: a count of the questions, or chance. An argument of every answer, so that
 * a simulation and a replay can hand in their own.
 */

import { assertNever } from '../../projections/assert-never.ts';
import type { Family } from '../../projections/routing/family.ts';
import type { Wheel } from '../../projections/routing/wheel.ts';
import type { Chance } from '../world.ts';

export interface Draw {
  /** 0, 1, 2, ...: how often this was asked for before. A and AAAA of a service are counted apart, and so are the clients of each place. */
  sequence(service: string, family: Family, place: number): number;
  readonly chance: Chance;
}

/** A draw that counts by itself. It holds two numbers for each service, and for each place that it tells clients apart by, that was ever steered. */
export function countingDraw(chance: Chance): Draw {
  const counts = new Map<string, number>();
  return {
    sequence(service, family, place) {
      const key = `${family} ${place} ${service}`;
      const count = counts.get(key) ?? 0;
      counts.set(key, (count + 1) % Number.MAX_SAFE_INTEGER);
      return count;
    },
    chance,
  };
}

/** The whole number that picks a spoke. `place`: of the client, where the service tells clients apart. */
export function drawFor(wheel: Wheel, service: string, family: Family, place: number, draw: Draw): number {
  switch (wheel.draw) {
    case 'sequence':
      return draw.sequence(service, family, place);
    case 'chance':
      // Scaled to the wheel, not folded onto it: a source of chance may be coarse, and then its low bits say nothing.
      return Math.floor(draw.chance() * wheel.spokes.reduce((sum, spoke) => sum + spoke.weight, 0));
    default:
      return assertNever(wheel.draw);
  }
}
