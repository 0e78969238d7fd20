/** Both ways of losing a server in numbers, side by side, every one of them from the client's own log. */
import { type ClientEntry, isAnswer, isRequest } from '../client-log.ts';
import type { StepOutcome } from '../run-steps.ts';
import { sameMembers } from '../scenario.ts';
import { seenSets } from '../sightings.ts';
import { type StepSummary, stepSummary } from '../summary.ts';
import type { AgentStep, Way } from './scenario.ts';

/** From the deed to all three serving again. */
export interface WaySummary {
  /** What is done first: the server dies, or is drained. */
  readonly deed: string;
  readonly requests: number;
  readonly failedRequests: number;
  /** From the deed to the first DNS answer without the server, as whoever keeps no answer saw it; null: none came. */
  readonly toDnsMs: number | null;
  /** The same, as the client saw it, which keeps answers for their TTL. */
  readonly toClientMs: number | null;
  /** From the deed to the last request that failed; null: none did. */
  readonly toLastFailedRequestMs: number | null;
}

export interface AgentSummary {
  /** Every step was seen by the client, and the proactive way failed no request. */
  readonly ok: boolean;
  /** null: it did not come to that. */
  readonly reactive: WaySummary | null;
  readonly proactive: WaySummary | null;
  readonly steps: readonly StepSummary[];
  readonly requests: { readonly total: number; readonly failed: number; readonly byServer: Readonly<Record<string, number>> };
  readonly dns: { readonly answers: number; readonly failed: number };
  /** The sets that DNS answered the client, one after another. */
  readonly seen: readonly (readonly string[])[];
}

export function summarizeWays(
  entries: readonly ClientEntry[],
  steps: readonly AgentStep[],
  outcomes: readonly StepOutcome[],
): AgentSummary {
  const requests = entries.filter(isRequest);
  const byServer: Record<string, number> = {};
  for (const { server } of requests) if (server !== null) byServer[server] = (byServer[server] ?? 0) + 1;
  const played = steps.flatMap(({ way }, index) => (outcomes[index] === undefined ? [] : [{ way, outcome: outcomes[index] }]));
  const wayOf = (way: Way) => waySummary(entries, played, way);
  const proactive = wayOf('proactive');
  const isWhole = outcomes.length === steps.length && outcomes.every(({ ok }) => ok);
  return {
    ok: isWhole && proactive?.failedRequests === 0,
    reactive: wayOf('reactive'),
    proactive,
    steps: outcomes.map((outcome) => stepSummary(entries, outcome)),
    requests: { total: requests.length, failed: failedOf(requests).length, byServer },
    dns: {
      answers: entries.filter((entry) => isAnswer(entry) && entry.by === 'client').length,
      failed: entries.filter((entry) => entry.kind === 'no-answer' && entry.by === 'client').length,
    },
    seen: seenSets(entries, 'client').map(({ addresses }) => addresses),
  };
}

type Played = { readonly way: Way | null; readonly outcome: StepOutcome };

/**
 * A way lasts from its first deed to the first deed of the next way; the last one lasts to the end of the log. So a
 * request that is slow to fail counts where it began, and none is left out between two ways.
 */
function waySummary(entries: readonly ClientEntry[], played: readonly Played[], way: Way): WaySummary | null {
  const firstIndex = played.findIndex((one) => one.way === way);
  const first = played[firstIndex]?.outcome;
  if (first === undefined) return null;
  const from = first.startedAt;
  const until = played.slice(firstIndex).find((one) => one.way !== way)?.outcome.startedAt ?? Number.POSITIVE_INFINITY;
  const requests = entries.filter(isRequest).filter(({ startedAt }) => startedAt >= from && startedAt < until);
  const failed = failedOf(requests);
  const shown = (by: 'client' | 'witness') => {
    const answer = entries
      .filter(isAnswer)
      .find((one) => one.by === by && one.at >= from && one.at < until && sameMembers(one.addresses, first.answer ?? []));
    return answer === undefined ? null : answer.at - from;
  };
  return {
    deed: first.deed,
    requests: requests.length,
    failedRequests: failed.length,
    toDnsMs: shown('witness'),
    toClientMs: shown('client'),
    toLastFailedRequestMs: failed.length === 0 ? null : Math.max(...failed.map(({ at }) => at)) - from,
  };
}

function failedOf<Request extends { readonly error: string | null }>(requests: readonly Request[]): readonly Request[] {
  return requests.filter(({ error }) => error !== null);
}
