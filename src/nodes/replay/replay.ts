/**
 * An incident told again: the node's own engine folds the facts of a file or of a stopped node's log, and every change
 * of an answer is written down with what caused it.
 */

import type { EventSource } from '../../events/log.ts';
import { openMemoryLog } from '../../events/memory-log.ts';
import { answersDigest } from '../../projections/answers.ts';
import { digest } from '../../projections/digest.ts';
import {
  beginTimeline,
  emptyTimeline,
  recordChange,
  type ServiceSummary,
  summarize,
  type TimelineEntry,
} from '../../projections/timeline.ts';
import { virtualClock } from '../clock.ts';
import { createEngine, type Listener } from '../engine.ts';

export interface ReplayReport {
  readonly node: string;
  readonly events: number;
  /** The moments of the first and the last event; null where there is none. */
  readonly from: number | null;
  readonly to: number | null;
  /** What names the final state, and its digest. */
  readonly position: number;
  readonly at: number;
  readonly digest: string;
  readonly timeline: readonly TimelineEntry[];
  readonly services: readonly ServiceSummary[];
  /** The node's own statements of what it answered, held against what is answered today by the same facts. */
  readonly attestations: {
    readonly compared: number;
    /** The first that differs: from there on today's program would have answered otherwise. */
    readonly firstDifference: { readonly position: number; readonly at: number } | null;
  };
}

/** Folds all that the source holds. `onProgress` is told how many events have been folded, now and then. */
export async function replay(source: EventSource, onProgress?: (events: number) => void): Promise<ReplayReport> {
  const timeline = emptyTimeline();
  const attestations = { compared: 0, firstDifference: null as { position: number; at: number } | null };
  let isFirst = true;
  const listener: Listener = ({ cause, services }, state) => {
    // A log whose beginning was dropped begins with what stood then.
    if (isFirst && 'event' in cause && cause.event.type === 'log.checkpoint') beginTimeline(timeline, state);
    isFirst = false;
    if (services.length > 0) recordChange(timeline, state, services, cause);
    if (!('event' in cause) || cause.event.type !== 'node.attested') return;
    attestations.compared += 1;
    if (cause.event.data.answers === answersDigest(state)) return;
    attestations.firstDifference ??= { position: cause.event.position, at: cause.event.at };
  };
  const world = { clock: virtualClock(0), chance: () => 0, log: openMemoryLog({ node: source.node }) };
  const engine = createEngine(world, [listener], () => {});
  let events = 0;
  let from: number | null = null;
  await engine.fold(source, (batch) => {
    from ??= batch.events[0]?.at ?? null;
    events += batch.events.length;
    onProgress?.(events);
  });
  const { state } = engine;
  return {
    node: source.node,
    events,
    from,
    to: events === 0 ? null : state.at,
    position: state.position,
    at: state.at,
    digest: digest(state),
    timeline: [...timeline.entries],
    services: summarize(timeline, state.at),
    attestations,
  };
}
