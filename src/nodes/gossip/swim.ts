/**
 * Who is a member, who has failed: SWIM with Lifeguard as memberlist speaks it, as a machine without I/O, clock or chance of its
 * own. It takes one input at a time and gives outputs; the same inputs at the same moments with the same draws give the same outputs,
 * byte for byte. The rules are in the files of their subjects; this one only says who is asked when.
 */
import { assertNever } from '../../projections/assert-never.ts';
import type { Address } from './address.ts';
import { emptyQueue } from './broadcast-queue.ts';
import { describeAnew, endLeavingLate, endWhatWasSpread, leave } from './departure.ts';
import { announceSelf, endSuspicions, hearAlive, hearDead, hearSuspect } from './member-rules.ts';
import { insertMember } from './member-table.ts';
import type { Message } from './messages.ts';
import { continueProbe, probeAnsweredByTcp, probeNext, probeNotSent } from './probe.ts';
import { answerExchange, endExchanges, exchangeFailed, exchangeWithSomebody, hearExchange, join, lookForTheMissing } from './push-pull.ts';
import { answerPing, endRelays, hearAck, hearNack, relayPing } from './relay.ts';
import { gossip, spreadUser } from './spread.ts';
import { postponeSuspicion } from './suspicion.ts';
import { type Input, type SelfDescription, type Swim, type SwimCounters, type SwimSettings, swimRefusals } from './swim-interface.ts';
import { swimLimits } from './swim-limits.ts';
import { isSelf, memberOf, refuse, type SwimState, tell } from './swim-state.ts';
import { pushPullEveryMs, type Timing } from './timing.ts';
import { hearUser, sendUser } from './user-messages.ts';
import { ownVsn } from './versions.ts';

/** What a cluster usually wants: the limits of the table, missing members looked for every 30 s for a day. */
export function swimSettings(timing: Timing): SwimSettings {
  return { timing, limits: swimLimits, deadReclaimMs: 30_000, rejoinIntervalMs: 30_000, rejoinForMs: 86_400_000 };
}

/** A member on its own, from `now` on. `chance` gives numbers from 0 up to, and never, 1. Throws where its address is none. */
export function createSwim(settings: SwimSettings, self: SelfDescription, chance: () => number, now: number): Swim {
  const state = firstState(settings, { ...self, vsn: self.vsn ?? ownVsn }, chance, now);
  return {
    step(input, at) {
      if (state.gossipAt <= at && state.membership.length + state.user.length === 0)
        state.gossipAt = nextTurn(state.gossipAt, gossipEvery(state), at);
      apply(state, input, at);
      endWhatWasSpread(state);
      const { outputs } = state;
      state.outputs = [];
      return outputs;
    },
    wakeAt: () => wakeAt(state),
    members: () => [...state.records.values()].map(memberOf).sort((one, other) => (one.name < other.name ? -1 : 1)),
    awareness: () => state.awareness,
    queueLength: () => state.membership.length + state.user.length,
    counters: () => ({ ...state.counters, refused: { ...state.counters.refused } }),
  };
}

function firstState(settings: SwimSettings, self: SwimState['self'], chance: () => number, now: number): SwimState {
  const soon = (everyMs: number) => (everyMs > 0 ? now + Math.floor(chance() * everyMs) : Infinity);
  const state: SwimState = {
    settings,
    self,
    chance,
    records: new Map(),
    list: [],
    probeIndex: 0,
    incarnation: 0,
    sequence: 0,
    stream: 0,
    awareness: 0,
    membership: emptyQueue(),
    user: emptyQueue(),
    suspects: new Set(),
    suspicionsEndAt: Infinity,
    probe: undefined,
    relays: new Map(),
    exchanges: new Map(),
    joins: new Set(),
    lost: new Map(),
    remembered: new Map(),
    leaving: undefined,
    metaSpreading: false,
    // Each begins at a moment by chance, so that members that start together do not act together.
    probeAt: soon(settings.timing.probeIntervalMs),
    gossipAt: soon(settings.timing.gossipIntervalMs),
    pushPullAt: soon(settings.timing.pushPullIntervalMs),
    rejoinAt: soon(settings.rejoinIntervalMs),
    counters: noCounts(),
    outputs: [],
  };
  const { name, address, port, meta, vsn } = self;
  insertMember(state, { name, address, port, meta, vsn, incarnation: 0, state: 'alive', since: now, suspicion: undefined });
  announceSelf(state, 1);
  return state;
}

function noCounts(): SwimCounters {
  const refused = Object.fromEntries(swimRefusals.map((reason) => [reason, 0])) as SwimCounters['refused'];
  return {
    probes: 0,
    probesFailed: 0,
    probesRelayed: 0,
    probesByTcp: 0,
    suspicions: 0,
    refutes: 0,
    pushPulls: 0,
    pushPullsFailed: 0,
    stalls: 0,
    refused,
  };
}

function apply(state: SwimState, input: Input, now: number) {
  switch (input.type) {
    case 'tick':
      return tick(state, now);
    case 'datagram':
      for (const message of input.messages) hear(state, message, input.from, now);
      return;
    case 'sendFailed':
      return probeNotSent(state, input.to, input.remote);
    case 'request':
      return answer(state, input.stream, input.message, input.from, now);
    case 'response':
      if (!probeAnsweredByTcp(state, input.stream, input.message)) hearExchange(state, input.stream, input.message, now);
      return;
    case 'streamFailed':
      return exchangeFailed(state, input.stream, input.why, now);
    case 'join':
      return join(state, input.addresses, input.remember, now);
    case 'leave':
      return leave(state, input.timeoutMs, now);
    case 'updateMeta':
      return describeAnew(state, input.meta);
    case 'sendUser':
      return sendUser(state, input.to, input.bytes, input.reliable, now);
    case 'broadcastUser':
      return spreadUser(state, input.bytes, input.key);
    default:
      return assertNever(input);
  }
}

/** One message of a datagram. */
function hear(state: SwimState, message: Message, from: Address, now: number) {
  switch (message.type) {
    case 'ping':
      return answerPing(state, message, from);
    case 'indirectPing':
      return relayPing(state, message, from, now);
    case 'ack':
      return hearAck(state, message.seqNo, from);
    case 'nack':
      return hearNack(state, message.seqNo);
    case 'alive':
      return hearAlive(state, message.node, message, now);
    case 'suspect':
      return hearSuspect(state, { name: message.node, incarnation: message.incarnation, from: message.from }, now);
    case 'dead':
      return hearDead(state, { name: message.node, incarnation: message.incarnation, from: message.from }, now);
    case 'user':
      return hearUser(state, message.bytes, from);
    case 'pushPull':
    case 'err':
      return refuse(state, 'misplaced-message');
    default:
      return assertNever(message);
  }
}

/** The first message of a stream: an exchange, a ping for us, a message of the application; anything else ends it. */
function answer(state: SwimState, stream: number, message: Message, from: Address, now: number) {
  if (message.type === 'pushPull') return answerExchange(state, stream, message, now);
  if (message.type === 'ping' && (message.node === '' || isSelf(state, message.node))) {
    return tell(state, { type: 'reply', stream, message: { type: 'ack', seqNo: message.seqNo, payload: new Uint8Array() } });
  }
  if (message.type === 'user') hearUser(state, message.bytes, from);
  else refuse(state, message.type === 'ping' ? 'not-for-us' : 'misplaced-message');
  tell(state, { type: 'close', stream });
}

const gossipEvery = (state: SwimState) => state.settings.timing.gossipIntervalMs;

/** The first turn after `now` of something that happens every `everyMs`; turns that were missed are lost. */
function nextTurn(at: number, everyMs: number, now: number): number {
  return at + everyMs * (Math.floor((now - at) / everyMs) + 1);
}

function tick(state: SwimState, now: number): void {
  const { timing, rejoinIntervalMs } = state.settings;
  forgiveOwnSleep(state, now);
  continueProbe(state, now);
  endRelays(state, now);
  endSuspicions(state, now);
  endExchanges(state, now);
  endLeavingLate(state, now);
  if (state.probeAt <= now) {
    state.probeAt = nextTurn(state.probeAt, timing.probeIntervalMs, now);
    probeNext(state, now);
  }
  if (state.gossipAt <= now) {
    state.gossipAt = nextTurn(state.gossipAt, timing.gossipIntervalMs, now);
    gossip(state, now);
  }
  if (state.pushPullAt <= now) {
    state.pushPullAt = nextTurn(state.pushPullAt, pushPullEveryMs(timing.pushPullIntervalMs, state.list.length), now);
    exchangeWithSomebody(state, now);
  }
  if (state.rejoinAt <= now) {
    state.rejoinAt = nextTurn(state.rejoinAt, rejoinIntervalMs, now);
    lookForTheMissing(state, now);
  }
}

/**
 * A tick that is late by more than an answer may take says that this member was asleep, and deaf with it. What it holds
 * against others is put off by as long: whoever sleeps does not judge.
 */
function forgiveOwnSleep(state: SwimState, now: number): void {
  const lateMs = now - wakeAt(state);
  if (lateMs <= state.settings.timing.probeTimeoutMs) return;
  state.counters.stalls++;
  if (state.probe !== undefined) {
    state.probe.deadline += lateMs;
    if (state.probe.askOthersAt !== undefined) state.probe.askOthersAt += lateMs;
  }
  for (const relay of state.relays.values()) relay.deadline += lateMs;
  for (const { suspicion } of state.suspects) if (suspicion !== undefined) postponeSuspicion(suspicion, lateMs);
}

function wakeAt(state: SwimState): number {
  const { probe, leaving } = state;
  let at = Math.min(state.probeAt, state.pushPullAt, state.rejoinAt, state.suspicionsEndAt);
  if (state.membership.length + state.user.length > 0) at = Math.min(at, state.gossipAt);
  if (probe !== undefined) at = Math.min(at, probe.askOthersAt ?? probe.deadline, probe.deadline);
  if (leaving !== undefined && !leaving.done) at = Math.min(at, leaving.deadline);
  // All relays wait equally long, and so do all exchanges, so the first is the next to end.
  for (const relay of state.relays.values()) {
    at = Math.min(at, relay.deadline);
    break;
  }
  for (const exchange of state.exchanges.values()) {
    at = Math.min(at, exchange.deadline);
    break;
  }
  return at;
}
