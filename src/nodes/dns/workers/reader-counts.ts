/**
 * What one reader of the table counts beside what the table counts itself: how long replies took, which service was asked
 * for, what its sockets did. Each reader has numbers of its own in shared memory, so nobody waits to count and whoever
 * wants to know reads. All of it only rises, and outlives the thread that counted.
 */
import { udpCounters } from '../../../native/udp-batch.ts';
import { types } from '../codes.ts';
import { typeLabels } from '../table/control.ts';

/** Upper ends in seconds. From the microsecond of a reply that is copied to the moments of a machine that stands still. */
export const durationBuckets = [
  0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1,
] as const;

/** Rows of durations: rcodes as they stand in a header, and BADVERS, which does not fit there, behind them. */
export const durationRows = 8;
const badVersRow = 6;
/** Of a row: replies by bucket, replies beyond, and the sum of seconds. */
export const durationStride = durationBuckets.length + 2;

/** Of each service: every type that was answered, and then again for what could not be (SERVFAIL). */
export const domainCells = 2 * typeLabels.length;

export const words = {
  /** The writer's word to the reader: 1 ends it. */
  stop: 0,
  /** Queries on which answering itself failed. */
  failed: 1,
  /** Samples for the query log that nobody has taken yet. */
  samplesWaiting: 2,
  /** Samples that were not sent because too many waited. */
  samplesDropped: 3,
} as const;

export interface ReaderCounts {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly durations: Float64Array<SharedArrayBuffer>;
  readonly udp: Float64Array<SharedArrayBuffer>;
  /** By cell, then by the service's number: what is asked for often stands together. */
  domains: Int32Array<SharedArrayBuffer>;
}

export function createReaderCounts(services: number): ReaderCounts {
  return {
    words: new Int32Array(new SharedArrayBuffer(4 * Object.keys(words).length)),
    durations: new Float64Array(new SharedArrayBuffer(8 * durationRows * durationStride)),
    udp: new Float64Array(new SharedArrayBuffer(8 * udpCounters.length)),
    domains: createDomains(services),
  };
}

/** Memory that is never counted in is never taken from the machine. */
export function createDomains(services: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * domainCells * services));
}

/** The row of durations for an rcode. */
export function rowOf(rcode: number): number {
  return rcode < badVersRow ? rcode : badVersRow;
}

/** `replies` to which `seconds` were given each. */
export function countDuration({ durations }: ReaderCounts, row: number, replies: number, seconds: number): void {
  let bucket = 0;
  while (bucket < durationBuckets.length && seconds > durationBuckets[bucket]!) bucket += 1;
  const at = row * durationStride;
  durations[at + bucket]! += replies;
  durations[at + durationStride - 1]! += replies * seconds;
}

const knownTypes = types.CAA + 1;
const labelOfType = Uint8Array.from({ length: knownTypes }, (_, type) => {
  const name = Object.entries(types).find(([, number]) => number === type)?.[0];
  return typeLabels.indexOf(name ?? 'other');
});

/** A service's own name was asked for. One whose number is newer than the memory is not told from other names yet. */
export function countDomain({ domains }: ReaderCounts, service: number, type: number, isFailure: boolean): void {
  const services = domains.length / domainCells;
  if (service >= services) return;
  const label = type < knownTypes ? labelOfType[type]! : labelOfType[0]!;
  domains[(isFailure ? label + typeLabels.length : label) * services + service]! += 1;
}
