/**
 * How much of what comes in is still read in this second. An address can be forged, so garbage in the name of a member
 * must not silence the member: only strangers are not listened to. Bounded, and pure: `now` is an argument.
 *
 *     all together                     the address              a datagram of it
 *     above datagramsASecond           any                      is a flood
 *     below                            of a member              is read
 *     below                            sent too much garbage    is garbage
 *     below                            any other                is read
 */
import type { TransportLimits } from './transport-limits.ts';

export interface GarbageRates {
  /** Undefined: read it. Counts it. */
  whyNot(address: string, now: number): 'flood' | 'garbage' | undefined;
  /** What the address sent was garbage. */
  wasGarbage(address: string): void;
}

type Limits = Pick<TransportLimits, 'datagramsASecond' | 'garbageASecond' | 'garbageSources'>;

export function createGarbageRates(limits: Limits, isMember: (address: string) => boolean): GarbageRates {
  let second = Number.NEGATIVE_INFINITY;
  let datagrams = 0;
  let bySource = new Map<string, number>();
  const others = '';
  const sourceOf = (address: string) => (bySource.has(address) || bySource.size < limits.garbageSources ? address : others);

  return {
    whyNot(address, now) {
      if (Math.floor(now / 1_000) !== second) {
        second = Math.floor(now / 1_000);
        datagrams = 0;
        if (bySource.size > 0) bySource = new Map();
      }
      datagrams += 1;
      if (datagrams > limits.datagramsASecond) return 'flood';
      const garbage = bySource.size === 0 ? 0 : (bySource.get(sourceOf(address)) ?? 0);
      return garbage >= limits.garbageASecond && !isMember(address) ? 'garbage' : undefined;
    },
    wasGarbage(address) {
      const source = sourceOf(address);
      bySource.set(source, (bySource.get(source) ?? 0) + 1);
    },
  };
}
