/**
 * How often each spoke was answered with. The writer gives every spoke of a service's answer a number; each reader counts
 * under it in its own part of one shared buffer, without care, for nobody else writes there. Numbers of answers that
 * were replaced go back once nobody can count under them any more, and then their last counts are known.
 */
import { type Family, families } from '../../../projections/routing/family.ts';
import type { Decision } from '../reply.ts';

export interface SpokeCounters {
  /** The buffer that readers count in. */
  readonly buffer: SharedArrayBuffer;
  /** The number of a spoke. */
  of(drawnFor: { readonly service: string; readonly family: Family }, spoke: number): number;
  /** Gives the service's answer new numbers; those of the answer before go back when `epoch` is past. */
  renew(service: string, decisions: ReadonlyMap<Family, readonly Decision[]>, epoch: number): void;
  /** Takes back what was given up in epochs that are past. */
  reclaim(isPast: (epoch: number) => boolean): void;
  /** Tells what was counted since the last time. */
  collect(tell: (decision: Decision, count: number) => void): void;
}

interface Counted {
  readonly decision: Decision;
  /** Of all readers together, when they were last added up. */
  seen: number;
}

/** A buffer that was outgrown; readers may count in it until the epoch is past. */
interface Outgrown {
  readonly words: Int32Array;
  readonly counted: readonly (Counted | undefined)[];
  readonly epoch: number;
}

/** `onGrown`: readers have to take the new buffer; it gives the epoch in which they still may have the old one. */
export function createSpokeCounters(readers: number, expected: number, onGrown: () => number): SpokeCounters {
  let words = new Int32Array(new SharedArrayBuffer(4 * readers * capacityFor(expected)));
  let counted: (Counted | undefined)[] = [];
  const free: number[] = [];
  /** By family and then by service, whose text is there anyway: there are many. */
  const numbers: Readonly<Record<Family, Map<string, readonly number[]>>> = { A: new Map(), AAAA: new Map() };
  const retired: { readonly number: number; readonly epoch: number }[] = [];
  const outgrown: Outgrown[] = [];
  /** What was counted and not yet told: of spokes that are gone. */
  let untold: { readonly decision: Decision; readonly count: number }[] = [];

  const capacity = () => words.length / readers;
  const growTo = (needed: number) => {
    const before = { words, counted };
    words = new Int32Array(new SharedArrayBuffer(4 * readers * capacityFor(needed)));
    counted = before.counted.map((entry) => entry && { decision: entry.decision, seen: 0 });
    outgrown.push({ ...before, epoch: onGrown() });
  };
  const take = (decision: Decision): number => {
    const number = free.pop() ?? counted.length;
    counted[number] = { decision, seen: 0 };
    return number;
  };
  const tellNews = (from: Int32Array, entries: readonly (Counted | undefined)[], number: number, tell: Tell) => {
    const entry = entries[number];
    if (entry === undefined) return;
    let sum = 0;
    for (let at = number; at < from.length; at += from.length / readers) sum = (sum + (from[at] as number)) | 0;
    const count = (sum - entry.seen) >>> 0;
    entry.seen = sum;
    if (count > 0) tell(entry.decision, count);
  };
  type Tell = (decision: Decision, count: number) => void;
  const keep: Tell = (decision, count) => void untold.push({ decision, count });

  return {
    get buffer() {
      return words.buffer as SharedArrayBuffer;
    },
    of: ({ service, family }, spoke) => numbers[family].get(service)?.[spoke] ?? -1,
    renew(service, decisions, epoch) {
      const needed = [...decisions.values()].reduce((sum, each) => sum + each.length, 0);
      if (needed > free.length + capacity() - counted.length) growTo(2 * (counted.length + needed));
      for (const family of families) {
        for (const number of numbers[family].get(service) ?? []) retired.push({ number, epoch });
        const given = decisions.get(family);
        if (given === undefined) numbers[family].delete(service);
        else numbers[family].set(service, given.map(take));
      }
    },
    reclaim(isPast) {
      let count = 0;
      for (const { number, epoch } of retired) {
        if (!isPast(epoch)) break;
        tellNews(words, counted, number, keep);
        counted[number] = undefined;
        for (let at = number; at < words.length; at += capacity()) words[at] = 0;
        free.push(number);
        count += 1;
      }
      if (count > 0) retired.splice(0, count);
      while (outgrown[0] !== undefined && isPast(outgrown[0].epoch)) {
        const { words: old, counted: entries } = outgrown.shift() as Outgrown;
        for (let number = 0; number < entries.length; number += 1) tellNews(old, entries, number, keep);
      }
    },
    collect(tell) {
      const told = untold;
      untold = [];
      for (const { decision, count } of told) tell(decision, count);
      for (const old of outgrown)
        for (let number = 0; number < old.counted.length; number += 1) tellNews(old.words, old.counted, number, tell);
      for (let number = 0; number < counted.length; number += 1) tellNews(words, counted, number, tell);
    },
  };
}

function capacityFor(numbers: number): number {
  return Math.max(1024, numbers);
}
