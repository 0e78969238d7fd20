/**
 * Rumours that wait to be sent, each a limited number of times. Those that were sent least go first, so that news overtakes
 * what many have heard; among equals the longest goes first, and the gaps are filled with shorter ones. A rumour about somebody
 * replaces the older one about the same. Plain data and functions:
 *
 *     tiers[0]  [129 bytes, 129 bytes, 40 bytes]     never sent; within a tier by length, then the newest first
 *     tiers[1]  [130 bytes]                          sent once
 *     ...
 */
import type { Message } from './messages.ts';

export interface Broadcast {
  /** Whom it is about: a newer one with this name replaces it. Undefined: it replaces nothing. */
  readonly name: string | undefined;
  readonly message: Message;
  /** The encoded size. */
  readonly bytes: number;
  /** Told in `finished` when it was sent as often as it should be, or replaced, or dropped. */
  readonly token: string | undefined;
}

interface Waiting extends Broadcast {
  readonly order: number;
  transmits: number;
}

export interface BroadcastQueue {
  readonly tiers: Waiting[][];
  readonly byName: Map<string, Waiting>;
  /** Tokens of what left the queue, until somebody takes them. */
  finished: string[];
  enqueued: number;
  length: number;
}

export function emptyQueue(): BroadcastQueue {
  return { tiers: [], byName: new Map(), finished: [], enqueued: 0, length: 0 };
}

const isBefore = (entry: Waiting, bytes: number, order: number) => entry.bytes > bytes || (entry.bytes === bytes && entry.order > order);

/** The first place in a tier whose entry comes after `bytes` and `order`. Nearly always that is one of its ends, so they are looked at first. */
function placeIn(tier: readonly Waiting[], bytes: number, order: number): number {
  const [first, last] = [tier[0], tier[tier.length - 1]];
  if (first === undefined || !isBefore(first, bytes, order)) return 0;
  if (last === undefined || isBefore(last, bytes, order)) return tier.length;
  let [low, high] = [1, tier.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(tier[middle] as Waiting, bytes, order)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function tierOf(queue: BroadcastQueue, transmits: number): Waiting[] {
  while (queue.tiers.length <= transmits) queue.tiers.push([]);
  return queue.tiers[transmits] as Waiting[];
}

function insert(queue: BroadcastQueue, entry: Waiting): void {
  const tier = tierOf(queue, entry.transmits);
  tier.splice(placeIn(tier, entry.bytes, entry.order), 0, entry);
}

function forget(queue: BroadcastQueue, entry: Waiting): void {
  queue.length--;
  if (entry.name !== undefined && queue.byName.get(entry.name) === entry) queue.byName.delete(entry.name);
  if (entry.token !== undefined) queue.finished.push(entry.token);
}

/** Adds a rumour. Beyond `lengthMax`, the one that most have heard makes room. Returns how many were dropped. */
export function enqueue(queue: BroadcastQueue, broadcast: Broadcast, lengthMax: number): number {
  const older = broadcast.name === undefined ? undefined : queue.byName.get(broadcast.name);
  if (older !== undefined) {
    const tier = tierOf(queue, older.transmits);
    tier.splice(placeIn(tier, older.bytes, older.order), 1);
    forget(queue, older);
  }
  const entry = { ...broadcast, order: queue.enqueued++, transmits: 0 };
  insert(queue, entry);
  queue.length++;
  if (entry.name !== undefined) queue.byName.set(entry.name, entry);
  return prune(queue, lengthMax);
}

/** Drops what was sent most, and of that the shortest and oldest, until at most `lengthMax` are left. */
function prune(queue: BroadcastQueue, lengthMax: number): number {
  let dropped = 0;
  for (let transmits = queue.tiers.length - 1; transmits >= 0 && queue.length > lengthMax; transmits--) {
    const tier = queue.tiers[transmits] as Waiting[];
    while (tier.length > 0 && queue.length > lengthMax) {
      forget(queue, tier.pop() as Waiting);
      dropped++;
    }
  }
  return dropped;
}

export interface Taken {
  readonly messages: readonly Message[];
  /** What is left of the budget. */
  readonly left: number;
}

/**
 * Takes rumours for one packet of `budget` bytes, each of which costs `overhead` more. Each counts as sent once; the ones that
 * were now sent `limit` times are gone, and the others wait again, but are not taken twice for one packet.
 */
export function takeBroadcasts(queue: BroadcastQueue, budget: number, overhead: number, limit: number): Taken {
  const taken: Waiting[] = [];
  let left = budget;
  for (const tier of queue.tiers) {
    // The longest that fits, and of those the newest; what stands behind it is the next, for as long as it fits.
    for (let place = placeIn(tier, left - overhead, Infinity); place < tier.length; place = placeIn(tier, left - overhead, Infinity)) {
      let end = place;
      for (let entry = tier[end]; entry !== undefined && entry.bytes + overhead <= left; entry = tier[++end]) {
        left -= entry.bytes + overhead;
        taken.push(entry);
      }
      tier.splice(place, end - place);
    }
  }
  for (const entry of taken) {
    entry.transmits++;
    if (entry.transmits >= limit) forget(queue, entry);
    else insert(queue, entry);
  }
  return { messages: taken.map(({ message }) => message), left };
}
