/** The two clocks: the machine's keeps its promises with real timers, the virtual one wakes in order and only when moved. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { type ClockStep, systemClock, virtualClock, watchTime } from '../../../src/nodes/clock.ts';

describe("the machine's clock", () => {
  it('wakes at the moment or soon after, and not in the same turn', async () => {
    const clock = systemClock();
    let woken = false;
    const at = clock.now() + 5;
    const waking = new Promise<void>((resolve) => {
      clock.wakeAt(at, () => {
        woken = true;
        resolve();
      });
    });
    assert.equal(woken, false);
    await waking;
    // A timer counts by the monotonic clock, which may be a millisecond ahead of the wall clock.
    assert.ok(clock.now() >= at - 1);
  });

  it('wakes in the next turn for a moment that has passed', async () => {
    const clock = systemClock();
    let woken = false;
    const waking = new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() - 1_000, () => {
        woken = true;
        resolve();
      });
    });
    assert.equal(woken, false);
    await waking;
  });

  it('does not wake what was called off', async () => {
    const clock = systemClock();
    const woken: string[] = [];
    const callOff = clock.wakeAt(clock.now(), () => woken.push('called off'));
    const waking = new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() + 2, resolve);
    });
    callOff();
    await waking;
    assert.deepEqual(woken, []);
  });

  it('waits longer than one timer can, and can be called off then too', async () => {
    const clock = systemClock();
    let woken = false;
    const callOff = clock.wakeAt(clock.now() + 2 ** 31 + 1_000, () => {
      woken = true;
    });
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() + 5, resolve);
    });
    callOff();
    assert.equal(woken, false, 'a timer that is set for too long fires at once');
  });

  it('never sets a timer for longer than a timer can be, which would fire at once', () => {
    const timers = mock.method(globalThis, 'setTimeout');
    try {
      const clock = systemClock();
      clock.wakeAt(clock.now() + 2 ** 32, () => {})();
      assert.equal(timers.mock.calls[0]?.arguments[1], 2 ** 31 - 1);
    } finally {
      timers.mock.restore();
    }
  });

  it('waits in pieces for what is farther away than one timer can be', () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000 });
    try {
      const woken: number[] = [];
      const clock = systemClock({ monotonic: () => Date.now() });
      clock.wakeAt(1_000 + 2 ** 31 + 5_000, () => woken.push(clock.now()));
      mock.timers.tick(2 ** 31 - 1);
      mock.timers.tick(5_000);
      assert.deepEqual(woken, []);
      mock.timers.tick(1);
      assert.deepEqual(woken, [1_000 + 2 ** 31 + 5_000]);
    } finally {
      mock.timers.reset();
    }
  });

  /** A clock whose two sources are moved by hand. */
  function byHand() {
    const source = { wall: 1_000_000, monotonic: 77.5 };
    const steps: ClockStep[] = [];
    const clock = systemClock({ wall: () => source.wall, monotonic: () => source.monotonic, onStep: (step) => steps.push(step) });
    return {
      clock,
      steps,
      /** Lets time pass: so much by the one, and so much by the other. */
      pass(monotonic: number, wall = monotonic) {
        source.monotonic += monotonic;
        source.wall += wall;
        return clock.now() - 1_000_000;
      },
    };
  }

  it('follows the wall clock where it goes right', () => {
    const { pass, steps } = byHand();
    assert.deepEqual([pass(0), pass(10), pass(3_600_000), pass(0.4)], [0, 10, 3_600_010, 3_600_010]);
    assert.deepEqual(steps, []);
  });

  it('nears a wall clock that is a little off by at most 10 ms a second, and then stays with it', () => {
    const { pass, steps } = byHand();
    assert.deepEqual([pass(1_000, 1_025), pass(1_000), pass(1_000), pass(1_000)], [1_010, 2_020, 3_025, 4_025]);
    const slow = byHand();
    assert.deepEqual([slow.pass(1_000, 985), slow.pass(1_000), slow.pass(1_000)], [990, 1_985, 2_985]);
    assert.deepEqual([...steps, ...slow.steps], []);
  });

  it('goes on as before when the wall clock is set, in either direction, and tells it once', () => {
    for (const set of [3_600_000, -3_600_000]) {
      const { pass, steps } = byHand();
      pass(1_000);
      const sign = Math.sign(set);
      assert.deepEqual([pass(1_000, 1_000 + set), pass(1_000), pass(0)], [2_000 + 10 * sign, 3_000 + 20 * sign, 3_000 + 20 * sign]);
      assert.deepEqual(steps, [{ fromMs: 1_002_000, toMs: 1_002_000 + set }]);
      pass(1_000, 1_000 - set);
      assert.deepEqual(steps.length, 2, 'set right again is another step');
    }
  });

  it('never goes back, whatever the two do', () => {
    const { pass } = byHand();
    let before = 0;
    for (let index = 0; index < 500; index++) {
      const now = pass((index * 7) % 13, ((index * 7919) % 4_001) - 2_000);
      assert.ok(now >= before, `${now} after ${before}`);
      before = now;
    }
  });
});

describe('the watch on time', () => {
  it('says for how long the process did nothing, and has the clock looked at', () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      let monotonic = 0;
      let looks = 0;
      const stalls: number[] = [];
      const clock = { ...virtualClock(0), now: () => ++looks };
      const callOff = watchTime(
        clock,
        (forMs) => stalls.push(forMs),
        () => monotonic,
      );
      for (const passed of [500, 1_400, 500, 2_600]) {
        monotonic += passed;
        mock.timers.tick(500);
      }
      assert.deepEqual([stalls, looks], [[2_100], 4]);
      callOff();
      monotonic += 10_000;
      mock.timers.tick(500);
      assert.equal(looks, 4);
    } finally {
      mock.timers.reset();
    }
  });
});

describe('a virtual clock', () => {
  it('stands still until it is moved, and does not go back', async () => {
    const clock = virtualClock(100);
    assert.equal(clock.now(), 100);
    await clock.moveTo(150);
    await clock.moveTo(120);
    assert.equal(clock.now(), 150);
  });

  it('wakes everything on the way, each at its own moment, earliest first', async () => {
    const clock = virtualClock(0);
    const woken: string[] = [];
    const note = (name: string) => () => void woken.push(`${name} at ${clock.now()}`);
    clock.wakeAt(20, note('second'));
    clock.wakeAt(10, note('first'));
    clock.wakeAt(20, note('third'));
    clock.wakeAt(31, note('later'));
    await clock.moveTo(30);
    assert.deepEqual(woken, ['first at 10', 'second at 20', 'third at 20']);
    assert.equal(clock.now(), 30);
    await clock.moveTo(31);
    assert.equal(woken.length, 4);
  });

  it('wakes once, what was set while it moved too, and nothing that was called off', async () => {
    const clock = virtualClock(0);
    const woken: number[] = [];
    const callOff = clock.wakeAt(15, () => woken.push(-1));
    clock.wakeAt(10, () => {
      woken.push(clock.now());
      callOff();
      clock.wakeAt(20, () => woken.push(clock.now()));
    });
    await clock.moveTo(100);
    await clock.moveTo(200);
    assert.deepEqual(woken, [10, 20]);
  });

  it('wakes for a moment that has passed when it next moves, without going back', async () => {
    const clock = virtualClock(100);
    const woken: number[] = [];
    clock.wakeAt(50, () => woken.push(clock.now()));
    await clock.moveTo(100);
    assert.deepEqual(woken, [100]);
  });

  it('lets what it woke do its work before it goes on', async () => {
    const clock = virtualClock(0);
    const seen: number[] = [];
    clock.wakeAt(10, () => void Promise.resolve().then(() => Promise.resolve().then(() => seen.push(clock.now()))));
    await clock.moveTo(100);
    assert.deepEqual(seen, [10]);
  });
});
