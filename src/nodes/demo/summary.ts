/** The demo in numbers, every one of them from the client's own log; replay's story stands beside it, to be compared. */
import { z } from 'zod';
import { service } from './cast.ts';
import { type ClientEntry, isAnswer, isRequest } from './client-log.ts';
import type { StepOutcome } from './run-steps.ts';
import { sameMembers } from './scenario.ts';
import { seenSets } from './sightings.ts';

export interface StepSummary {
  readonly name: string;
  readonly deed: string;
  readonly ok: boolean;
  readonly missing: string | null;
  readonly tookMs: number;
  /** From the deed to the client's first DNS answer that shows it; null: it changes none, or none came. */
  readonly toAnswerMs: number | null;
  /** From the deed to the last request that failed in this step; null: none did. */
  readonly toLastFailedRequestMs: number | null;
  readonly failedRequests: number;
}

export interface DemoSummary {
  /** Every step was seen by the client, and replay tells every change that it saw. */
  readonly ok: boolean;
  readonly steps: readonly StepSummary[];
  readonly requests: { readonly total: number; readonly failed: number; readonly byServer: Readonly<Record<string, number>> };
  readonly dns: { readonly answers: number; readonly failed: number };
  /** The sets that DNS answered, one after another. */
  readonly seen: readonly (readonly string[])[];
  /** null: it did not come to that. */
  readonly replay: { readonly events: number; readonly told: readonly (readonly string[])[]; readonly agrees: boolean } | null;
}

export function summarize(entries: readonly ClientEntry[], outcomes: readonly StepOutcome[], replayed: Replayed | null): DemoSummary {
  const requests = entries.filter(isRequest);
  const seen = seenSets(entries, 'client').map(({ addresses }) => addresses);
  const replay = replayed && { ...replayed, agrees: isPassage(seen, replayed.told) };
  const byServer: Record<string, number> = {};
  for (const { server } of requests) if (server !== null) byServer[server] = (byServer[server] ?? 0) + 1;
  return {
    ok: outcomes.every(({ ok }) => ok) && replay?.agrees === true,
    steps: outcomes.map((outcome) => stepSummary(entries, outcome)),
    requests: { total: requests.length, failed: requests.filter(({ error }) => error !== null).length, byServer },
    dns: {
      answers: entries.filter((entry) => isAnswer(entry) && entry.by === 'client').length,
      failed: entries.filter((entry) => entry.kind === 'no-answer' && entry.by === 'client').length,
    },
    seen,
    replay,
  };
}

export function stepSummary(entries: readonly ClientEntry[], outcome: StepOutcome): StepSummary {
  const { name, deed, ok, missing, answer: wanted, startedAt, endedAt } = outcome;
  const during = entries.filter(({ at }) => at >= startedAt && at <= endedAt);
  const shows = during.filter(isAnswer).find(({ by, addresses }) => by === 'client' && wanted !== null && sameMembers(addresses, wanted));
  const failed = during.filter(isRequest).filter(({ error }) => error !== null);
  return {
    name,
    deed,
    ok,
    missing,
    tookMs: endedAt - startedAt,
    toAnswerMs: shows === undefined ? null : shows.at - startedAt,
    toLastFailedRequestMs: failed.length === 0 ? null : (failed.at(-1)?.at ?? startedAt) - startedAt,
    failedRequests: failed.length,
  };
}

/** What `opengslb replay --json` told of the demo's service. */
export interface Replayed {
  readonly events: number;
  /** The sets that it says were answered, one after another, each sorted. */
  readonly told: readonly (readonly string[])[];
}

const shownAnswer = z.object({ A: z.object({ addresses: z.array(z.object({ address: z.string() })) }).optional() }).nullable();
const replayReport = z.object({
  events: z.number(),
  timeline: z.array(z.object({ service: z.string(), to: shownAnswer })),
});

export function readReplay(json: string): Replayed {
  const { events, timeline } = replayReport.parse(JSON.parse(json));
  const told: string[][] = [];
  for (const { to } of timeline.filter((entry) => entry.service === service)) {
    const addresses = (to?.A?.addresses ?? []).map(({ address }) => address).sort();
    if (addresses.join() !== told.at(-1)?.join()) told.push(addresses);
  }
  return { events, told };
}

/** Whether `told` holds all that was seen, in that order. A client with a cache may miss what did not last. */
function isPassage(seen: readonly (readonly string[])[], told: readonly (readonly string[])[]): boolean {
  let next = 0;
  for (const addresses of told) if (seen[next]?.join() === addresses.join()) next += 1;
  return next === seen.length;
}
