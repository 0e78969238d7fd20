/**
 * How often each spoke was answered with. The spokes of a service's answer have numbers, one after another; each reader
 * counts under them in its own part of one shared buffer, without care, for nobody else writes there. Numbers of answers
 * that were replaced go back once nobody can count under them any more, and then their last counts are known.
 *
 * A hundred thousand services have some three hundred thousand spokes, so nothing is kept of one but numbers in flat
 * arrays: what a spoke means is asked of the service's answer when something was counted. Only of answers that were
 * replaced it is kept, until their numbers go back.
 */
import { type Family, families } from '../../../projections/routing/family.ts';
import type { Decision } from '../reply.ts';

/** By family, in the order of the spokes. */
export type Decisions = ReadonlyMap<Family, readonly Decision[]>;

export interface SpokeCounters {
  /** The buffer that readers count in. */
  readonly buffer: SharedArrayBuffer;
  /** The number of a spoke. */
  of(drawnFor: { readonly service: string; readonly family: Family }, spoke: number): number;
  /** Gives the service's answer new numbers; those of the answer before, which meant `was`, go back when `epoch` is past. */
  renew(service: string, was: Decisions, epoch: number): void;
  /** Takes back what was given up in epochs that are past. */
  reclaim(isPast: (epoch: number) => boolean): void;
  /** Tells what was counted since the last time. */
  collect(tell: Tell): void;
}

export interface SpokeCountersOptions {
  readonly readers: number;
  /** How many spokes there will be. */
  readonly expected: number;
  /** The number of a service, for ever the same, and which service has it. */
  readonly numberOf: (service: string) => number;
  readonly serviceOf: (number: number) => string;
  /** What the spokes of the service's answer mean at this moment. */
  readonly decisionsOf: (service: string) => Decisions;
  /** Readers have to take the new buffer; it gives the epoch in which they still may have the old one. */
  readonly onGrown: () => number;
}

type Tell = (decision: Decision, count: number) => void;

/** Numbers of an answer that was replaced. */
interface Retired {
  readonly first: number;
  readonly size: number;
  readonly decisions: readonly Decision[];
  readonly epoch: number;
}

/** A buffer that was outgrown; readers may count in it until the epoch is past. */
interface Outgrown {
  readonly words: Int32Array;
  /** By number, what was counted in it when that was last added up. */
  readonly seen: Int32Array;
  readonly epoch: number;
}

const noNumber = -1;
/** No spoke has this number. */
const nobody = -1;

export function createSpokeCounters({ readers, expected, numberOf, serviceOf, decisionsOf, onGrown }: SpokeCountersOptions): SpokeCounters {
  let words = new Int32Array(new SharedArrayBuffer(4 * readers * capacityFor(expected)));
  /** By number: of all readers together, when they were last added up; and whose it is, a family of a service. */
  let seen = new Int32Array(words.length / readers);
  let owners = new Int32Array(words.length / readers).fill(nobody);
  /** By owner: its first number, and how many it has. */
  let firsts = new Int32Array(1024).fill(noNumber);
  let sizes = new Int32Array(1024);
  /** The first number that was never taken, and by size the beginnings of those that were given back. */
  let end = 0;
  const free = new Map<number, number[]>();
  const retired: Retired[] = [];
  const outgrown: Outgrown[] = [];
  /** What was counted and not yet told: of spokes that are gone. */
  let untold: { readonly decision: Decision; readonly count: number }[] = [];

  const ownerOf = (service: string, family: Family): number => {
    const owner = families.length * numberOf(service) + families.indexOf(family);
    if (owner >= firsts.length) {
      firsts = enlarged(firsts, 2 * owner, noNumber);
      sizes = enlarged(sizes, 2 * owner, 0);
    }
    return owner;
  };
  const growTo = (needed: number) => {
    const before = { words, seen };
    const capacity = capacityFor(needed);
    words = new Int32Array(new SharedArrayBuffer(4 * readers * capacity));
    seen = new Int32Array(capacity);
    owners = enlarged(owners, capacity, nobody);
    outgrown.push({ ...before, epoch: onGrown() });
  };
  const take = (size: number, owner: number): number => {
    const reused = free.get(size)?.pop();
    if (reused === undefined && end + size > seen.length) growTo(2 * (end + size));
    const first = reused ?? end;
    if (reused === undefined) end += size;
    owners.fill(owner, first, first + size);
    return first;
  };
  /** What was counted under a number since the last time. */
  const news = (from: Int32Array, added: Int32Array, number: number): number => {
    let sum = 0;
    for (let at = number; at < from.length; at += added.length) sum = (sum + (from[at] as number)) | 0;
    const count = (sum - (added[number] as number)) >>> 0;
    // Memory that is never written to costs nothing.
    if (count > 0) added[number] = sum;
    return count;
  };
  const tellRetired = (from: Int32Array, added: Int32Array, { first, decisions }: Retired, tell: Tell) => {
    for (const [spoke, decision] of decisions.entries()) {
      if (first + spoke >= added.length) return;
      const count = news(from, added, first + spoke);
      if (count > 0) tell(decision, count);
    }
  };
  const tellAll = (from: Int32Array, added: Int32Array, tell: Tell) => {
    for (const gone of retired) tellRetired(from, added, gone, tell);
    for (let number = 0; number < Math.min(end, added.length); number += 1) {
      const owner = owners[number] as number;
      const count = owner === nobody ? 0 : news(from, added, number);
      if (count === 0) continue;
      const service = serviceOf(Math.floor(owner / families.length));
      const family = families[owner % families.length] as Family;
      const decision = decisionsOf(service).get(family)?.[number - (firsts[owner] as number)];
      if (decision !== undefined) tell(decision, count);
    }
  };
  const release = ({ first, size }: Retired) => {
    for (let number = first; number < first + size; number += 1) {
      seen[number] = 0;
      for (let at = number; at < words.length; at += seen.length) words[at] = 0;
    }
    const ofSize = free.get(size) ?? [];
    ofSize.push(first);
    free.set(size, ofSize);
  };
  const keep: Tell = (decision, count) => void untold.push({ decision, count });

  return {
    get buffer() {
      return words.buffer as SharedArrayBuffer;
    },
    of({ service, family }, spoke) {
      const owner = ownerOf(service, family);
      return spoke < (sizes[owner] as number) ? (firsts[owner] as number) + spoke : noNumber;
    },
    renew(service, was, epoch) {
      const now = decisionsOf(service);
      for (const family of families) {
        const owner = ownerOf(service, family);
        const [first, size] = [firsts[owner] as number, sizes[owner] as number];
        if (size > 0) {
          retired.push({ first, size, decisions: was.get(family) ?? [], epoch });
          owners.fill(nobody, first, first + size);
        }
        const wanted = now.get(family)?.length ?? 0;
        firsts[owner] = wanted === 0 ? noNumber : take(wanted, owner);
        sizes[owner] = wanted;
      }
    },
    reclaim(isPast) {
      let count = 0;
      for (const gone of retired) {
        if (!isPast(gone.epoch)) break;
        // Whoever takes the numbers next may still count in a buffer that was outgrown.
        for (const old of outgrown) tellRetired(old.words, old.seen, gone, keep);
        tellRetired(words, seen, gone, keep);
        release(gone);
        count += 1;
      }
      if (count > 0) retired.splice(0, count);
      while (outgrown[0] !== undefined && isPast(outgrown[0].epoch)) {
        const { words: old, seen: added } = outgrown.shift() as Outgrown;
        tellAll(old, added, keep);
      }
    },
    collect(tell) {
      const told = untold;
      untold = [];
      for (const { decision, count } of told) tell(decision, count);
      for (const old of outgrown) tellAll(old.words, old.seen, tell);
      tellAll(words, seen, tell);
    },
  };
}

function enlarged(before: Int32Array, length: number, rest: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(before);
  if (rest !== 0) larger.fill(rest, before.length);
  return larger;
}

function capacityFor(numbers: number): number {
  return Math.max(1024, numbers);
}
