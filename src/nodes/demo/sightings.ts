/**
 * The client's log, read: which sets of addresses DNS answered one after another, with the window in which each change
 * happened, and which requests failed. An answer was right at some moment between its question and its arrival, so the
 * change from one set to the next came after the last question that got the old one and before the first arrival of the
 * new one.
 */
import { type Asker, type ClientEntry, isAnswer, isRequest } from './client-log.ts';

/** One set of addresses that DNS answered for a while. */
export interface SeenSet {
  /** Sorted. */
  readonly addresses: readonly string[];
  /** Between these two moments it became the answer; null: it was there from the start. */
  readonly notBefore: number | null;
  readonly notAfter: number | null;
}

export function seenSets(entries: readonly ClientEntry[], by: Asker): readonly SeenSet[] {
  const sets: SeenSet[] = [];
  let askedAt: number | null = null;
  for (const answer of entries.filter(isAnswer)) {
    if (answer.by !== by) continue;
    const addresses = [...answer.addresses].sort();
    if (addresses.join() !== sets.at(-1)?.addresses.join()) {
      sets.push({ addresses, notBefore: askedAt, notAfter: askedAt === null ? null : answer.at });
    }
    askedAt = answer.askedAt;
  }
  return sets;
}

/** Requests that failed one after another at one address with one error. */
export interface FailureRun {
  readonly address: string | null;
  readonly error: string;
  readonly first: number;
  readonly last: number;
  readonly requests: number;
}

export function failureRuns(entries: readonly ClientEntry[]): readonly FailureRun[] {
  const runs: FailureRun[] = [];
  for (const { address, error, at } of entries.filter(isRequest)) {
    if (error === null) continue;
    const run = runs.at(-1);
    const goesOn = run !== undefined && run.address === address && run.error === error;
    if (goesOn) runs[runs.length - 1] = { ...run, last: at, requests: run.requests + 1 };
    else runs.push({ address, error, first: at, last: at, requests: 1 });
  }
  return runs;
}

/** All that a log says of an incident: the answers, as each of the two askers saw them, and the requests that failed. */
export interface Sightings {
  /** When the first question was asked, and when the last entry was made. */
  readonly from: number;
  readonly to: number;
  readonly client: readonly SeenSet[];
  readonly witness: readonly SeenSet[];
  readonly failures: readonly FailureRun[];
}

export function whatWasSeen(entries: readonly ClientEntry[]): Sightings {
  return {
    from: entries.find(isAnswer)?.askedAt ?? 0,
    to: entries.at(-1)?.at ?? 0,
    client: seenSets(entries, 'client'),
    witness: seenSets(entries, 'witness'),
    failures: failureRuns(entries),
  };
}
