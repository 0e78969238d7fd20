/** Where a reader's draws come from. Like `draw.ts`, but by the numbers that the table has for services. */

export interface TableDraws {
  /** 0, 1, 2, ...: how often that slot was asked for before. */
  sequence(slot: number): number;
  /** A whole number from 0 on, below `total`. */
  chance(total: number): number;
}

/** Draws that count by themselves: four bytes for each slot that was ever asked for. */
export function countingDraws(chance: () => number): TableDraws {
  let counts = new Uint32Array(1024);
  return {
    sequence(slot) {
      if (slot >= counts.length) {
        const larger = new Uint32Array(2 * slot);
        larger.set(counts);
        counts = larger;
      }
      const count = counts[slot]!;
      counts[slot] = count + 1;
      return count;
    },
    chance: (total) => Math.floor(chance() * total),
  };
}
