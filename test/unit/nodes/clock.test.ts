/** The two clocks: the machine's keeps its promises with real timers, the virtual one wakes in order and only when moved. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { systemClock, virtualClock } from '../../../src/nodes/clock.ts';

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

  it('stands still while the wall clock is set back', () => {
    const wall = mock.method(Date, 'now', () => 5_000);
    try {
      const clock = systemClock();
      assert.equal(clock.now(), 5_000);
      wall.mock.mockImplementation(() => 4_000);
      assert.equal(clock.now(), 5_000);
      wall.mock.mockImplementation(() => 5_001);
      assert.equal(clock.now(), 5_001);
    } finally {
      wall.mock.restore();
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
