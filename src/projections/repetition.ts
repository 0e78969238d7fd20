/**
 * Whether an observation only says again what is known, so that a node which is short of room may drop it: with it and
 * without it every later fact leads to the same answers. What is lost is when it was last seen so.
 *
 *     result of a check of a server    that has a status   like its last result   nothing collected against its status
 *     repetition                       yes                 yes                    yes
 *     not                              any other case
 */
import type { Fact } from '../events/event.ts';
import { healthOf } from './health.ts';
import type { State } from './state.ts';

export function isRepetition(state: State, { type, data }: Fact): boolean {
  if (type !== 'validation.recorded') return false;
  const known = healthOf(state.health, data.service, data.address, data.port);
  return known !== undefined && known.last.ok === data.ok && known.against.length === 0;
}
