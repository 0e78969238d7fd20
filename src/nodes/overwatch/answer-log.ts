/** A log line for each answer that changed, for operators who watch the node's output. */
import { answerOf } from '../../projections/answers.ts';
import type { State } from '../../projections/state.ts';
import { shown } from '../../projections/timeline.ts';
import type { Change, Listener } from '../engine.ts';
import type { Logger } from '../logger.ts';

/**
 * What is folded together is told together, once a service, because of what first named it: a thousand servers that come
 * in one batch are one line, not a thousand lines that each hold a longer answer.
 */
export function answerLog(logger: Pick<Logger, 'info'>): Listener {
  const told = new Map<string, string>();
  let untold = new Map<string, Change['cause']>();

  function tellAll(state: State): void {
    const causes = untold;
    untold = new Map();
    for (const [service, cause] of causes) {
      const answer = answerOf(state, service);
      const now = answer === undefined ? null : shown(answer);
      const text = JSON.stringify(now);
      if (told.get(service) === text) continue;
      if (answer === undefined) told.delete(service);
      else told.set(service, text);
      const because = 'event' in cause ? { position: cause.event.position, type: cause.event.type } : { deadline: cause.deadline.kind };
      logger.info({ service, answer: now, because }, 'answer changed');
    }
  }

  return ({ services, cause }, state) => {
    if (services.length === 0) return;
    if (untold.size === 0) queueMicrotask(() => tellAll(state));
    for (const service of services) if (!untold.has(service)) untold.set(service, cause);
  };
}
