/** How long direct probes over UDP take: from a ping to its acknowledgement from the same address. Pure: `now` is an argument. */
import { type Address, sameAddress } from './address.ts';
import type { RoundTripCounts } from './gossip.ts';

const bounds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000] as const;

/** Pings without an answer are forgotten beyond as many; probes are one at a time, and what is sent for others adds a few. */
const pingsMost = 64;

export interface RoundTrips {
  pinged(seqNo: number, to: Address, now: number): void;
  acknowledged(seqNo: number, from: Address, now: number): void;
  counts(): RoundTripCounts;
}

export function createRoundTrips(): RoundTrips {
  const pings = new Map<number, { readonly to: Address; readonly at: number }>();
  const counts = bounds.map(() => 0);
  let [count, sumMs] = [0, 0];
  return {
    pinged(seqNo, to, now) {
      pings.set(seqNo, { to, at: now });
      if (pings.size > pingsMost) pings.delete(pings.keys().next().value as number);
    },
    acknowledged(seqNo, from, now) {
      const ping = pings.get(seqNo);
      if (ping === undefined || !sameAddress(ping.to, from)) return;
      pings.delete(seqNo);
      const tookMs = now - ping.at;
      count += 1;
      sumMs += tookMs;
      for (const [index, mostMs] of bounds.entries()) if (tookMs <= mostMs) counts[index] = (counts[index] ?? 0) + 1;
    },
    counts: () => ({ count, sumMs, buckets: bounds.map((mostMs, index) => ({ mostMs, count: counts[index] ?? 0 })) }),
  };
}
