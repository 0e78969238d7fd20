/**
 * What a member says of itself once it runs: a new description, and that it leaves. Both are over when the news was sent as often
 * as a rumour is; a member without company has nobody to wait for.
 */
import { announceSelf, hearDead, leaveToken, metaToken } from './member-rules.ts';
import { hasCompany } from './member-table.ts';
import { wordMax } from './swim-limits.ts';
import { refuse, type SwimState, selfRecord, tell } from './swim-state.ts';
import { wireLimits } from './wire-limits.ts';

/** Describes ourselves anew, with a higher incarnation, so that it beats what was said before. */
export function describeAnew(state: SwimState, meta: Uint8Array) {
  state.metaSpreading = true;
  if (meta.length > wireLimits.metaBytesMax) {
    refuse(state, 'message-too-large');
    return endDescribing(state);
  }
  selfRecord(state).meta = meta;
  announceSelf(state, Math.min(state.incarnation + 1, wordMax), metaToken);
  if (!hasCompany(state)) endDescribing(state);
}

function endDescribing(state: SwimState): void {
  if (!state.metaSpreading) return;
  state.metaSpreading = false;
  tell(state, { type: 'metaSpread' });
}

/** Says goodbye in our own name, which is how others know that we left, and did not fail. */
export function leave(state: SwimState, timeoutMs: number, now: number): void {
  if (state.leaving !== undefined) return;
  state.leaving = { deadline: now + timeoutMs, done: false };
  const { name } = state.self;
  hearDead(state, { name, incarnation: state.incarnation, from: name }, now);
  if (!hasCompany(state)) endLeaving(state, true);
}

function endLeaving(state: SwimState, complete: boolean): void {
  if (state.leaving === undefined || state.leaving.done) return;
  state.leaving.done = true;
  tell(state, { type: 'left', complete });
}

/** Tells of what the queue has finished. A leave also waits for messages of the application, which come after the news of members. */
export function endWhatWasSpread(state: SwimState): void {
  const finished = state.membership.finished.splice(0);
  if (finished.includes(metaToken)) endDescribing(state);
  const isToldOfLeaving = finished.includes(leaveToken) || !state.membership.byName.has(state.self.name);
  if (state.leaving !== undefined && isToldOfLeaving && state.user.length === 0) endLeaving(state, true);
}

export function endLeavingLate(state: SwimState, now: number): void {
  if (state.leaving !== undefined && state.leaving.deadline <= now) endLeaving(state, false);
}
