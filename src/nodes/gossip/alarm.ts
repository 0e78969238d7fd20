/**
 * One timer for the next moment at which the rules have something to do. A thread that was late, or asleep, finds its timers
 * before what came in meanwhile; that is read first, as long as there is any, so that nobody is condemned whose answer is
 * already here.
 */
import type { Clock } from '../world.ts';

/** Turns of the event loop, at most, that what came in meanwhile is waited for. */
const catchUpTurns = 256;

export interface Alarm {
  /** Rings at this moment, if it would have rung later: one that is too early does no harm. Infinity: never. */
  set(at: number): void;
  stop(): void;
}

/** `heard`: grows with whatever comes in. */
export function createAlarm(clock: Clock, heard: () => number, ring: () => void): Alarm {
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;
  let isStopped = false;

  const look = (turnsLeft: number, before: number): void => {
    const now = heard();
    if (now !== before && turnsLeft > 0) return void setImmediate(look, turnsLeft - 1, now);
    timer = undefined;
    if (!isStopped) ring();
  };

  return {
    set(at) {
      if (isStopped || (timer !== undefined && timer.at <= at)) return;
      timer?.cancel();
      timer = at === Infinity ? undefined : { at, cancel: clock.wakeAt(at, () => void setImmediate(look, catchUpTurns, -1)) };
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
