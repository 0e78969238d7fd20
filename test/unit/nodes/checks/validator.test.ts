import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult, CheckTarget } from '../../../../src/nodes/checks/check.ts';
import { createValidator, type Validation, type ValidationTarget } from '../../../../src/nodes/checks/validator.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';

/** How a backend is when it is checked: how long it takes, and whether it is well. */
interface Behaviour {
  readonly takesMs: number;
  readonly ok: boolean;
}
const live: Behaviour = { takesMs: 5, ok: true };
const dead: Behaviour = { takesMs: 1_000, ok: false };

/** Lets what is under way go on, until checks that were cancelled have ended; no time passes. */
async function turn() {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** A validator in a world of scripted backends, each known by its port. */
function world(maxConcurrent: number, behaviour: (port: number, at: number) => Behaviour, chance = () => 0.5) {
  const clock = virtualClock(0);
  const started: { readonly port: number; readonly at: number }[] = [];
  const cancelled: number[] = [];
  const running = new Set<number>();
  const recorded: Validation[] = [];
  const most = { running: 0, timers: 0 };
  let timers = 0;
  const check = ({ port }: CheckTarget, signal: AbortSignal): Promise<CheckResult> => {
    assert.ok(!running.has(port), `backend ${port} is checked twice at once`);
    started.push({ port, at: clock.now() });
    running.add(port);
    most.running = Math.max(most.running, running.size);
    const { takesMs, ok } = behaviour(port, clock.now());
    return new Promise((resolve) => {
      const end = (isOk: boolean) => {
        running.delete(port);
        resolve({
          ok: isOk,
          status: null,
          error: isOk ? null : 'no',
          dnsUs: null,
          connectUs: null,
          tlsUs: null,
          firstByteUs: null,
          totalUs: 1,
        });
      };
      const callOff = clock.wakeAt(clock.now() + takesMs, () => end(ok));
      signal.addEventListener('abort', () => {
        callOff();
        cancelled.push(port);
        setImmediate(() => end(false));
      });
    });
  };
  const validator = createValidator({
    clock: {
      now: clock.now,
      wakeAt(at, wake) {
        timers += 1;
        most.timers = Math.max(most.timers, timers);
        const callOff = clock.wakeAt(at, () => {
          timers -= 1;
          wake();
        });
        return () => {
          timers -= 1;
          callOff();
        };
      },
    },
    chance,
    checks: { http: check, https: check, tcp: check },
    maxConcurrent,
    record: (validation) => recorded.push(validation),
  });
  const startsOf = (port: number) => started.filter((start) => start.port === port).map((start) => start.at);
  return { clock, validator, started, cancelled, running, recorded, most, startsOf };
}

function target(port: number, intervalMs = 1_000, path = '/'): ValidationTarget {
  const address = '192.0.2.1';
  const how: CheckTarget = {
    type: 'tcp',
    address,
    port,
    timeoutMs: 1_000,
    path,
    method: 'GET',
    headers: {},
    expectedStatus: [],
    verifyTls: true,
  };
  return { service: 'app.example.com', address, port, intervalMs, target: how };
}
const targets = (count: number, intervalMs = 1_000) => Array.from({ length: count }, (_, index) => target(index + 1, intervalMs));

test('a result is recorded under its backend, and the next check begins an interval after the last began', async () => {
  const { clock, validator, recorded, startsOf } = world(4, () => live);
  validator.assign([target(80)]);
  await clock.moveTo(3_500);
  assert.deepEqual(startsOf(80), [0, 1_000, 2_000, 3_000]);
  assert.equal(recorded.length, 4);
  assert.deepEqual(recorded[0], {
    service: 'app.example.com',
    address: '192.0.2.1',
    port: 80,
    ok: true,
    status: null,
    error: null,
    dnsUs: null,
    connectUs: null,
    tlsUs: null,
    firstByteUs: null,
    totalUs: 1,
  });
});

test('the interval varies by a tenth up and down, as chance says', async () => {
  const draws = [0, 1, 0.5];
  const { clock, validator, startsOf } = world(
    4,
    () => live,
    () => draws.shift() ?? 0.5,
  );
  validator.assign([target(80)]);
  await clock.moveTo(3_500);
  assert.deepEqual(startsOf(80), [0, 900, 2_000, 3_000]);
});

test('a check that outlasts the interval is followed at once, and never joined', async () => {
  const { clock, validator, startsOf } = world(4, () => ({ takesMs: 700, ok: true }));
  validator.assign([target(80, 200)]);
  await clock.moveTo(2_500);
  assert.deepEqual(startsOf(80), [0, 700, 1_400, 2_100]);
});

test('many new targets are checked in order, as fast as their half of the slots allows', async () => {
  const { clock, validator, started, most } = world(8, () => ({ takesMs: 10, ok: true }));
  validator.assign(targets(12, 60_000));
  await clock.moveTo(100);
  assert.deepEqual(
    started.map(({ port, at }) => [port, at]),
    targets(12).map(({ port }, index) => [port, Math.floor(index / 4) * 10]),
  );
  assert.equal(most.running, 4);
});

test('the dead take at most half of the slots, and the live keep their interval', async () => {
  const isDead = (port: number) => port > 10;
  const { clock, validator, startsOf, started, most } = world(16, (port) => (isDead(port) ? dead : live));
  validator.assign(targets(10, 200));
  await clock.moveTo(1_000);
  validator.assign([...targets(10, 200), ...targets(210, 200).slice(10)]);
  await clock.moveTo(61_000);
  for (let port = 1; port <= 10; port++) {
    const starts = startsOf(port);
    assert.deepEqual(
      starts,
      starts.map((_, index) => (starts[0] as number) + index * 200),
    );
    assert.equal(starts.at(-1), (starts[0] as number) + 304 * 200 + (starts[0] === 0 ? 200 : 0));
  }
  assert.ok(most.running <= 16);
  // Eight at a time, a second each, in turn: each of the 200 once in 25 s.
  const round = started.filter(({ port, at }) => isDead(port) && at >= 1_000 && at < 26_000).map(({ port }) => port);
  assert.deepEqual([round.length, new Set(round).size], [200, 200]);
});

test('a backend that recovers leaves the queue of the dead', async () => {
  const { clock, validator, startsOf } = world(4, (port, at) => (port > 1 || at < 5_000 ? dead : live));
  validator.assign(targets(20, 200));
  await clock.moveTo(60_000);
  const starts = startsOf(1);
  const recovered = starts.find((at) => at >= 5_000) as number;
  const after = starts.filter((at) => at >= recovered);
  assert.deepEqual(
    after,
    after.map((_, index) => recovered + index * 200),
  );
});

test('what is unchanged keeps its schedule, what is new or changed is checked at once, what is removed no more', async () => {
  const { clock, validator, startsOf } = world(8, () => live);
  validator.assign([target(1), target(2), target(3)]);
  await clock.moveTo(1_500);
  validator.assign([target(1), target(2, 1_000, '/other'), target(4)]);
  await clock.moveTo(3_200);
  assert.deepEqual([1, 2, 3, 4].map(startsOf), [
    [0, 1_000, 2_000, 3_000],
    [0, 1_000, 1_500, 2_500],
    [0, 1_000],
    [1_500, 2_500],
  ]);
});

test('a check whose target is removed or changed while it runs is cancelled and not recorded', async () => {
  const { clock, validator, startsOf, cancelled, recorded } = world(8, () => dead);
  validator.assign([target(1), target(2), target(3)]);
  await clock.moveTo(500);
  validator.assign([target(2, 1_000, '/other'), target(3)]);
  await turn();
  await clock.moveTo(1_600);
  assert.deepEqual(cancelled, [1, 2]);
  assert.deepEqual([1, 2, 3].map(startsOf), [[0], [0, 500, 1_500], [0, 1_000]]);
  assert.deepEqual(
    recorded.map(({ port }) => port),
    [3, 2],
  );
});

test('a backend that is removed and comes back while its old check ends is new, and not checked twice at once', async () => {
  const { clock, validator, startsOf, recorded } = world(8, () => dead);
  validator.assign([target(1)]);
  await clock.moveTo(1_500);
  validator.assign([]);
  assert.deepEqual(await validator.checkNow(({ port }) => port === 1), []);
  validator.assign([target(1)]);
  assert.deepEqual([startsOf(1), validator.allCheckedOnce()], [[0, 1_000], false]);
  await turn();
  await clock.moveTo(2_600);
  assert.deepEqual(startsOf(1), [0, 1_000, 1_500, 2_500]);
  assert.equal(recorded.length, 2);
});

test('a backend whose target changed must prove itself again', async () => {
  const { clock, validator, startsOf } = world(4, () => live);
  validator.assign(targets(4));
  await clock.moveTo(500);
  validator.assign(targets(4).map(({ port }) => target(port, 1_000, '/other')));
  await clock.moveTo(600);
  assert.deepEqual(
    [1, 2, 3, 4].map((port) => startsOf(port)[1]),
    [500, 500, 505, 505],
  );
});

test('a check on demand goes before what is due, and resolves with what was recorded', async () => {
  const { clock, validator, startsOf, recorded } = world(2, () => dead);
  validator.assign(targets(30, 60_000));
  await clock.moveTo(500);
  const answer = validator.checkNow(({ port }) => port === 30);
  await clock.moveTo(2_100);
  const validations = await answer;
  assert.deepEqual(startsOf(30), [1_000]);
  assert.deepEqual(
    validations.map(({ port, ok }) => [port, ok]),
    [[30, false]],
  );
  assert.ok(recorded.includes(validations[0] as Validation));
});

test('a check on demand of a waiting backend begins at once and restarts its interval', async () => {
  const { clock, validator, startsOf } = world(4, () => ({ takesMs: 200, ok: true }));
  validator.assign([target(1), target(2)]);
  await clock.moveTo(900);
  const answer = validator.checkNow();
  await clock.moveTo(2_000);
  assert.equal((await answer).length, 2);
  assert.deepEqual(startsOf(1), [0, 900, 1_900]);
});

test('a check that runs already began too early for who asks: another follows it, for all who asked', async () => {
  const { clock, validator, startsOf, recorded } = world(4, () => dead);
  validator.assign([target(1, 60_000)]);
  await clock.moveTo(500);
  const answers = Promise.all([validator.checkNow(), validator.checkNow()]);
  await clock.moveTo(2_500);
  assert.deepEqual(startsOf(1), [0, 1_000]);
  assert.deepEqual(await answers, [[recorded[1]], [recorded[1]]]);
});

test('who asked about a backend that is removed gets no answer about it, and of a changed one gets the new one', async () => {
  const { clock, validator, recorded } = world(8, () => dead);
  validator.assign([target(1, 60_000), target(2, 60_000), target(3, 60_000)]);
  await clock.moveTo(500);
  const runsAlready = validator.checkNow();
  await clock.moveTo(1_100);
  const waitsNoMore = validator.checkNow(({ port }) => port === 1);
  validator.assign([target(2, 60_000, '/other'), target(3, 60_000)]);
  await turn();
  await clock.moveTo(3_500);
  assert.deepEqual(await waitsNoMore, []);
  assert.deepEqual(
    (await runsAlready).map(({ port }) => port),
    [2, 3],
  );
  assert.deepEqual(
    recorded.map(({ port }) => port),
    [1, 2, 3, 3, 2],
  );
});

test('it says whether every backend has had a result', async () => {
  const { clock, validator } = world(8, () => dead);
  assert.equal(validator.allCheckedOnce(), true);
  validator.assign(targets(5));
  assert.equal(validator.allCheckedOnce(), false);
  await clock.moveTo(1_100);
  assert.equal(validator.allCheckedOnce(), false);
  await clock.moveTo(2_100);
  assert.equal(validator.allCheckedOnce(), true);
  validator.assign([...targets(4), target(5, 1_000, '/changed')]);
  assert.equal(validator.allCheckedOnce(), true);
  validator.assign(targets(6));
  assert.equal(validator.allCheckedOnce(), false);
});

test('a stop cancels what runs, waits for its end, records nothing and starts nothing more', async () => {
  const { clock, validator, running, recorded, cancelled, started } = world(4, () => dead);
  validator.assign(targets(5));
  await clock.moveTo(500);
  const asked = validator.checkNow();
  const stopped = validator.stop();
  assert.deepEqual(cancelled, [1, 2]);
  await stopped;
  assert.equal(running.size, 0);
  assert.deepEqual(await asked, []);
  await validator.stop();
  validator.assign(targets(5));
  assert.deepEqual(await validator.checkNow(), []);
  await clock.moveTo(10_000);
  assert.deepEqual([recorded.length, started.length], [0, 2]);
});

test('what is recorded may change the assignment at once', async () => {
  const { clock, validator, recorded, startsOf } = world(4, () => live);
  const push = recorded.push.bind(recorded);
  recorded.push = (validation) => {
    validator.assign([target(2)]);
    return push(validation);
  };
  validator.assign([target(1)]);
  await clock.moveTo(1_500);
  assert.deepEqual([startsOf(1), startsOf(2)], [[0], [5, 1_005]]);
});

test('a clock that stands still does not stop the checks', async () => {
  let wake = () => {};
  let count = 0;
  const result: CheckResult = {
    ok: true,
    status: null,
    error: null,
    dnsUs: null,
    connectUs: null,
    tlsUs: null,
    firstByteUs: null,
    totalUs: 1,
  };
  const check = () => Promise.resolve(result);
  const validator = createValidator({
    clock: {
      now: () => 0,
      wakeAt(_at, due) {
        wake = due;
        return () => {};
      },
    },
    chance: () => 0.5,
    checks: { http: check, https: check, tcp: check },
    maxConcurrent: 2,
    record: () => (count += 1),
  });
  validator.assign([target(1)]);
  for (let turns = 1; turns <= 3; turns++) {
    await turn();
    assert.equal(count, turns);
    wake();
  }
});

test('an hour of ten thousand backends needs one timer and no more checks at once than allowed', async () => {
  const { clock, validator, started, most, recorded } = world(256, (port) => (port % 100 === 0 ? dead : live), Math.random);
  validator.assign(targets(10_000, 1_800_000));
  await clock.moveTo(3_600_000);
  assert.ok(started.length >= 20_000 && started.length <= 30_000, `${started.length}`);
  assert.ok(recorded.length >= 20_000);
  assert.equal(most.timers, 1);
  assert.ok(most.running <= 256);
  await validator.stop();
});
