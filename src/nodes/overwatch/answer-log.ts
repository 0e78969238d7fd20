/** A log line for each answer that changed, for operators who watch the node's output. */
import { answerOf } from '../../projections/answers.ts';
import { shown } from '../../projections/timeline.ts';
import type { Listener } from '../engine.ts';
import type { Logger } from '../logger.ts';

export function answerLog(logger: Logger): Listener {
  const told = new Map<string, string>();
  return ({ services, cause }, state) => {
    for (const service of services) {
      const answer = answerOf(state, service);
      const text = JSON.stringify(answer === undefined ? null : shown(answer));
      if (told.get(service) === text) continue;
      if (answer === undefined) told.delete(service);
      else told.set(service, text);
      const because = 'event' in cause ? { position: cause.event.position, type: cause.event.type } : { deadline: cause.deadline.kind };
      logger.info({ service, answer: JSON.parse(text), because }, 'answer changed');
    }
  };
}
