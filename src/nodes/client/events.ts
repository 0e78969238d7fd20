/** The facts of a node, read through its API: a range of them page by page, or single ones by position. */
import type { NodeClient } from './client.ts';
import { clientLimits } from './limits.ts';
import { type EventsPage, eventsOf, type ShownEvent } from './node-api.ts';
import { NodeError } from './node-error.ts';

export interface EventRange {
  /** Undefined: from the oldest that the log still holds. */
  readonly from: number | undefined;
  /** Undefined: up to where the log ends when it is first asked. */
  readonly to: number | undefined;
}

/** Pages of consecutive facts. Throws a `NodeError` where one is missing between them: a gap is never passed over. */
export async function* eventPages(
  client: NodeClient,
  { from, to }: EventRange,
): AsyncGenerator<Pick<EventsPage, 'events' | 'oldest'> & { to: number }> {
  let next: number | undefined = from;
  let end = to;
  do {
    const page = await eventsOf(client, { from: next, limit: clientLimits.eventsAPage });
    end = Math.min(end ?? page.last, page.last);
    const events = page.events.filter(({ position }) => position <= (end as number));
    if (next !== undefined && next !== from) assertConsecutive(client, next, events);
    yield { events, oldest: page.oldest, to: end };
    if (next !== undefined && page.next <= next && next <= end) throw stuck(client, next);
    next = page.next;
  } while (next <= end);
}

function assertConsecutive(client: NodeClient, from: number, events: readonly ShownEvent[]): void {
  const wrong = events.findIndex(({ position }, index) => position !== from + index);
  if (wrong !== -1) throw stuck(client, from + wrong);
}

function stuck(client: NodeClient, position: number): NodeError {
  return new NodeError(
    'not-a-node',
    client.endpoint,
    `${client.endpoint} does not give the event at position ${position}`,
    'ask again; if it stays so, check the log of that node with "opengslb log verify" when it is stopped',
  );
}

/** Facts by position, those that the log still holds. Neighbours come with one request. */
export async function eventsAt(client: NodeClient, positions: readonly number[]): Promise<ReadonlyMap<number, ShownEvent>> {
  try {
    return await heldEventsAt(client, positions);
  } catch (error) {
    if (!isDropped(error)) throw error;
    const { oldest } = await eventsOf(client, { limit: 1 });
    return heldEventsAt(
      client,
      positions.filter((position) => position >= (oldest ?? 1)),
    );
  }
}

/** The node's log begins later than what it was asked for. */
export function isDropped(error: unknown): error is NodeError {
  return error instanceof NodeError && error.reason === 'log-dropped';
}

async function heldEventsAt(client: NodeClient, positions: readonly number[]): Promise<ReadonlyMap<number, ShownEvent>> {
  const found = new Map<number, ShownEvent>();
  const wanted = new Set(positions);
  for (const { first, last } of spans([...wanted].sort((a, b) => a - b))) {
    const { events } = await eventsOf(client, { from: first, limit: last - first + 1 });
    for (const event of events) if (wanted.has(event.position)) found.set(event.position, event);
  }
  return found;
}

/** What lies between is fetched too where that is less than another request would cost. */
const neighbourhood = 50;

function spans(sorted: readonly number[]): readonly { first: number; last: number }[] {
  const result: { first: number; last: number }[] = [];
  for (const position of sorted) {
    const open = result.at(-1);
    if (open !== undefined && position - open.last <= neighbourhood && position - open.first < clientLimits.eventsAPage)
      open.last = position;
    else result.push({ first: position, last: position });
  }
  return result;
}
