/**
 * What every routing algorithm makes: a wheel of ready answers. Each spoke is one possible answer and its share; a draw
 * picks one. So choosing per query is arithmetic, and every spoke can be encoded (and signed) beforehand.
 *
 *     wheel  [a]:1 [b]:1 [c]:1     draw 0 -> a, 1 -> b, 2 -> c, 3 -> a, ...
 *     wheel  [a]:3 [b]:1           draw 0, 1, 2 -> a, 3 -> b, 4 -> a, ...
 */

export interface Spoke {
  /** The addresses of this answer, in the order in which they are sent. Never empty. */
  readonly addresses: readonly string[];
  /** A whole number, at least 1. */
  readonly weight: number;
}

export interface Wheel {
  readonly spokes: readonly Spoke[];
  /** Where draws come from: `sequence` counts the questions for this name, `chance` is random. */
  readonly draw: 'sequence' | 'chance';
}

/** What routing needs to know of a candidate. */
export interface Routed {
  readonly address: string;
  /** A whole number, at least 0. */
  readonly weight: number;
  /** Where it is: the regions of its servers. */
  readonly regions?: readonly string[];
}

/** What clients of one region get in place of the wheel for everybody else. */
export interface PlacedWheel {
  readonly region: string;
  readonly wheel: Wheel;
}

/** `size` addresses of the ring from `start` on, each at most once. */
export function ringWindow(ring: readonly Routed[], start: number, size: number): readonly string[] {
  const length = Math.min(size, ring.length);
  return Array.from({ length }, (_, step) => (ring[(start + step) % ring.length] as Routed).address);
}

/** The spoke that `draw`, a whole number from 0 on, falls on; undefined where the wheel has none. */
export function pick(wheel: Wheel, draw: number): Spoke | undefined {
  let total = 0;
  for (const spoke of wheel.spokes) total += spoke.weight;
  if (total === 0) return undefined;
  let rest = draw % total;
  for (const spoke of wheel.spokes) {
    rest -= spoke.weight;
    if (rest < 0) return spoke;
  }
  return undefined;
}

/**
 * What every algorithm is: the candidates of one tier, in order, become a wheel. `size` is how many addresses an answer may
 * hold, at least 1; `defaultRegion` is for clients whose place is not known.
 */
export type Route = (candidates: readonly Routed[], size: number, defaultRegion?: string) => Wheel;
