/**
 * The exchange of everything that two members know of everybody, over a stream: how a newcomer joins, how members that
 * missed rumours catch up, and how the halves of a cluster that was cut in two find each other again. What a partner says is
 * believed by the same rules as rumours; that somebody else died is only a suspicion until it had time to refute.
 */
import { type Address, addressBytes, sameAddress } from './address.ts';
import { hearAlive, hearDead, hearSuspect } from './member-rules.ts';
import { chooseMembers } from './member-table.ts';
import type { Message, NodeRecord, PushPull } from './messages.ts';
import type { JoinResult } from './swim-interface.ts';
import { drawBelow, type Exchange, type JoinBatch, refuse, type SwimState, tell } from './swim-state.ts';
import { isSoundVsn, versionsFit } from './versions.ts';

/** Everybody in any state, oneself included. */
function everything(state: SwimState, join: boolean): Message {
  const nodes = state.list.map(({ name, address, port, meta, vsn, incarnation, state: nodeState }) => {
    return { name, addr: addressBytes(address), port, meta, vsn, incarnation, state: nodeState };
  });
  return { type: 'pushPull', join, nodes, userState: new Uint8Array() };
}

/** The answer goes out before the request is believed, so that a partner learns what was known here before it came. */
export function answerExchange(state: SwimState, stream: number, request: PushPull, now: number): void {
  tell(state, { type: 'reply', stream, message: everything(state, request.join) });
  merge(state, request, now);
}

/**
 * Takes in what a partner knows. Returns why not, as a sentence, where nothing of it was.
 *
 *     a record                                what it is taken for
 *     with versions that make no sense        nothing: it must not reach anybody
 *     alive                                   alive
 *     left                                    dead by its own word
 *     suspect, or dead by another's word      suspected by us
 */
function merge(state: SwimState, { nodes, userState, join }: PushPull, now: number): string | undefined {
  const sound = nodes.filter(({ vsn }) => isSoundVsn(vsn));
  for (let unsound = nodes.length - sound.length; unsound > 0; unsound--) refuse(state, 'incompatible-version');
  const versions = [...sound, ...state.list].map(({ vsn, state: nodeState }) => ({ vsn, isAlive: nodeState === 'alive' }));
  if (!versionsFit(versions)) {
    refuse(state, 'version-clash');
    return 'its members speak versions that ours do not understand; run one version of the program in the whole cluster';
  }
  for (const node of sound) hearRecord(state, node, now);
  if (userState.length > 0) tell(state, { type: 'userState', bytes: userState, join });
  return undefined;
}

function hearRecord(state: SwimState, node: NodeRecord, now: number): void {
  const { name, incarnation } = node;
  if (node.state === 'alive') hearAlive(state, name, node, now);
  else if (node.state === 'left') hearDead(state, { name, incarnation, from: name }, now);
  else hearSuspect(state, { name, incarnation, from: state.self.name }, now);
}

function openExchange(state: SwimState, to: Address, join: Exchange['join'], now: number): void {
  const stream = ++state.stream;
  const deadline = now + state.settings.timing.tcpTimeoutMs;
  state.exchanges.set(stream, { to, deadline, join });
  tell(state, { type: 'open', stream, to, message: everything(state, join !== undefined), deadline, expectsReply: true });
}

function hasRoom(state: SwimState): boolean {
  return state.exchanges.size < state.settings.limits.exchanges;
}

/** One exchange with a member by chance. */
export function exchangeWithSomebody(state: SwimState, now: number): void {
  const [member] = chooseMembers(state, 1, (record) => record.state === 'alive');
  if (member !== undefined && hasRoom(state)) openExchange(state, { address: member.address, port: member.port }, undefined, now);
}

/**
 * Looks for those who are missing, so that a cluster heals by itself after the longest partition:
 *
 *     missing                                                    how often each time
 *     a configured address at which no member is alive           one of them, always: somebody wrote that it should be there
 *     a failed member                                            one, with the share of failed to alive ones as its chance,
 *                                                                so that a thousand members do not all knock at one dead door
 */
export function lookForTheMissing(state: SwimState, now: number): void {
  for (const [name, { since }] of state.lost) if (now - since > state.settings.rejoinForMs) state.lost.delete(name);
  const alive = state.list.filter((record) => record.state === 'alive');
  const absent = [...state.remembered.values()].filter((address) => !alive.some((record) => sameAddress(record, address)));
  const lost = [...state.lost.values()];
  const configured = absent[drawBelow(state, absent.length)];
  const failed = state.chance() < lost.length / alive.length ? lost[drawBelow(state, lost.length)] : undefined;
  for (const found of [configured, failed]) {
    if (found === undefined || !hasRoom(state)) continue;
    openExchange(state, { address: found.address, port: found.port }, undefined, now);
  }
}

/** Begins an exchange with each address, some at a time. The result is told when all have one. */
export function join(state: SwimState, addresses: readonly Address[], remember: boolean, now: number): void {
  if (remember) for (const address of addresses) state.remembered.set(`${address.address} ${address.port}`, address);
  const batch: JoinBatch = { waiting: [...addresses], results: addresses.map(() => undefined) };
  state.joins.add(batch);
  startWaiting(state, now);
}

function startWaiting(state: SwimState, now: number): void {
  for (const batch of state.joins) {
    while (batch.waiting.length > 0 && hasRoom(state)) {
      const index = batch.results.length - batch.waiting.length;
      const to = batch.waiting.shift() as Address;
      const failure = whyNotTried(state, to);
      if (failure === undefined) openExchange(state, to, { batch, index }, now);
      else batch.results[index] = { address: to, failure };
    }
    if (batch.results.includes(undefined)) continue;
    state.joins.delete(batch);
    tell(state, { type: 'joined', results: batch.results as readonly JoinResult[] });
  }
}

/** A list that all members share names each of them to itself, which is no way into the cluster. */
function whyNotTried(state: SwimState, to: Address): string | undefined {
  if (state.leaving !== undefined) return 'this member is leaving; start it again to join';
  return sameAddress(state.self, to) ? 'that is the address of this member itself; name another one as well' : undefined;
}

/** The answer on a stream: everything that the partner knows, or its complaint. */
export function hearExchange(state: SwimState, stream: number, message: Message, now: number) {
  const exchange = state.exchanges.get(stream);
  // The answer to a ping over TCP comes too late where UDP has answered meanwhile.
  if (exchange === undefined) return refuse(state, message.type === 'ack' ? 'unknown-acknowledgement' : 'misplaced-message');
  endExchange(state, stream, exchange, failureOf(state, message, now), now);
}

function failureOf(state: SwimState, message: Message, now: number): string | undefined {
  if (message.type === 'pushPull') return merge(state, message, now);
  return message.type === 'err' ? `it answered: ${message.error}` : `it answered with ${message.type}, which is no answer to a join`;
}

/** Says whether the stream was one of ours. */
export function exchangeFailed(state: SwimState, stream: number, why: string, now: number): void {
  const exchange = state.exchanges.get(stream);
  if (exchange !== undefined) endExchange(state, stream, exchange, why, now);
}

function endExchange(state: SwimState, stream: number, { to, join: joining }: Exchange, failure: string | undefined, now: number): void {
  state.exchanges.delete(stream);
  if (failure === undefined) state.counters.pushPulls++;
  else state.counters.pushPullsFailed++;
  if (joining !== undefined) joining.batch.results[joining.index] = { address: to, failure };
  startWaiting(state, now);
}

/** Gives up exchanges whose time is over, should the transport have said nothing. */
export function endExchanges(state: SwimState, now: number): void {
  for (const [stream, exchange] of state.exchanges) {
    if (exchange.deadline > now) continue;
    endExchange(state, stream, exchange, 'it did not answer in time; is it running, and is TCP to it allowed?', now);
  }
}
