/**
 * The list of members and the order in which they are probed. A newcomer gets a place by chance, and the list is shuffled
 * whenever it was gone through, so that everybody is probed once in a round and nobody knows by whom next.
 */
import { drawBelow, isSelf, type MemberRecord, type SwimState, tellChange } from './swim-state.ts';

/** Puts a record at a place by chance. */
export function insertMember(state: SwimState, record: MemberRecord): void {
  state.records.set(record.name, record);
  const place = drawBelow(state, state.list.length + 1);
  state.list.push(record);
  const other = state.list[place] as MemberRecord;
  state.list[place] = record;
  state.list[state.list.length - 1] = other;
}

function shuffle(state: SwimState, list: MemberRecord[]): void {
  for (let last = list.length - 1; last > 0; last--) {
    const place = drawBelow(state, last + 1);
    const kept = list[last] as MemberRecord;
    list[last] = list[place] as MemberRecord;
    list[place] = kept;
  }
}

/** Forgets who is dead or left for longer than rumours go to the dead, and shuffles the rest. */
export function startRound(state: SwimState, now: number): void {
  const isGone = (record: MemberRecord) =>
    (record.state === 'dead' || record.state === 'left') &&
    !isSelf(state, record.name) &&
    now - record.since > state.settings.timing.gossipToTheDeadMs;
  const kept = state.list.filter((record) => !isGone(record));
  for (const record of state.list.filter(isGone)) {
    state.records.delete(record.name);
    tellChange(state, 'forgotten', record);
  }
  state.list.splice(0, state.list.length, ...kept);
  shuffle(state, state.list);
  state.probeIndex = 0;
}

/**
 * Up to `count` different members by chance, never oneself:
 *
 *     members             how
 *     fewer than 3 each   all of them in an order by chance, so that nobody is missed
 *     more                draws, at most three for each member of the list, so that a choice costs little among thousands
 */
export function chooseMembers(state: SwimState, count: number, isFit: (record: MemberRecord) => boolean): readonly MemberRecord[] {
  const fits = (record: MemberRecord) => !isSelf(state, record.name) && isFit(record);
  if (state.list.length < 3 * count) {
    const copy = state.list.filter(fits);
    shuffle(state, copy);
    return copy.slice(0, count);
  }
  const chosen = new Set<MemberRecord>();
  for (let draws = 3 * state.list.length; draws > 0 && chosen.size < count; draws--) {
    const record = state.list[drawBelow(state, state.list.length)] as MemberRecord;
    if (fits(record)) chosen.add(record);
  }
  return [...chosen];
}

/** Whether anybody but oneself is alive. */
export function hasCompany(state: SwimState): boolean {
  return state.list.some((record) => !isSelf(state, record.name) && (record.state === 'alive' || record.state === 'suspect'));
}
