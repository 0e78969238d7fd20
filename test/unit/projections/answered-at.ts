/** What IPv4 clients could be told by a state, in few words. */
import { answerOf, type Tier } from '../../../src/projections/answers.ts';
import type { State } from '../../../src/projections/state.ts';
import { app } from '../../given.ts';

export interface Answerable {
  readonly tier: Tier | undefined;
  readonly A: readonly string[];
}

export function answeredAt(state: State): Answerable & { readonly weights?: readonly number[] } {
  const answer = answerOf(state, app)?.families.A;
  const spokes = answer?.wheel.spokes ?? [];
  const told = { tier: answer?.tier, A: spokes.flatMap(({ addresses }) => addresses) };
  return Object.defineProperty(told, 'weights', { value: spokes.map(({ weight }) => weight), enumerable: false });
}
