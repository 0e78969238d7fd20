/**
 * Whether an observation only says again what is known, so that a node which is short of room may drop it: with it and
 * without it every later fact leads to the same answers. What is lost is when it was last seen so.
 *
 *     result of a check of a server    that has a status   like its last result   nothing collected against its status   its agent is stale
 *     repetition                       yes                 yes                    yes                                    no
 *     not                              any other case
 */
import type { Fact } from '../events/event.ts';
import { healthOf } from './health.ts';
import { staleSinceOf } from './liveness.ts';
import { serverOf } from './registry.ts';
import type { State } from './state.ts';

export function isRepetition(state: State, { type, data }: Fact): boolean {
  if (type !== 'validation.recorded') return false;
  const known = healthOf(state.health, data.service, data.address, data.port);
  if (known === undefined || known.last.ok !== data.ok || known.against.length > 0) return false;
  const agent = serverOf(state.registry, data.service, data.address, data.port)?.agent;
  return agent === undefined || staleSinceOf(state.liveness, agent) === null;
}
