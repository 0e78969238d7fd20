/**
 * The one loop, on a log in memory and a clock that is moved by hand. The log is wrapped: a test may hold back what it
 * writes, to see what happens meanwhile, and may make it refuse.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRefusal } from '../../../src/commands/command.ts';
import { decide } from '../../../src/commands/decide.ts';
import type { Event, Fact } from '../../../src/events/event.ts';
import { type EventLog, LogError } from '../../../src/events/log.ts';
import { openMemoryLog } from '../../../src/events/memory-log.ts';
import { virtualClock } from '../../../src/nodes/clock.ts';
import {
  type Change,
  createEngine,
  type Engine,
  type EngineOptions,
  type Listener,
  type Outcome,
  syncWithinMs,
} from '../../../src/nodes/engine.ts';
import type { Clock } from '../../../src/nodes/world.ts';
import { answersDigest } from '../../../src/projections/answers.ts';
import { digest } from '../../../src/projections/digest.ts';
import {
  a,
  agent1,
  app,
  applying,
  at,
  b,
  beat,
  checked,
  clearingOverride,
  oneDomain,
  order,
  overridden,
  pinned,
  settingOverride,
  started,
  stateOf,
  times,
} from '../../given.ts';

/** Long enough for everything that needs no clock; nothing here waits for anything else. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

interface WatchedLog extends EventLog {
  /** Every append that was asked for. */
  readonly appends: readonly { readonly types: readonly Fact['type'][]; readonly at: number; readonly sync: boolean }[];
  /** How often a sync alone was asked for. */
  readonly syncs: number;
  /** From now on appends and syncs wait. */
  holdBack(): void;
  release(): void;
  /** From now on appends and syncs fail with this; undefined: the disk is back. */
  refuse(error: Error | undefined): void;
  /** Called as each append begins. */
  onAppend: (() => void) | undefined;
}

function watchedLog(heldBytesMax = 1_000_000): WatchedLog {
  const appends: { types: Fact['type'][]; at: number; sync: boolean }[] = [];
  let syncs = 0;
  let gate: Promise<void> = Promise.resolve();
  let open = () => {};
  let refusal: Error | undefined;
  const log = openMemoryLog({ node: 'test', heldBytesMax, refusal: () => (refusal instanceof LogError ? refusal : undefined) });
  const pass = async () => {
    await gate;
    if (refusal !== undefined && !(refusal instanceof LogError)) throw refusal;
  };
  return {
    ...log,
    onAppend: undefined,
    appends,
    get syncs() {
      return syncs;
    },
    get end() {
      return log.end;
    },
    get synced() {
      return log.synced;
    },
    get heldBytes() {
      return log.heldBytes;
    },
    async append(facts, at, options) {
      appends.push({ types: facts.map(({ type }) => type), at, sync: options.sync });
      this.onAppend?.();
      await pass();
      return log.append(facts, at, options);
    },
    async sync() {
      syncs += 1;
      await pass();
      return log.sync();
    },
    holdBack() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    release: () => open(),
    refuse(error) {
      refusal = error;
    },
  };
}

const start = 1_000_000;

function given(listeners: readonly Listener[] = [], log = watchedLog(), options: EngineOptions = {}) {
  const clock = virtualClock(start);
  const changes: Change[] = [];
  const troubles: unknown[] = [];
  const noteChange: Listener = (change) => void changes.push(change);
  const engine = createEngine({ clock, chance: () => 0, log }, [noteChange, ...listeners], (error) => troubles.push(error), options);
  return { clock, log, engine, changes, troubles };
}

/** A node that serves two servers; one failure takes a server down. */
async function running(listeners: readonly Listener[] = [], options: EngineOptions = {}, log = watchedLog()) {
  const world = given(listeners, log, options);
  world.engine.start();
  const health_check = { failure_threshold: 1 };
  await carriedOut(
    world.engine,
    applying(
      oneDomain([
        { address: a, health_check },
        { address: b, health_check },
      ]),
      { force: true },
    ),
  );
  world.engine.observe(checked(a, 'ok'));
  world.engine.observe(checked(b, 'ok'));
  await carriedOut(world.engine, { kind: 'startNode', version: '1' });
  return world;
}

/** The events of an order, once it is carried out and the engine has come to rest. */
async function carriedOut(engine: Engine, command: Parameters<typeof order>[0], key?: string): Promise<readonly Event[]> {
  const outcome = await engine.execute(order(command, key));
  assert.ok(!isRefusal(outcome), JSON.stringify(outcome));
  await settled();
  return outcome.events;
}

function refusedAs(outcome: Outcome | object): string | undefined {
  return isRefusal(outcome) ? outcome.refused : undefined;
}

async function eventsOf(log: EventLog): Promise<Event[]> {
  const events: Event[] = [];
  for await (const batch of log.read()) events.push(...batch.events);
  return events;
}

const diskFull = () => new LogError('log-unavailable', 'the disk is full', 'make room');

describe('observations', () => {
  it('that come in while a batch is written form the next one', async () => {
    const { engine, log } = await running();
    log.holdBack();
    const before = log.appends.length;
    for (const fact of times(4, checked(a, 'ok'))) engine.observe(fact);
    log.release();
    await settled();
    assert.deepEqual(
      log.appends.slice(before).map(({ types }) => types.length),
      [1, 3],
    );
  });

  it('are appended in order, in batches that have a largest size', async () => {
    const { engine, log } = given();
    for (let index = 0; index < 5_000; index++) engine.observe(checked(a, 'ok', { totalUs: index }));
    assert.equal(log.appends.length, 0, 'nothing is appended before the start');
    engine.start();
    await engine.stop();
    assert.deepEqual(
      log.appends.map(({ types }) => types.length),
      [4_096, 904],
    );
    const totals = (await eventsOf(log)).map(({ data }) => (data as { totalUs: number }).totalUs);
    assert.deepEqual(
      totals,
      Array.from({ length: 5_000 }, (_, index) => index),
    );
  });

  it('are dropped and counted where too many wait', async () => {
    const { engine, log } = given();
    for (const fact of times(65_536 + 3, started())) engine.observe(fact);
    assert.equal(engine.dropped, 3);
    assert.equal(log.appends.length, 0);
  });

  it('are not folded before they are written, nor published', async () => {
    const { engine, log, changes } = await running();
    const { position } = engine.state;
    const before = digest(engine.state);
    log.holdBack();
    changes.length = 0;
    engine.observe(checked(a, 'failed'));
    await settled();
    assert.equal(log.appends.at(-1)?.types[0], 'validation.recorded');
    assert.equal(digest(engine.state), before);
    assert.equal(changes.length, 0);
    log.release();
    await settled();
    assert.equal(engine.state.position, position + 1);
    assert.deepEqual(
      changes.map(({ services }) => services),
      [[app]],
    );
  });

  it('are appended at the moment of the clock', async () => {
    const { clock, engine, log } = await running();
    await clock.moveTo(start + 777);
    engine.observe(checked(a, 'ok'));
    await settled();
    assert.equal(log.appends.at(-1)?.at, start + 777);
    assert.equal(engine.state.at, start + 777);
  });
});

describe('syncing', () => {
  it('follows observations by 50 ms and no more', async () => {
    assert.equal(syncWithinMs, 50);
    const { clock, engine, log } = await running();
    engine.observe(checked(a, 'ok'));
    await settled();
    assert.equal(log.synced.position, log.end.position - 1);
    await clock.moveTo(start + 49);
    assert.equal(log.synced.position, log.end.position - 1);
    await clock.moveTo(start + 50);
    assert.equal(log.synced.position, log.end.position);
    assert.equal(log.syncs, 1);
  });

  it('is not put off by observations that follow', async () => {
    const { clock, engine, log } = await running();
    for (const moment of [0, 20, 40]) {
      await clock.moveTo(start + moment);
      engine.observe(checked(a, 'ok'));
      await settled();
    }
    await clock.moveTo(start + 50);
    assert.equal(log.synced.position, log.end.position);
    assert.equal(log.syncs, 1);
    await clock.moveTo(start + 10_000);
    assert.equal(log.syncs, 1, 'one sync for all of them');
  });

  it('happens again for what was observed after it', async () => {
    const { clock, engine, log } = await running();
    for (const moment of [0, 1_000]) {
      await clock.moveTo(start + moment);
      engine.observe(checked(a, 'ok'));
      await settled();
      await clock.moveTo(start + moment + 50);
      assert.equal(log.synced.position, log.end.position);
    }
    assert.equal(log.syncs, 2);
  });

  it('goes with the observations where some wait when it is due', async () => {
    const { clock, engine, log } = await running();
    engine.observe(checked(a, 'ok'));
    await settled();
    log.holdBack();
    engine.observe(checked(a, 'ok'));
    await settled();
    engine.observe(checked(a, 'ok'));
    await clock.moveTo(start + 60);
    log.release();
    await settled();
    assert.deepEqual(
      log.appends.slice(-3).map(({ sync }) => sync),
      [false, false, true],
    );
    assert.equal(log.syncs, 0);
  });

  it('is not lost, at whatever point of a turn it falls due', async () => {
    for (let later = 0; later < 60; later++) {
      const { clock, engine, log } = await running();
      engine.observe(checked(a, 'ok'));
      for (let turn = 0; turn < later; turn++) await Promise.resolve();
      await clock.moveTo(start + syncWithinMs);
      await settled();
      // Where the batch was written only after the clock had moved, its own time has passed already.
      await clock.moveTo(start + syncWithinMs);
      if (log.syncs === 0) assert.fail(`not synced when it falls due ${later} microtasks after the observation`);
    }
  });

  it('is saved where an order was synced meanwhile', async () => {
    const { clock, engine, log } = await running();
    engine.observe(checked(a, 'ok'));
    await carriedOut(engine, settingOverride(a, 'up'));
    assert.equal(log.synced.position, log.end.position);
    await clock.moveTo(start + 1_000);
    assert.equal(log.syncs, 0);
  });

  it('does not wait for a clock that is behind the log', async () => {
    const log = watchedLog();
    await log.append([started()], start + 3_600_000, { sync: true });
    const { clock, engine } = given([], log);
    await engine.fold(log);
    engine.start();
    engine.observe(started());
    await settled();
    assert.equal(log.end.at, start + 3_600_000, 'time never goes back');
    await clock.moveTo(start + 50);
    assert.equal(log.synced.position, 2);
  });
});

describe('an order', () => {
  it('is decided after the observations before it', async () => {
    const { engine, log } = await running();
    log.holdBack();
    engine.observe(checked(a, 'ok'));
    engine.observe(checked(b, 'failed'));
    const outcome = engine.execute(order(settingOverride(a, 'down')));
    log.release();
    assert.equal(refusedAs(await outcome), 'would-empty-service');
  });

  it('is decided after all of them, in however many batches', async () => {
    const { engine } = await running();
    for (const fact of times(9_000, checked(a, 'ok'))) engine.observe(fact);
    const [set] = await carriedOut(engine, settingOverride(a, 'down'));
    assert.equal(set?.position, engine.state.position);
    assert.equal(engine.state.position, 6 + 9_000 + 1);
  });

  it('is decided after the orders before it', async () => {
    const { engine } = await running();
    const outcomes = await Promise.all(
      [settingOverride(a, 'down'), settingOverride(b, 'down')].map((command) => engine.execute(order(command))),
    );
    assert.deepEqual(outcomes.map(refusedAs), [undefined, 'would-empty-service']);
  });

  it('gets its turn, however many observations keep coming', async () => {
    const { engine, log } = await running();
    const before = log.appends.length;
    let more = 100;
    log.onAppend = () => {
      if (more-- > 0) engine.observe(checked(b, 'ok'));
    };
    engine.observe(checked(b, 'ok'));
    const orders = [settingOverride(a, 'down'), settingOverride(a, 'up')].map((command) => engine.execute(order(command)));
    const moreWhenDecided = await Promise.all(orders.map((outcome) => outcome.then(() => more)));
    await engine.stop();
    assert.ok(Math.min(...moreWhenDecided) > 90, `observations still to come when they were decided: ${moreWhenDecided}`);
    const [seen, set] = ['validation.recorded', 'override.set'];
    assert.deepEqual(
      log.appends.slice(before, before + 5).map(({ types }) => types[0]),
      [seen, seen, set, seen, set],
      'after the two that were seen before it, each order has its turn after one batch',
    );
  });

  it('lets observations have their turn, however many orders wait', async () => {
    const { engine, log } = await running();
    log.holdBack();
    const orders = times(20, settingOverride(a, 'down')).map((command) => carriedOut(engine, command));
    engine.observe(checked(b, 'ok'));
    const before = log.appends.length;
    log.release();
    await Promise.all(orders);
    assert.ok(log.appends.slice(before, before + 2).some(({ types }) => types[0] === 'validation.recorded'));
  });

  it('is acknowledged when its facts are synced and folded', async () => {
    const { engine, log } = await running();
    const events = await carriedOut(engine, settingOverride(a, 'down'), 'key');
    assert.deepEqual(events, (await eventsOf(log)).slice(-1));
    assert.equal(events[0]?.position, log.synced.position);
    assert.equal(engine.state.position, log.synced.position);
    assert.equal(log.appends.at(-1)?.sync, true);
  });

  it('is not acknowledged before', async () => {
    const { engine, log } = await running();
    log.holdBack();
    let settledWith: Outcome | undefined;
    const outcome = engine.execute(order(settingOverride(a, 'down')));
    void outcome.then((is) => {
      settledWith = is;
    });
    await settled();
    assert.equal(settledWith, undefined);
    assert.equal(engine.state.overrides.size, 0);
    log.release();
    await outcome;
    assert.equal(engine.state.overrides.size, 1);
  });

  const seenBy = (agent: string, sequence = 2) =>
    order({ kind: 'receiveClaims', beat: { ...beat(sequence), agent, claims: { missedThreshold: 3, backends: [] } } });

  it('of what somebody saw takes effect at once, and is acknowledged when it is synced', async () => {
    const whenSeen = deferred();
    const { engine, log } = await running([
      ({ cause }) => {
        if (!('event' in cause) || cause.event.type !== 'heartbeat.received') return;
        log.holdBack();
        whenSeen.resolve();
      },
    ]);
    engine.observe(pinned());
    await settled();
    const told: Outcome[] = [];
    const outcome = engine.execute(seenBy(agent1)).then((is) => told.push(is));
    await whenSeen.promise;
    await settled();
    assert.ok(engine.state.claims.has(agent1), 'it is folded');
    assert.equal(log.appends.at(-1)?.sync, false);
    assert.equal(told.length, 0);
    log.release();
    await outcome;
    const [acknowledged] = told;
    assert.ok(acknowledged !== undefined && 'events' in acknowledged);
    assert.equal(acknowledged.events[0]?.position, log.synced.position);
    await engine.stop();
  });

  it('of what several saw shares one sync with the others', async () => {
    const { engine, log } = await running();
    const agents = ['web-1', 'web-2', 'web-3'];
    for (const agent of agents) engine.observe(pinned(agent));
    await carriedOut(engine, settingOverride(a, 'down'));
    const { syncs } = log;
    const [first, ...others] = await Promise.all(agents.map((agent) => engine.execute(seenBy(agent))));
    assert.equal(log.syncs, syncs + 1);
    for (const outcome of [first, ...others]) assert.ok(outcome !== undefined && 'events' in outcome && outcome.events.length > 0);
    assert.equal(log.synced.position, engine.state.position);
    await engine.stop();
  });

  it('of what somebody saw is acknowledged with a sync that came for another reason', async () => {
    const { engine, log } = await running();
    engine.observe(pinned());
    const { syncs } = log;
    const outcomes = await Promise.all([engine.execute(seenBy(agent1)), engine.execute(order(settingOverride(a, 'down')))]);
    assert.ok(outcomes.every((outcome) => 'events' in outcome));
    assert.equal(log.syncs, syncs);
    await engine.stop();
  });

  it('that is repeated gives the events of the first time and appends nothing', async () => {
    const { engine, log } = await running();
    await carriedOut(engine, settingOverride(a, 'drain'));
    await carriedOut(engine, settingOverride(a, 'drain', { authority: 'tool' }));
    const first = await carriedOut(engine, clearingOverride(a), 'key');
    assert.equal(first.length, 2);
    await carriedOut(engine, settingOverride(b, 'up'));
    const before = log.appends.length;
    assert.deepEqual(await engine.execute(order(clearingOverride(a), 'key')), { events: first, repeated: true });
    assert.equal(refusedAs(await engine.execute(order(clearingOverride(b), 'key'))), 'request-key-reused');
    assert.equal(log.appends.length, before);
  });

  it('that is repeated when the log no longer holds it is refused, and so is nothing else', async () => {
    const log = openMemoryLog({ node: 'test' });
    const engine = createEngine({ clock: virtualClock(1_000), chance: () => 0, log }, [], (error) => assert.fail(String(error)));
    engine.start();
    await engine.execute(order(applying(oneDomain([a, b]), { force: true })));
    await engine.execute(order(settingOverride(a, 'down'), 'key'));
    await engine.execute(order({ kind: 'takeCheckpoint' }));
    await log.dropBefore(log.end.position);
    const repeated = await engine.execute(order(settingOverride(a, 'down'), 'key'));
    assert.deepEqual(repeated, {
      refused: 'already-carried-out',
      error: 'this command was carried out before, at position 4, which the log no longer holds',
      remedy: 'look at what stands now, and use a new key for a new command',
    });
    assert.equal(engine.refusing, undefined);
    assert.ok(!isRefusal(await engine.execute(order(clearingOverride(a), 'other'))));

    const again = createEngine({ clock: virtualClock(1_000), chance: () => 0, log }, [], (error) => assert.fail(String(error)));
    await again.fold(log);
    assert.equal(digest(again.state), digest(engine.state), 'a log is folded from where it begins');
  });

  it('that is repeated gives its own events alone, also where a batch holds others', async () => {
    const log = watchedLog();
    const command = clearingOverride(a);
    const both = [overridden(a, 'down'), overridden(a, 'drain', { authority: 'tool' })];
    const ruling = decide(order(command, 'key'), stateOf(at(start, ...both)));
    assert.ok('facts' in ruling);
    await log.append(both, start, { sync: true });
    await log.append([started(), ...ruling.facts, started()], start, { sync: true });
    const { engine } = given([], log);
    await engine.fold(log);
    engine.start();
    const outcome = await engine.execute(order(command, 'key'));
    assert.ok(!isRefusal(outcome));
    assert.deepEqual(
      outcome.events.map(({ position, type }) => [position, type]),
      [
        [4, 'override.cleared'],
        [5, 'override.cleared'],
      ],
    );
  });

  it('that makes nothing true appends nothing', async () => {
    const { engine, log } = await running();
    const { configuration } = engine.state.configuration as NonNullable<typeof engine.state.configuration>;
    const before = log.appends.length;
    assert.deepEqual(await engine.execute(order(applying(configuration))), { events: [], repeated: false });
    assert.equal(log.appends.length, before);
  });

  it('is refused where too many wait', async () => {
    const { engine } = given();
    const waiting = times(1_024, settingOverride(a, 'down')).map((command) => engine.execute(order(command)));
    assert.equal(refusedAs(await engine.execute(order(settingOverride(a, 'down')))), 'too-many-orders');
    engine.start();
    assert.deepEqual(new Set((await Promise.all(waiting)).map(refusedAs)), new Set(['unknown-service']));
  });
});

describe('a dry run', () => {
  it('says what would be appended and what would change, and appends nothing', async () => {
    const { engine, log, changes } = await running();
    const before = { digest: digest(engine.state), end: log.end, changes: changes.length };
    const would = engine.dryRun(order(settingOverride(a, 'down')));
    assert.ok(!isRefusal(would));
    assert.deepEqual(
      would.facts.map(({ type, data }) => ({ type, data })),
      [overridden(a, 'down')],
    );
    assert.deepEqual(
      would.changes.map(({ service }) => service),
      [app],
    );
    assert.equal(would.changes[0]?.after?.families.A?.wheel.spokes.length, 1);
    await settled();
    assert.deepEqual({ digest: digest(engine.state), end: log.end, changes: changes.length }, before);
  });

  it('refuses what would be refused', async () => {
    const { engine } = await running();
    assert.equal(refusedAs(engine.dryRun(order(settingOverride('192.0.2.99', 'down')))), 'unknown-server');
  });

  it('of an order that was carried out would change nothing', async () => {
    const { engine } = await running();
    await carriedOut(engine, settingOverride(a, 'down'), 'key');
    assert.deepEqual(engine.dryRun(order(settingOverride(a, 'down'), 'key')), { facts: [], changes: [] });
  });

  it('speaks of now, not of the moment of the last event', async () => {
    const { clock, engine } = await running();
    await clock.moveTo(start + 60_000);
    const would = engine.dryRun(order(settingOverride(a, 'down', { expiresInMs: 1_000 })));
    assert.ok(!isRefusal(would));
    assert.deepEqual(would.facts[0]?.data, overridden(a, 'down', { until: start + 61_000 }).data);
  });
});

describe('deadlines', () => {
  it('take one timer, however much happens until they fire', async () => {
    const clock = virtualClock(start);
    let timers = 0;
    const counting: Clock = {
      now: clock.now,
      wakeAt(at, wake) {
        timers += 1;
        let counts = true;
        const end = () => {
          if (counts) timers -= 1;
          counts = false;
        };
        const callOff = clock.wakeAt(at, () => {
          end();
          wake();
        });
        return () => {
          end();
          callOff();
        };
      },
    };
    const engine = createEngine({ clock: counting, chance: () => 0, log: watchedLog() }, [], (error) => assert.fail(String(error)));
    engine.start();
    await carriedOut(engine, applying(oneDomain([a])));
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 86_400_000, force: true }));
    for (let turn = 0; turn < 20; turn++) {
      engine.observe(checked(a, 'ok'));
      await settled();
    }
    assert.equal(timers, 2, 'one for the deadline, one for the next sync');
    await engine.stop();
    assert.equal(timers, 0);
  });

  it('fire at their own moment, by themselves, and are published', async () => {
    const { clock, engine, changes } = await running();
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 500 }));
    await carriedOut(engine, settingOverride(b, 'drain', { expiresInMs: 800, force: true }));
    changes.length = 0;
    await clock.moveTo(start + 499);
    assert.equal(changes.length, 0);
    await clock.moveTo(start + 10_000);
    assert.deepEqual(
      changes.map(({ at, cause, services }) => ['event' in cause ? cause.event.type : cause.deadline.kind, at, services]),
      [
        ['override-expires', start + 500, [app]],
        ['override-expires', start + 800, [app]],
      ],
    );
    assert.equal(engine.state.overrides.size, 0);
  });

  it('never fire while something is being written', async () => {
    const { clock, engine, log, changes } = await running();
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 500 }));
    changes.length = 0;
    log.holdBack();
    engine.observe(checked(a, 'ok'));
    await clock.moveTo(start + 1_000);
    assert.deepEqual([changes.length, engine.state.at, engine.state.overrides.size], [0, start, 1]);
    log.release();
    await settled();
    assert.deepEqual(
      changes.map(({ at, cause }) => ['event' in cause ? cause.event.type : cause.deadline.kind, at]),
      [
        ['validation.recorded', start],
        ['override-expires', start + 500],
      ],
    );
    assert.equal(engine.state.at, start + 1_000);
  });

  it('that are due fire before an order is decided', async () => {
    const { clock, engine } = given();
    engine.start();
    await carriedOut(engine, applying(oneDomain([a])));
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 500, force: true }));
    const atDeadline = clock.moveTo(start + 500);
    assert.equal(refusedAs(await engine.execute(order(clearingOverride(a)))), 'unknown-override');
    await atDeadline;
  });

  it('that passed while the node was not running fire when it starts', async () => {
    const { engine, log } = await running();
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 500 }));
    const later = given([], log);
    await later.engine.fold(log);
    assert.equal(later.engine.state.overrides.size, 1);
    await later.clock.moveTo(start + 600);
    later.engine.start();
    await later.engine.stop();
    assert.equal(later.engine.state.overrides.size, 0);
  });

  it('may be answered with an order by whoever listens', async () => {
    const answered: Promise<Outcome>[] = [];
    const listener: Listener = ({ cause }) => {
      if ('deadline' in cause) answered.push(world.engine.execute(order({ kind: 'attestAnswers' })));
    };
    const world = await running([listener]);
    await carriedOut(world.engine, settingOverride(a, 'down', { expiresInMs: 500 }));
    await world.clock.moveTo(start + 500);
    const [outcome] = await Promise.all(answered);
    assert.ok(outcome !== undefined && !isRefusal(outcome));
    assert.deepEqual(
      outcome.events.map(({ type, at }) => [type, at]),
      [['node.attested', start + 500]],
    );
    assert.equal(world.log.appends.at(-1)?.types.length, 1);
    await world.engine.stop();
  });
});

describe('a log', () => {
  it('that another engine folds leads it to the same state (I3)', async () => {
    const first = await running();
    await carriedOut(first.engine, settingOverride(a, 'down', { expiresInMs: 500 }), 'key');
    for (const moment of [100, 499, 500, 501, 900]) {
      await first.clock.moveTo(start + moment);
      first.engine.observe(checked(b, moment % 2 === 0 ? 'failed' : 'ok'));
      await settled();
    }
    await carriedOut(first.engine, { kind: 'attestAnswers' });
    await first.engine.stop();
    const second = given([], first.log);
    const batches: number[] = [];
    await second.engine.fold(first.log, (batch) => batches.push(batch.first));
    assert.equal(digest(second.engine.state), digest(first.engine.state));
    assert.equal(answersDigest(second.engine.state), answersDigest(first.engine.state));
    assert.deepEqual(second.changes, first.changes);
    assert.deepEqual(batches.length, first.log.appends.length);
  });

  it('is folded on from where the state stands', async () => {
    const { engine, log } = given();
    await log.append([started(), started()], start, { sync: true });
    await engine.fold(log);
    await log.append([started()], start, { sync: true });
    await engine.fold(log);
    assert.equal(engine.state.position, 3);
  });

  it('is not folded by a running engine, which folds what it appends', async () => {
    const { engine, log } = await running();
    await assert.rejects(engine.fold(log), /running/);
  });
});

describe('a log that refuses', () => {
  it('refuses the order that it was for, and tells all who wait and who come later', async () => {
    const { engine, log, troubles } = await running();
    log.holdBack();
    const outcomes = [settingOverride(a, 'down'), settingOverride(b, 'drain')].map((command) => engine.execute(order(command)));
    log.refuse(diskFull());
    log.release();
    for (const outcome of await Promise.all([...outcomes, engine.execute(order(settingOverride(a, 'down')))])) {
      assert.deepEqual(outcome, { refused: 'log-unavailable', error: 'the disk is full', remedy: 'make room' });
    }
    assert.deepEqual(troubles, [diskFull()]);
  });

  it('keeps nothing from DNS: what is observed is folded at once, and published', async () => {
    const { engine, log, changes, troubles } = await running();
    changes.length = 0;
    log.refuse(diskFull());
    engine.observe(checked(a, 'failed'));
    await settled();
    engine.observe(checked(b, 'failed'));
    await settled();
    assert.deepEqual(
      changes.map(({ services }) => services),
      [[app], [app]],
    );
    assert.equal(log.synced.position, log.end.position - 2);
    assert.deepEqual([troubles, engine.refusing], [[diskFull()], diskFull()]);
    await engine.stop();
  });

  it('is noticed when a sync fails', async () => {
    const { clock, engine, log, troubles } = await running();
    engine.observe(checked(a, 'ok'));
    await settled();
    log.refuse(diskFull());
    await clock.moveTo(start + 50);
    assert.equal(troubles.length, 1);
    assert.equal(refusedAs(await engine.execute(order(settingOverride(a, 'down')))), 'log-unavailable');
  });

  it('is told to those whose word has taken effect and is not synced', async () => {
    const { engine, log, troubles } = await running([
      ({ cause }) => {
        if ('event' in cause && cause.event.type === 'heartbeat.received') log.refuse(diskFull());
      },
    ]);
    engine.observe(pinned());
    await settled();
    const said = { ...beat(2), agent: agent1, claims: { missedThreshold: 3, backends: [] } };
    const outcome = await engine.execute(order({ kind: 'receiveClaims', beat: said }));
    assert.equal(refusedAs(outcome), 'log-unavailable');
    assert.ok(engine.state.claims.has(agent1));
    assert.deepEqual(troubles, [diskFull()]);
    await engine.stop();
  });

  it('does not hold up time: what expires expires', async () => {
    const { clock, engine, log } = await running();
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 500 }));
    await carriedOut(engine, settingOverride(b, 'down', { expiresInMs: 800, force: true }));
    log.refuse(diskFull());
    engine.observe(checked(a, 'ok'));
    await settled();
    await clock.moveTo(start + 799);
    assert.equal(engine.state.overrides.get(app)?.size, 1);
    await clock.moveTo(start + 800);
    assert.equal(engine.state.overrides.size, 0);
  });

  it('is opened again after 1, 2, 4 .. 30 seconds, and told of once', async () => {
    const { clock, engine, log, troubles } = await running();
    const tries: number[] = [];
    const { reopen } = log;
    log.reopen = () => {
      tries.push((clock.now() - start) / 1_000);
      return reopen();
    };
    log.refuse(diskFull());
    engine.observe(checked(a, 'ok'));
    await settled();
    await clock.moveTo(start + 92_000);
    assert.deepEqual(tries, [1, 3, 7, 15, 31, 61, 91]);
    assert.deepEqual(troubles, [diskFull()]);
    log.refuse(new LogError('log-unavailable', 'the disk is gone', 'look for it'));
    await clock.moveTo(start + 121_000);
    assert.equal(troubles.length, 2);
  });

  it('and then writes again has everything, at the positions and moments at which it was folded (I3)', async () => {
    const recoveries: number[] = [];
    const { clock, engine, log } = await running([], { onRecovery: () => void recoveries.push(clock.now() - start) });
    engine.observe(checked(a, 'ok', { totalUs: 1 }));
    await settled();
    log.refuse(diskFull());
    for (const moment of [100, 200, 300]) {
      await clock.moveTo(start + moment);
      engine.observe(checked(a, 'failed', { totalUs: moment }));
      engine.observe(checked(b, 'ok', { totalUs: moment }));
      await settled();
    }
    assert.equal(refusedAs(await engine.execute(order(settingOverride(a, 'up')))), 'log-unavailable');
    const { position } = engine.state;
    log.refuse(undefined);
    await clock.moveTo(start + 2_000);
    assert.deepEqual(recoveries, [1_050]);
    assert.deepEqual([log.synced.position, engine.refusing, engine.dropped], [position, undefined, 0]);
    const [set] = await carriedOut(engine, settingOverride(a, 'up'));
    assert.equal(set?.position, position + 1);
    const later = given([], log);
    await later.engine.fold(log);
    assert.equal(digest(later.engine.state), digest(engine.state));
    assert.deepEqual(
      (await eventsOf(log)).slice(-8, -1).map(({ at }) => at - start),
      [0, 100, 100, 200, 200, 300, 300],
    );
    await engine.stop();
  });

  it('has what was held when it stops, if the disk is back by then', async () => {
    const { engine, log } = await running();
    log.refuse(diskFull());
    engine.observe(checked(a, 'failed'));
    await settled();
    log.refuse(undefined);
    await engine.stop();
    assert.equal(log.synced.position, engine.state.position);
  });

  it('for so long that room gets short: what repeats what is known is dropped, what changes it is kept, and the log says so', async () => {
    const { clock, engine, log } = await running([], {}, watchedLog(4_000));
    await clock.moveTo(start + 100);
    log.refuse(diskFull());
    for (let index = 0; index < 60; index++) engine.observe(checked(a, 'ok'));
    await settled();
    for (const result of ['ok', 'failed', 'failed', 'ok'] as const) {
      engine.observe(checked(b, result));
      await settled();
    }
    assert.equal(engine.state.health.get(app)?.get(`${b}:80`)?.status, 'down', 'one success is not enough');
    log.refuse(undefined);
    await clock.moveTo(start + 5_000);
    const gap = (await eventsOf(log)).at(-1);
    assert.ok(gap?.type === 'log.gap');
    assert.deepEqual(gap.data.dropped, [{ type: 'validation.recorded', repetitions: engine.dropped, lost: 0 }]);
    assert.ok(engine.dropped >= 2);
    const later = given([], log);
    await later.engine.fold(log);
    await later.clock.moveTo(engine.state.at);
    later.engine.start();
    assert.equal(digest(later.engine.state), digest(engine.state));
  });

  it('until there is no room at all: nothing that is dropped is folded, and the log says how much it was', async () => {
    const { clock, engine, log } = await running([], {}, watchedLog(1_000));
    log.refuse(diskFull());
    for (let index = 0; index < 40; index++) {
      engine.observe(checked(b, index % 2 === 0 ? 'failed' : 'ok'));
      await settled();
    }
    const { position } = engine.state;
    assert.equal(position, log.end.position);
    log.refuse(undefined);
    await clock.moveTo(start + 5_000);
    const events = await eventsOf(log);
    const gap = events.at(-1);
    assert.ok(gap?.type === 'log.gap' && gap.position === position + 1);
    assert.deepEqual(gap.data, {
      since: start,
      until: start,
      dropped: [{ type: 'validation.recorded', repetitions: 0, lost: engine.dropped }],
    });
    assert.equal(events.filter(({ type }) => type === 'validation.recorded').length + engine.dropped, 2 + 40);
    await clock.moveTo(start + 60_000);
    assert.equal(log.end.position, gap.position, 'it is said once');
  });

  it('because what was synced is gone is not tried again: there is nothing to go on from', async () => {
    const { clock, engine, log, troubles } = await running();
    log.refuse(diskFull());
    engine.observe(checked(a, 'ok'));
    await settled();
    log.refuse(new LogError('log-tail-lost', 'the end is gone', 'restore it'));
    await clock.moveTo(start + 1_000);
    log.refuse(undefined);
    await clock.moveTo(start + 100_000);
    assert.equal(engine.refusing?.code, 'log-tail-lost');
    assert.equal(troubles.length, 2);
    await engine.stop();
  });

  it('in a way that cannot be is a broken invariant, which ends the node', async () => {
    const { engine, log, troubles } = await running();
    const before = log.appends.length;
    log.refuse(new Error('positions do not follow'));
    engine.observe(checked(a, 'ok'));
    await assert.rejects(engine.stop(), /positions do not follow/);
    await settled();
    assert.equal(log.appends.length, before + 1, 'it does not try again');
    assert.deepEqual(troubles, []);
  });
});

describe('stopping', () => {
  it('waits until all that came in is appended and synced', async () => {
    const { engine, log } = await running();
    log.holdBack();
    for (const fact of times(3, checked(a, 'ok'))) engine.observe(fact);
    const outcome = engine.execute(order({ kind: 'stopNode', reason: 'asked' }));
    engine.observe(checked(b, 'ok'));
    const stopped = engine.stop();
    log.release();
    await stopped;
    assert.equal(refusedAs(await outcome), undefined);
    assert.equal((await eventsOf(log)).length, 6 + 3 + 2 + 1);
    assert.equal(log.synced.position, log.end.position);
  });

  it('syncs what was only appended', async () => {
    const { engine, log } = await running();
    engine.observe(checked(a, 'ok'));
    await settled();
    assert.notEqual(log.synced.position, log.end.position);
    await engine.stop();
    assert.equal(log.synced.position, log.end.position);
  });

  it('takes in nothing more, and says so', async () => {
    const { engine, log } = await running();
    await engine.stop();
    const { position } = log.end;
    engine.observe(checked(a, 'ok'));
    assert.equal(refusedAs(await engine.execute(order(settingOverride(a, 'down')))), 'log-unavailable');
    await settled();
    assert.equal(log.end.position, position);
    assert.deepEqual([engine.dropped, engine.waiting.observations], [0, 0]);
  });

  it('tells orders that were given before a start which never came', async () => {
    const { engine } = given();
    const outcome = engine.execute(order(settingOverride(a, 'down')));
    await engine.stop();
    assert.equal(refusedAs(await outcome), 'log-unavailable');
  });

  it('leaves nothing that would wake', async () => {
    const { clock, engine, log, changes } = await running();
    await carriedOut(engine, settingOverride(a, 'down', { expiresInMs: 500 }));
    engine.observe(checked(a, 'ok'));
    await engine.stop();
    changes.length = 0;
    const { syncs } = log;
    await clock.moveTo(start + 10_000);
    assert.equal(changes.length, 0);
    assert.equal(log.syncs, syncs);
  });
});
