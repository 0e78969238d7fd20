/**
 * What a command may not do unless it is forced: leave a name with too few fit servers. A command that does not take any
 * away is never refused, however few there are.
 */
import type { Fact } from '../events/event.ts';
import type { ServiceAnswer } from '../projections/answers.ts';
import { preview } from '../projections/preview.ts';
import type { State } from '../projections/state.ts';
import type { Refusal } from './command.ts';

export function guard(facts: readonly Fact[], state: State): Refusal | undefined {
  const least = state.configuration?.configuration.guards.min_fit_servers ?? 0;
  if (least === 0) return undefined;
  for (const { service, before, after } of preview(state, facts)) {
    const left = fitServers(after);
    if (after === undefined || left >= least || left >= fitServers(before)) continue;
    return {
      refused: 'would-empty-service',
      error: `${service} would be left with ${left === 0 ? 'no fit server' : `${left} of at least ${least} fit servers`}`,
      remedy: 'bring another server up first, or repeat it with force and a reason',
    };
  }
  return undefined;
}

function fitServers(answer: ServiceAnswer | undefined): number {
  return answer?.candidates.filter(({ tier }) => tier === 'fit').length ?? 0;
}
