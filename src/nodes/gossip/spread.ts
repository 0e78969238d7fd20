/**
 * How news travels: as rumours in packets of their own, a few times a second to a few members by chance, and as passengers in
 * every probe and answer that leaves anyway. News of members goes before messages of the application.
 */
import type { Address } from './address.ts';
import { type Broadcast, type BroadcastQueue, enqueue, takeBroadcasts } from './broadcast-queue.ts';
import { chooseMembers } from './member-table.ts';
import { encode, type Message } from './messages.ts';
import { packetBudget, partBytes } from './swim-limits.ts';
import { type MemberRecord, protocolMax, refuse, type SwimState, tell } from './swim-state.ts';
import { retransmitLimit } from './timing.ts';

function sizeOf(message: Message): number {
  return encode(message).length;
}

/** Queues news about a member in place of older news about it. */
export function spreadNews(state: SwimState, name: string, message: Message, token?: string): void {
  add(state, state.membership, { name, message, bytes: sizeOf(message), token }, state.settings.limits.broadcasts);
}

/** Queues a message of the application in place of an older one with the same key. */
export function spreadUser(state: SwimState, bytes: Uint8Array, key: string | undefined): void {
  const message: Message = { type: 'user', bytes };
  if (bytes.length > state.settings.limits.userBytes) refuse(state, 'message-too-large');
  else add(state, state.user, { name: key, message, bytes: sizeOf(message), token: undefined }, state.settings.limits.userBroadcasts);
}

function add(state: SwimState, queue: BroadcastQueue, broadcast: Broadcast, lengthMax: number): void {
  for (let dropped = enqueue(queue, broadcast, lengthMax); dropped > 0; dropped--) refuse(state, 'queue-full');
}

/** What fits into `budget` bytes, news of members first. */
function passengers(state: SwimState, budget: number): readonly Message[] {
  if (state.membership.length + state.user.length === 0) return [];
  const limit = retransmitLimit(state.settings.timing.retransmitMult, state.list.length);
  const { messages: news, left } = takeBroadcasts(state.membership, budget, partBytes, limit);
  return state.user.length === 0 ? news : [...news, ...takeBroadcasts(state.user, left, partBytes, limit).messages];
}

/** One packet that has something to say of its own, with as much news as fits. */
export function sendPacket(state: SwimState, to: Address, messages: readonly Message[], crc = false): void {
  const left = messages.reduce((rest, message) => rest - sizeOf(message) - partBytes, packetBudget);
  tell(state, { type: 'send', to: { address: to.address, port: to.port }, messages: [...messages, ...passengers(state, left)], crc });
}

/** Who hears rumours: whoever lives or may live, and the dead for a while, so that a member wrongly buried refutes. Never who left. */
function hearsRumours(state: SwimState, record: MemberRecord, now: number): boolean {
  if (record.state === 'alive' || record.state === 'suspect') return true;
  return record.state === 'dead' && now - record.since <= state.settings.timing.gossipToTheDeadMs;
}

/** One round: each chosen member gets what is due by then, and the round ends when there is nothing left to tell. */
export function gossip(state: SwimState, now: number): void {
  if (state.membership.length + state.user.length === 0) return;
  const chosen = chooseMembers(state, state.settings.timing.gossipNodes, (record) => hearsRumours(state, record, now));
  for (const record of chosen) {
    const messages = passengers(state, packetBudget);
    if (messages.length === 0) return;
    const to = { address: record.address, port: record.port };
    tell(state, { type: 'send', to, messages, crc: protocolMax(record) >= 5 });
  }
}
