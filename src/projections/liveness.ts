/**
 * Which agents are heard. Silence is not a fact: it is the deadline `agent-silent`, which fires when an agent missed as
 * many of its own intervals as it said itself, and makes it stale. It is stale until it is heard again.
 *
 *     agent                      then                                                             deadline
 *     heard                      heard                                                            at + limit
 *     heard                      the deadline fires, it leaves in order                           none: stale
 *     heard                      the node starts, the first time since it was heard               not before start + limit
 *     heard                      the node starts again, and it was not heard in between           stays
 *     heard                      the node stood still                                             later by as long
 *     stale                      heard                                                            at + limit
 *     stale since the node was   the node starts, the first time since it was heard               start + limit: heard
 *     not there, or stood still  the node stood still                                             later by as long: heard
 *     stale before that, left    anything but being heard                                         none: stale
 *
 * So a restart changes no answer by itself: nobody listened while the node was not there, and what was stale stays so.
 */
import { durationMs } from '../events/duration.ts';
import type { ConfigurationInForce } from './configuration.ts';
import { type Deadlines, setDeadline } from './deadlines.ts';

export interface Liveness {
  /** When it was heard last, and the event that says so. */
  heardAt: number;
  position: number;
  /** What it called its interval. */
  intervalMs: number;
  /** Silence that makes it stale. */
  limitMs: number;
  /** When it will be stale; null: it is. */
  until: number | null;
  /** null: it is not. */
  staleSince: number | null;
  /** Whether it said that it goes. */
  left: boolean;
  /** Whether a start of the node has put the deadline off since it was heard. */
  graced: boolean;
}

/** agent -> liveness. One that was never heard has no entry. */
export type Livenesses = Map<string, Liveness>;

/** Legacy agents beat every 30 s at most, and say nothing of it: two may be lost. */
const legacyLimitMsLeast = 75_000;
export const missedThresholdDefault = 3;

/** How long an agent may be silent. Of a legacy agent the overwatch says it, of the others they themselves. */
export function limitMsOf(
  inForce: ConfigurationInForce | undefined,
  { legacy, intervalMs, missedThreshold }: { readonly legacy: boolean; readonly intervalMs: number; readonly missedThreshold: number },
): number {
  if (!legacy) return missedThreshold * intervalMs;
  const threshold = inForce?.configuration.overwatch.stale.threshold;
  return Math.max(threshold === undefined ? 0 : durationMs(threshold), legacyLimitMsLeast);
}

type Heard = Pick<Liveness, 'heardAt' | 'position' | 'intervalMs' | 'limitMs'>;

/** Whether it was stale before. */
export function heard(livenesses: Livenesses, deadlines: Deadlines, agent: string, news: Heard): boolean {
  const known = livenesses.get(agent);
  const until = news.heardAt + news.limitMs;
  const after = { ...news, until, staleSince: null, left: false, graced: false };
  if (known === undefined) livenesses.set(agent, after);
  const wasStale = known !== undefined && known.staleSince !== null;
  if (known !== undefined) Object.assign(known, after);
  setDeadline(deadlines, 'agent-silent', agent, until);
  return wasStale;
}

/** The deadline `agent-silent` fired. */
export function fallSilent(livenesses: Livenesses, agent: string, at: number): void {
  const liveness = livenesses.get(agent);
  if (liveness === undefined || liveness.staleSince !== null) return;
  liveness.until = null;
  liveness.staleSince = at;
}

/** It said that it goes. */
export function leave(livenesses: Livenesses, deadlines: Deadlines, agent: string, at: number, position: number): void {
  const liveness = livenesses.get(agent);
  if (liveness === undefined) return;
  Object.assign(liveness, { until: null, staleSince: liveness.staleSince ?? at, left: true, position });
  setDeadline(deadlines, 'agent-silent', agent, null);
}

export function forgetLiveness(livenesses: Livenesses, deadlines: Deadlines, agent: string): void {
  livenesses.delete(agent);
  setDeadline(deadlines, 'agent-silent', agent, null);
}

/** The node started; it was there until `livedAt`. The agents that are no longer stale. */
export function graceAtStart(livenesses: Livenesses, deadlines: Deadlines, at: number, livedAt: number): readonly string[] {
  const revived: string[] = [];
  for (const [agent, liveness] of livenesses) {
    const { staleSince, graced, left, limitMs } = liveness;
    if (graced || left || (staleSince !== null && staleSince <= livedAt)) continue;
    liveness.graced = true;
    putOff(liveness, deadlines, agent, Math.max(liveness.until ?? 0, at + limitMs));
    if (staleSince !== null) revived.push(agent);
  }
  return revived;
}

/** The node stood still until now. The agents that are no longer stale. */
export function graceAfterStall(livenesses: Livenesses, deadlines: Deadlines, at: number, forMs: number): readonly string[] {
  const revived: string[] = [];
  for (const [agent, liveness] of livenesses) {
    const { staleSince, until, left } = liveness;
    if (left || (staleSince !== null && staleSince <= at - forMs)) continue;
    putOff(liveness, deadlines, agent, (until ?? staleSince ?? at) + forMs);
    if (staleSince !== null) revived.push(agent);
  }
  return revived;
}

function putOff(liveness: Liveness, deadlines: Deadlines, agent: string, until: number): void {
  liveness.until = until;
  liveness.staleSince = null;
  setDeadline(deadlines, 'agent-silent', agent, until);
}

/** Since when an agent has been stale; null: it is not, or it was never heard. */
export function staleSinceOf(livenesses: Livenesses, agent: string): number | null {
  return livenesses.get(agent)?.staleSince ?? null;
}
