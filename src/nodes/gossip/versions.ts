/**
 * Whether members understand each other: each says which versions it understands and which it speaks, of the protocol and of the
 * application. One record that does not fit blocks every exchange of a cluster, so one that makes no sense is never taken in.
 */

/** `[min, max, current]` of the protocol, then of the application. */
export type Vsn = Uint8Array;

export const ownVsn: Vsn = Uint8Array.of(1, 5, 2, 0, 0, 0);

interface VersionedRecord {
  readonly vsn: Vsn;
  readonly isAlive: boolean;
}

/** Six bytes, of which the protocol's range is one. */
export function isSoundVsn(vsn: Vsn): boolean {
  const [min = 0, max = 0] = vsn;
  return vsn.length === 6 && min > 0 && max > 0 && min <= max;
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  // Asked of every rumour, most of which are about records that share one array.
  return one === other || (one.length === other.length && one.every((byte, index) => byte === other[index]));
}

/**
 * Whether all records fit together: what the alive ones understand leaves a range, and everybody, alive or not, speaks
 * within it. Once for the protocol and once for the application.
 */
export function versionsFit(records: readonly VersionedRecord[]): boolean {
  return [0, 3].every((from) => {
    let [lowest, highest] = [0, 255];
    for (const { vsn, isAlive } of records) {
      if (!isAlive) continue;
      lowest = Math.max(lowest, vsn[from] ?? 0);
      highest = Math.min(highest, vsn[from + 1] ?? 0);
    }
    return records.every(({ vsn }) => {
      const spoken = vsn[from + 2] ?? 0;
      return lowest <= spoken && spoken <= highest;
    });
  });
}
