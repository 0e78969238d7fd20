/** Asks an overwatch now and then what it thinks of the servers, so that a screen can show it beside what the client sees. */
import type { Clock } from '../world.ts';
import type { ServerStanding } from './overwatch-api.ts';

const standingsEveryMs = 250;

export interface FollowStandings {
  readonly clock: Clock;
  /** Gives undefined where nobody answers. */
  readonly ask: () => Promise<readonly ServerStanding[] | undefined>;
  readonly tell: (standings: readonly ServerStanding[]) => void;
}

/** Returns how to call it off. */
export function followStandings({ clock, ask, tell }: FollowStandings): () => void {
  let callOff = () => {};
  let stopped = false;
  const askOnce = async () => {
    const standings = await ask();
    if (stopped) return;
    if (standings !== undefined) tell(standings);
    callOff = clock.wakeAt(clock.now() + standingsEveryMs, () => void askOnce());
  };
  void askOnce();
  return () => {
    stopped = true;
    callOff();
  };
}
