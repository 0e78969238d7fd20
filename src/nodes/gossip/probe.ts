/**
 * The failure detector. One member at a time is asked whether it is there: directly, then by way of others and by TCP, so
 * that one bad path condemns nobody. Who does not answer is suspected, and has time to refute.
 *
 *     0 ms                 ping                                          the suspect also hears that it is suspected
 *     probeTimeoutMs       indirect pings, and a ping over TCP
 *     probeIntervalMs      suspect, unless an answer came by any way     later by the health score of the one that asks
 */
import { type Address, addressBytes, sameAddress } from './address.ts';
import { awarenessOfFailure, changedAwareness } from './awareness.ts';
import { hearSuspect } from './member-rules.ts';
import { chooseMembers, startRound } from './member-table.ts';
import type { Message } from './messages.ts';
import { sendPacket } from './spread.ts';
import { isSelf, type MemberRecord, nextSequence, type Probe, protocolMax, type SwimState, tell } from './swim-state.ts';

/** Who asks, so that the answer finds its way whatever address the datagram seems to come from. */
export function source(state: SwimState): { sourceAddr: Uint8Array; sourcePort: number; sourceNode: string } {
  return { sourceAddr: addressBytes(state.self.address), sourcePort: state.self.port, sourceNode: state.self.name };
}

/** Begins the next probe. A pass looks at each member at most once; where nobody is to be probed, nothing happens. */
export function probeNext(state: SwimState, now: number) {
  // While one probe waits for its answer, the turns that come are lost.
  if (state.probe !== undefined) return;
  for (let looked = 0; looked < state.list.length; looked++) {
    if (state.probeIndex >= state.list.length) {
      startRound(state, now);
      continue;
    }
    const record = state.list[state.probeIndex++] as MemberRecord;
    if (isSelf(state, record.name) || record.state === 'dead' || record.state === 'left') continue;
    return startProbe(state, record, now);
  }
}

function startProbe(state: SwimState, target: MemberRecord, now: number) {
  const { timing } = state.settings;
  const sequence = nextSequence(state);
  state.probe = {
    target,
    incarnation: target.incarnation,
    sequence,
    askOthersAt: now + timing.probeTimeoutMs,
    deadline: now + timing.probeIntervalMs * (state.awareness + 1),
    expectedNacks: 0,
    receivedNacks: 0,
    stream: undefined,
    answeredByTcp: false,
  };
  state.counters.probes++;
  const ping: Message = { type: 'ping', seqNo: sequence, node: target.name, ...source(state) };
  if (target.state === 'alive') return sendPacket(state, target, [ping]);
  const suspect: Message = { type: 'suspect', incarnation: target.incarnation, node: target.name, from: state.self.name };
  sendPacket(state, target, [ping, suspect], protocolMax(target) >= 5);
}

/** What time has brought to the probe under way. */
export function continueProbe(state: SwimState, now: number): void {
  const { probe } = state;
  if (probe === undefined) return;
  if (probe.askOthersAt !== undefined && probe.askOthersAt <= now) askOthers(state, probe);
  if (probe.deadline <= now) endProbe(state, probe, now);
}

/** Asks some who are alive to ping for us, and meanwhile tries TCP. */
function askOthers(state: SwimState, probe: Probe): void {
  const { target, sequence } = probe;
  const { timing } = state.settings;
  probe.askOthersAt = undefined;
  const others = chooseMembers(state, timing.indirectChecks, (record) => record.state === 'alive' && record !== target);
  const where = { target: addressBytes(target.address), port: target.port, node: target.name };
  for (const other of others) {
    const nack = protocolMax(other) >= 4;
    if (nack) probe.expectedNacks++;
    sendPacket(state, other, [{ type: 'indirectPing', seqNo: sequence, ...where, nack, ...source(state) }]);
  }
  if (!timing.tcpPings || protocolMax(target) < 3) return;
  probe.stream = ++state.stream;
  const message: Message = { type: 'ping', seqNo: sequence, node: target.name, ...source(state) };
  const to = { address: target.address, port: target.port };
  tell(state, { type: 'open', stream: probe.stream, to, message, deadline: probe.deadline, expectsReply: true });
}

function endProbe(state: SwimState, probe: Probe, now: number) {
  if (probe.answeredByTcp) {
    state.counters.probesByTcp++;
    return succeed(state);
  }
  state.probe = undefined;
  state.counters.probesFailed++;
  changeAwareness(state, awarenessOfFailure(probe.expectedNacks, probe.receivedNacks));
  // The incarnation of when the probe began: who has refuted since then has shown that it lives.
  hearSuspect(state, { name: probe.target.name, incarnation: probe.incarnation, from: state.self.name }, now);
}

function succeed(state: SwimState): void {
  state.probe = undefined;
  changeAwareness(state, -1);
}

function changeAwareness(state: SwimState, change: number): void {
  state.awareness = changedAwareness(state.awareness, change, state.settings.timing.awarenessMax);
}

/** Whether an acknowledgement belongs to the probe under way, which is then over. */
export function probeAnswered(state: SwimState, sequence: number, from: Address): boolean {
  const { probe } = state;
  if (probe?.sequence !== sequence) return false;
  if (probe.askOthersAt === undefined && !sameAddress(probe.target, from)) state.counters.probesRelayed++;
  succeed(state);
  return true;
}

/** A helper was reached and could not reach the target: the path from here is sound. */
export function probeDenied(state: SwimState, sequence: number): boolean {
  if (state.probe?.sequence !== sequence) return false;
  state.probe.receivedNacks++;
  return true;
}

/** The answer to the ping over TCP. It counts only at the deadline: until then UDP may still answer, and then is known to work. */
export function probeAnsweredByTcp(state: SwimState, stream: number, message: Message): boolean {
  if (state.probe === undefined || state.probe.stream !== stream) return false;
  state.probe.answeredByTcp = message.type === 'ack' && message.seqNo === state.probe.sequence;
  return true;
}

/**
 * A datagram did not leave:
 *
 *     why                           the probe of that address
 *     something on the way          asks others at once
 *     this machine refuses          is given up: it says nothing about the other
 */
export function probeNotSent(state: SwimState, to: Address, remote: boolean): void {
  const { probe } = state;
  if (probe?.askOthersAt === undefined || !sameAddress(probe.target, to)) return;
  if (remote) askOthers(state, probe);
  else state.probe = undefined;
}
