/** The two clocks: the machine's, and one that a test or a simulation moves by hand. */
import type { Clock } from './world.ts';

/** `setTimeout` takes at most this many milliseconds; a longer wait is waited in pieces. */
const longestTimeout = 2 ** 31 - 1;

/** The machine's clock. A wall clock that was set back stands still here until it has caught up. */
export function systemClock(): Clock {
  let latest = 0;
  const now = () => {
    latest = Math.max(latest, Date.now());
    return latest;
  };
  return {
    now,
    wakeAt(at, wake) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const rest = at - now();
        timer = setTimeout(rest > longestTimeout ? arm : wake, Math.min(Math.max(rest, 0), longestTimeout));
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

export interface VirtualClock extends Clock {
  /** Moves to `to`, waking everything that is due on the way, each at its own moment. */
  moveTo(to: number): Promise<void>;
}

/** A clock that stands still until it is moved. */
export function virtualClock(start: number): VirtualClock {
  let current = start;
  let waiting: { at: number; wake: () => void }[] = [];
  return {
    now: () => current,
    wakeAt(at, wake) {
      const entry = { at, wake };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((other) => other !== entry);
      };
    },
    async moveTo(to) {
      for (;;) {
        const next = waiting.filter((entry) => entry.at <= to).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        waiting = waiting.filter((entry) => entry !== next);
        current = Math.max(current, next.at);
        next.wake();
        await new Promise((resolve) => setImmediate(resolve));
      }
      current = Math.max(current, to);
    },
  };
}
