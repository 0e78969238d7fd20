/**
 * One page of a log. What it costs is bounded whatever is asked: it ends when it is full, in events or in bytes, or when
 * it has looked at enough events without finding more, and says where to go on.
 */
import type { Event } from '../../events/event.ts';
import type { EventLog } from '../../events/log.ts';
import { apiLimits } from './limits.ts';

export interface EventPage {
  readonly events: Event[];
  /** The position after the last that was looked at. */
  readonly next: number;
  readonly oldest: number | null;
  readonly last: number;
}

/**
 * `from` is a position from 1 on, or negative: that many before the end, as far as the log goes back; undefined: where it
 * begins. Only what is synced is shown. A position that was dropped is a `LogError`.
 */
export async function readPage(
  log: EventLog,
  from: number | undefined,
  limit: number,
  matches: (event: Event) => boolean,
): Promise<EventPage> {
  const last = log.synced.position;
  const { position: begin } = log.oldest;
  const oldest = last === 0 ? null : begin;
  const first = from !== undefined && from > 0 ? from : Math.max(from === undefined ? begin : last + 1 + from, begin);
  const events: Event[] = [];
  let next = first;
  let bytes = 0;
  if (first > last) return { events, next, oldest, last };
  for await (const batch of log.read({ from: first })) {
    for (const event of batch.events) {
      if (event.position < first) continue;
      if (event.position > last || isFull(events.length, limit, bytes, next - first)) return { events, next, oldest, last };
      next = event.position + 1;
      if (!matches(event)) continue;
      events.push(event);
      bytes += JSON.stringify(event).length;
    }
  }
  return { events, next, oldest, last };
}

function isFull(found: number, limit: number, bytes: number, scanned: number): boolean {
  return found >= limit || bytes >= apiLimits.eventsBytesMax || scanned >= apiLimits.eventsScannedMax;
}
