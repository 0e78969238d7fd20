/** The two clocks: the machine's, and one that a test or a simulation moves by hand. Neither ever goes back. */
import type { Clock } from './world.ts';

/** `setTimeout` takes at most this many milliseconds; a longer wait is waited in pieces. */
const longestTimeout = 2 ** 31 - 1;

/** How much of the time that passes may go into nearing the wall clock: 10 ms a second. */
const slewMax = 0.01;
/** The wall clock's distance changed by more than this at once: somebody set it. */
const stepMs = 1_000;
/** A timer that is later than this was not merely waiting its turn. */
const stallMs = 1_000;
const watchEveryMs = 500;

/** What the wall clock would have said, and what it said. */
export interface ClockStep {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SystemClockOptions {
  /** Called from within `now`, once for each step. */
  readonly onStep?: (step: ClockStep) => void;
  /** Milliseconds since 1970. Default: the machine's. */
  readonly wall?: () => number;
  /** Milliseconds that never jump, with fractions. Default: the machine's. */
  readonly monotonic?: () => number;
}

/**
 * The machine's clock: begins at the wall clock and goes on by the monotonic one, so it cannot jump.
 *
 *     the wall clock is           moments
 *     a little off                near it, by at most 10 ms a second
 *     set forward or back         the same, and the step is told; what waits for a moment waits as long as it would have
 */
export function systemClock({ onStep = () => {}, wall = Date.now, monotonic = () => performance.now() }: SystemClockOptions = {}): Clock {
  let current = wall();
  let looked = monotonic();
  let distance = 0;
  const now = () => {
    const elapsed = Math.max(0, monotonic() - looked);
    looked += elapsed;
    const wallNow = wall();
    current += elapsed;
    const fromMs = Math.floor(current + distance);
    const isStep = Math.abs(wallNow - current - distance) > stepMs;
    current += Math.min(Math.max(wallNow - current, -slewMax * elapsed), slewMax * elapsed);
    distance = wallNow - current;
    if (isStep) onStep({ fromMs, toMs: wallNow });
    return Math.floor(current);
  };
  return {
    now,
    wakeAt(at, wake) {
      let timer: NodeJS.Timeout;
      // A timer counts monotonic time, of which a clock that is slowed down shows a little less.
      const look = () => (now() < at ? arm() : wake());
      const arm = () => {
        timer = setTimeout(look, Math.min(Math.max(at - now(), 0), longestTimeout));
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Says for how long the process did nothing though a timer was due: it was stopped, or starved. Looks at the clock often
 * enough, too, that a step is noticed when it happens. Returns how to call it off.
 */
export function watchTime(clock: Clock, onStall: (forMs: number) => void, monotonic = () => performance.now()): () => void {
  let due = monotonic() + watchEveryMs;
  const timer = setInterval(() => {
    const late = monotonic() - due;
    due = monotonic() + watchEveryMs;
    clock.now();
    if (late > stallMs) onStall(Math.round(late));
  }, watchEveryMs);
  timer.unref();
  return () => clearInterval(timer);
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
