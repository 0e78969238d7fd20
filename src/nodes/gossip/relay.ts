/**
 * Answering: pings with an acknowledgement, and pings that others ask us to send in their place. For those we remember
 * who asked until the answer comes or its time is over. Nothing here needs the member to be known.
 */
import { type Address, addressText } from './address.ts';
import type { Message } from './messages.ts';
import { probeAnswered, probeDenied, source } from './probe.ts';
import { sendPacket } from './spread.ts';
import { isSelf, nextSequence, refuse, type SwimState } from './swim-state.ts';

type Ping = Extract<Message, { type: 'ping' }>;
type IndirectPing = Extract<Message, { type: 'indirectPing' }>;

/** Where the answer goes: to where the asker says that it listens, else to where the datagram came from. */
function asker({ sourceAddr, sourcePort }: Ping | IndirectPing, from: Address): Address {
  const address = sourceAddr === undefined ? undefined : addressText(sourceAddr);
  return address === undefined || sourcePort === undefined || sourcePort === 0 ? from : { address, port: sourcePort };
}

export function answerPing(state: SwimState, ping: Ping, from: Address) {
  if (ping.node !== '' && !isSelf(state, ping.node)) return refuse(state, 'not-for-us');
  sendPacket(state, asker(ping, from), [{ type: 'ack', seqNo: ping.seqNo, payload: new Uint8Array() }]);
}

export function relayPing(state: SwimState, request: IndirectPing, from: Address, now: number) {
  const address = addressText(request.target);
  if (address === undefined) return refuse(state, 'misplaced-message');
  if (state.relays.size >= state.settings.limits.relays) return refuse(state, 'too-many-relays');
  const sequence = nextSequence(state);
  state.relays.set(sequence, {
    requester: asker(request, from),
    sequence: request.seqNo,
    wantsNack: request.nack,
    deadline: now + state.settings.timing.probeTimeoutMs,
  });
  const to = { address, port: request.port === 0 ? state.self.port : request.port };
  sendPacket(state, to, [{ type: 'ping', seqNo: sequence, node: request.node, ...source(state) }]);
}

/** An acknowledgement is for our own probe, for somebody who asked us, or too late. */
export function hearAck(state: SwimState, sequence: number, from: Address) {
  if (probeAnswered(state, sequence, from)) return;
  const relay = state.relays.get(sequence);
  if (relay === undefined) return refuse(state, 'unknown-acknowledgement');
  state.relays.delete(sequence);
  sendPacket(state, relay.requester, [{ type: 'ack', seqNo: relay.sequence, payload: new Uint8Array() }]);
}

export function hearNack(state: SwimState, sequence: number): void {
  if (!probeDenied(state, sequence)) refuse(state, 'unknown-acknowledgement');
}

/** Tells those who asked for it that their target did not answer. */
export function endRelays(state: SwimState, now: number): void {
  for (const [sequence, relay] of state.relays) {
    if (relay.deadline > now) continue;
    state.relays.delete(sequence);
    if (relay.wantsNack) sendPacket(state, relay.requester, [{ type: 'nack', seqNo: relay.sequence }]);
  }
}
