/** Chance that can be had again: the same seed gives the same draws. What it drives is a campaign, so mulberry32 is random enough. */

export interface Draws {
  /** At least 0, less than 1. */
  fraction(): number;
  /** A whole number, at least 0 and less than `below`. */
  whole(below: number): number;
  /** True in this share of the draws. */
  happens(share: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

export function drawsFrom(seed: number): Draws {
  let counter = seed >>> 0;
  const fraction = () => {
    counter = (counter + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (below: number) => Math.floor(fraction() * below);
  return {
    fraction,
    whole,
    happens: (share) => fraction() < share,
    pick: (choices) => choices[whole(choices.length)] as (typeof choices)[number],
  };
}

/** A seed that a run draws for itself; it says so, and the same run can be had again. */
export const freshSeed = (): number => Math.floor(Math.random() * 2 ** 31);
