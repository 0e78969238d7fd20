/**
 * How often one address may ask: a bucket that holds what it may ask at once and fills up again with time. An IPv6 client
 * owns its whole /64, so that is what has the bucket. The table is bounded (I9): beyond that, whoever asked longest ago
 * is forgotten, which is to their advantage.
 */
import ipaddr from 'ipaddr.js';
import type { Clock } from '../world.ts';
import { ApiError } from './errors.ts';
import { apiLimits } from './limits.ts';

export interface RequestRates {
  /** Takes one request; throws where nothing is left. */
  admit(address: string): void;
  /** Takes more, and where that much is not left, what comes later. */
  charge(address: string, cost: number): void;
}

interface Bucket {
  readonly left: number;
  readonly at: number;
}

export function createRequestRates(clock: Clock): RequestRates {
  const { requestsAtOnce, requestsPerSecond, requestAddressesMax } = apiLimits;
  /** In the order of the last request. */
  const buckets = new Map<string, Bucket>();

  function leftOf(owner: string, now: number): number {
    const bucket = buckets.get(owner) ?? { left: requestsAtOnce, at: now };
    return Math.min(requestsAtOnce, bucket.left + (Math.max(0, now - bucket.at) * requestsPerSecond) / 1000);
  }

  function charge(address: string, cost: number): void {
    const owner = ownerOf(address);
    const at = clock.now();
    const left = leftOf(owner, at) - cost;
    buckets.delete(owner);
    buckets.set(owner, { left, at });
    const [longestAgo] = buckets.keys();
    if (buckets.size > requestAddressesMax && longestAgo !== undefined) buckets.delete(longestAgo);
  }

  return {
    admit(address) {
      if (leftOf(ownerOf(address), clock.now()) < 1) throw tooMany(address);
      charge(address, 1);
    },
    charge,
  };
}

function ownerOf(address: string): string {
  const parsed = ipaddr.parse(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : address;
}

function tooMany(address: string): ApiError {
  return new ApiError('too-many-requests', `${address} asks too often`, `ask at most ${apiLimits.requestsPerSecond} times a second`);
}
