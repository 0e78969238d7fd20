/**
 * Derived changes of the past: a state of its own, folded again from where the log begins, as it was then. That
 * costs a microsecond an event and the memory of one state, for as long as its consumer is behind the recent changes.
 */
import type { Event } from '../../events/event.ts';
import { advanceOnce, evolve } from '../../projections/evolve.ts';
import { initialState } from '../../projections/state.ts';
import { watchChanges } from './stream-changes.ts';
import { type ChangeFrame, changeFrames } from './stream-recent.ts';

export interface PastFold {
  /** The next event: what deadlines changed before it, and what it changed. */
  take(event: Event): { readonly before: ChangeFrame[]; readonly after: ChangeFrame[] };
}

export function createPastFold(): PastFold {
  const state = initialState();
  let watch = watchChanges(state);
  return {
    take(event) {
      if (state.position === 0 && event.type === 'log.checkpoint') {
        // What stood already where the log begins is no change.
        evolve(state, event);
        watch = watchChanges(state);
        return { before: [], after: [] };
      }
      const before: ChangeFrame[] = [];
      if (event.at > state.at) {
        for (let fired = advanceOnce(state, event.at); fired !== undefined; fired = advanceOnce(state, event.at)) {
          before.push(...changeFrames(watch, fired.services, state, 'deadline'));
        }
      }
      const services = evolve(state, event);
      return { before, after: changeFrames(watch, services, state, 'event') };
    },
  };
}
