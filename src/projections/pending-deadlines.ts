/** The deadlines that follow from the folds, for a state that did not come about by folding: from a snapshot or a checkpoint. */
import { type DeadlineKind, deadlineKinds, forgetDeadlines, setDeadline } from './deadlines.ts';
import { keyDueAt } from './keys.ts';
import type { State } from './state.ts';

/** Whatever was set before is called off. */
export function setPendingDeadlines(state: State): void {
  forgetDeadlines(state.deadlines);
  for (const kind of deadlineKinds) {
    for (const [key, at] of pending[kind](state)) setDeadline(state.deadlines, kind, key, at);
  }
}

/** From where in the folds the deadlines of each kind are known. */
const pending: Readonly<Record<DeadlineKind, (state: State) => Iterable<readonly [key: string, at: number | null]>>> = {
  *'override-expires'({ overrides }) {
    for (const [service, ofService] of overrides) {
      for (const [key, { until }] of ofService) yield [`${service} ${key}`, until];
    }
  },
  *'request-forgotten'({ requests }) {
    for (const [key, { until }] of requests) yield [key, until];
  },
  *'answer-due'({ standings }) {
    for (const [service, { dueAt }] of standings) yield [service, dueAt];
  },
  *'agent-silent'({ liveness }) {
    for (const [agent, { until }] of liveness) yield [agent, until];
  },
  *'bleed-step'({ bleeds }) {
    for (const [agent, { nextAt }] of bleeds) yield [agent, nextAt];
  },
  *'key-due'(state) {
    for (const zone of state.keys.keys()) yield [zone, keyDueAt(state, zone)];
  },
};
