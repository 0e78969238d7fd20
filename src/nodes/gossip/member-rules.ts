/**
 * What is believed of a member: alive, suspect, dead, left. Three rumours say it, each with the incarnation that it speaks
 * of; only the member itself raises its incarnation, so that of two rumours everybody believes the same one, in whatever order they
 * came. Whoever hears ill of itself refutes by an incarnation above. These are the rules of SWIM with the suspicion of Lifeguard.
 */
import { type Address, addressBytes, addressText } from './address.ts';
import { changedAwareness } from './awareness.ts';
import { insertMember } from './member-table.ts';
import type { Message } from './messages.ts';
import { spreadNews } from './spread.ts';
import { confirmSuspicion, startSuspicion } from './suspicion.ts';
import { wordMax } from './swim-limits.ts';
import { isSelf, type MemberRecord, refuse, type SwimState, selfRecord, tellChange } from './swim-state.ts';
import { suspicionLimits } from './timing.ts';
import { isSoundVsn, sameBytes, type Vsn, versionsFit } from './versions.ts';

/** What is said of somebody alive; an alive message and a record of a push/pull both are one. */
export interface AliveRumour {
  readonly addr: Uint8Array;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly vsn: Vsn;
  readonly incarnation: number;
}

export interface Accusation {
  readonly name: string;
  readonly incarnation: number;
  readonly from: string;
}

/**
 * Somebody is said to be alive. Of the rows, the first that fits:
 *
 *     the member        incarnation        address      what happens
 *     us, leaving       any                any          nothing
 *     any               any                any          versions that make no sense or clash with the others': refused
 *     unknown           any                any          taken in, unless it is not admitted or the list is full
 *     known             any                another      conflict, unless it left, or is dead for longer than `deadReclaimMs`
 *     us                lower              ours         nothing
 *     us                equal, all equal   ours         nothing: our own news comes back
 *     us                equal or higher    ours         refute: somebody remembers a former run, or speaks in our name
 *     another           not higher         known        nothing
 *     another           higher             known        believed, spread, no longer suspected
 */
export function hearAlive(state: SwimState, name: string, rumour: AliveRumour, now: number) {
  const isUs = isSelf(state, name);
  if (isUs && state.leaving !== undefined) return;
  const address = addressText(rumour.addr);
  if (address === undefined || !versionsAreWelcome(state, name, rumour.vsn)) return refuse(state, 'incompatible-version');
  const place = { address, port: rumour.port === 0 ? state.self.port : rumour.port };
  const known = state.records.get(name);
  if (known === undefined) return meet(state, name, rumour, place, now);
  const moved = known.address !== place.address || known.port !== place.port;
  if (moved && !mayMove(state, known, now)) return conflict(state, known);
  if (moved && !admits(state, name, rumour, place)) return;
  if (isUs ? rumour.incarnation < known.incarnation : rumour.incarnation <= known.incarnation && !moved) return;
  if (!isUs) return believe(state, known, rumour, place, now);
  const isEcho = rumour.incarnation === known.incarnation && sameBytes(rumour.meta, known.meta) && sameBytes(rumour.vsn, known.vsn);
  if (!isEcho) refute(state, rumour.incarnation);
}

/** What this member itself says is known to fit; anything else is held against all that are known, so that no record blocks them. */
function versionsAreWelcome(state: SwimState, name: string, vsn: Vsn): boolean {
  if (!isSoundVsn(vsn)) return false;
  if (sameBytes(vsn, state.self.vsn)) return true;
  const others = state.list
    .filter((record) => record.name !== name)
    .map((record) => ({ vsn: record.vsn, isAlive: record.state === 'alive' }));
  return versionsFit([...others, { vsn, isAlive: true }]);
}

function admits(state: SwimState, name: string, { meta }: AliveRumour, place: Address): boolean {
  if (state.settings.admits?.({ name, meta, ...place }) ?? true) return true;
  refuse(state, 'not-admitted');
  return false;
}

function mayMove(state: SwimState, known: MemberRecord, now: number): boolean {
  const { deadReclaimMs } = state.settings;
  return known.state === 'left' || (known.state === 'dead' && deadReclaimMs > 0 && now - known.since > deadReclaimMs);
}

function conflict(state: SwimState, known: MemberRecord): void {
  refuse(state, 'address-conflict');
  tellChange(state, 'conflict', known);
}

function meet(state: SwimState, name: string, rumour: AliveRumour, place: Address, now: number) {
  if (state.list.length >= state.settings.limits.members) return refuse(state, 'too-many-members');
  if (!admits(state, name, rumour, place)) return;
  const { meta, vsn } = rumour;
  const record: MemberRecord = { name, ...place, meta, vsn, incarnation: 0, state: 'dead', since: now, suspicion: undefined };
  insertMember(state, record);
  believe(state, record, rumour, place, now);
}

function believe(state: SwimState, record: MemberRecord, rumour: AliveRumour, place: Address, now: number) {
  const before = record.state;
  const describesAnew = !sameBytes(record.meta, rumour.meta);
  clearSuspicion(state, record);
  // Nearly everybody speaks what we speak: thousands of records share one array.
  const vsn = sameBytes(rumour.vsn, state.self.vsn) ? state.self.vsn : rumour.vsn;
  Object.assign(record, place, { meta: rumour.meta, vsn, incarnation: rumour.incarnation, state: 'alive' });
  if (before !== 'alive') record.since = now;
  state.lost.delete(record.name);
  spreadNews(state, record.name, aliveMessage(record, rumour.addr));
  if (before === 'dead' || before === 'left') return tellChange(state, 'joined', record);
  if (before === 'suspect') tellChange(state, 'cleared', record);
  if (describesAnew) tellChange(state, 'updated', record);
}

/**
 * Somebody is suspected:
 *
 *     the member        incarnation   what happens
 *     unknown           any           nothing
 *     known             lower         nothing: it has refuted that already
 *     suspect           not lower     counted as a confirmation, and spread where it is one
 *     dead, left        not lower     nothing
 *     us                not lower     refute
 *     alive             not lower     suspected from now on, and spread
 */
export function hearSuspect(state: SwimState, { name, incarnation, from }: Accusation, now: number) {
  const known = state.records.get(name);
  if (known === undefined || incarnation < known.incarnation) return;
  const news: Message = { type: 'suspect', incarnation, node: name, from };
  if (known.suspicion !== undefined) {
    if (!confirmSuspicion(known.suspicion, from)) return;
    state.suspicionsEndAt = Math.min(state.suspicionsEndAt, known.suspicion.deadline);
    return spreadNews(state, name, news);
  }
  if (known.state !== 'alive') return;
  if (isSelf(state, name)) return refute(state, incarnation);
  spreadNews(state, name, news);
  known.state = 'suspect';
  known.incarnation = incarnation;
  known.since = now;
  known.suspicion = startSuspicion(suspicionLimits(state.settings.timing, state.list.length), from, now);
  state.suspects.add(known);
  state.suspicionsEndAt = Math.min(state.suspicionsEndAt, known.suspicion.deadline);
  state.counters.suspicions++;
  tellChange(state, 'suspected', known);
}

/**
 * Somebody is said to be dead, or, where it says so itself, to have left:
 *
 *     the member        incarnation   what happens
 *     unknown           any           nothing: nobody enters the list as a dead one
 *     known             lower         nothing
 *     dead, left        not lower     nothing
 *     us, not leaving   not lower     refute
 *     us, leaving       not lower     spread, and told when that is done
 *     alive, suspect    not lower     dead, or left, from now on, and spread
 */
export function hearDead(state: SwimState, { name, incarnation, from }: Accusation, now: number) {
  const known = state.records.get(name);
  if (known === undefined || incarnation < known.incarnation) return;
  clearSuspicion(state, known);
  if (known.state === 'dead' || known.state === 'left') return;
  const isUs = isSelf(state, name);
  if (isUs && state.leaving === undefined) return refute(state, incarnation);
  spreadNews(state, name, { type: 'dead', incarnation, node: name, from }, isUs ? leaveToken : undefined);
  known.incarnation = incarnation;
  known.state = name === from ? 'left' : 'dead';
  known.since = now;
  if (known.state === 'dead') remember(state, known);
  tellChange(state, known.state === 'left' ? 'left' : 'failed', known);
}

/** What the queue gives back once the news of our leaving, or of a new description, was told as often as a rumour is. */
export const leaveToken = 'leave';
export const metaToken = 'meta';

/** Keeps a failed member's address beyond its record, so that two halves of a cluster find each other again. */
function remember(state: SwimState, { name, address, port, since }: MemberRecord): void {
  state.lost.delete(name);
  state.lost.set(name, { address, port, since });
  const [oldest] = state.lost.keys();
  if (state.lost.size > state.settings.limits.lost && oldest !== undefined) state.lost.delete(oldest);
}

function clearSuspicion(state: SwimState, record: MemberRecord): void {
  record.suspicion = undefined;
  state.suspects.delete(record);
}

/** Declares those dead whose time to refute is over. */
export function endSuspicions(state: SwimState, now: number): void {
  if (state.suspicionsEndAt > now) return;
  let endAt = Infinity;
  for (const { name, incarnation, suspicion } of [...state.suspects]) {
    const deadline = suspicion?.deadline ?? Infinity;
    if (deadline <= now) hearDead(state, { name, incarnation, from: state.self.name }, now);
    else endAt = Math.min(endAt, deadline);
  }
  state.suspicionsEndAt = endAt;
}

/**
 * Answers ill news of ourselves with an incarnation above what was accused and above all that we ever used. Above the largest there is
 * none: only somebody with the key who wants this member gone goes that far, and no number could answer that.
 */
function refute(state: SwimState, accused: number): void {
  state.counters.refutes++;
  state.awareness = changedAwareness(state.awareness, 1, state.settings.timing.awarenessMax);
  announceSelf(state, Math.min(Math.max(state.incarnation, accused) + 1, wordMax));
}

/** Says of ourselves that we are alive, with this incarnation. */
export function announceSelf(state: SwimState, incarnation: number, token?: string): void {
  state.incarnation = incarnation;
  const record = selfRecord(state);
  record.incarnation = incarnation;
  spreadNews(state, record.name, aliveMessage(record, addressBytes(record.address)), token);
}

function aliveMessage({ name, port, meta, vsn, incarnation }: MemberRecord, addr: Uint8Array): Message {
  return { type: 'alive', incarnation, node: name, addr, port, meta, vsn };
}
