/**
 * The one loop: command -> decide -> append -> evolve -> publish. It takes a world and is the only one to append to its
 * log and to change its state, so a live node, a simulation and a replay differ in their world alone.
 *
 *     observations ──┐
 *     orders ────────┼─> one turn at a time ─> log ─> state ─> listeners
 *     deadlines ─────┘
 *
 * A turn is one of: let time pass; append the observations that have come in, as one batch; decide one order and append
 * its facts, synced; sync what is not. Nothing is folded before it is written, and time passes only between turns, so
 * folding the log later goes through the same states. An order that tells what somebody saw (`isObservation`) takes
 * effect before the disk has it, like any observation; it is settled when the disk has.
 *
 * While the disk refuses, DNS goes on:
 *
 *     the disk          observations                                                orders     and
 *     writes            appended, folded                                            decided    synced within 50 ms
 *     refuses           held by the log with their positions, folded                refused    opened again after 1, 2, 4 .. 30 s
 *     .. half full      the same, but what only repeats what is known is dropped    refused    the same
 *     .. full           dropped and not folded                                      refused    the same
 *     writes again      appended, folded; first what was held is written as it is   decided    `log.gap`, if something was dropped
 *
 * What is dropped is never folded, so the live state is at every moment what folding the log from zero will give.
 */
import assert from 'node:assert/strict';
import { isRefusal, type Order, type Refusal } from '../commands/command.ts';
import { decide, isObservation } from '../commands/decide.ts';
import type { Event, Fact } from '../events/event.ts';
import { type Batch, type EventSource, LogError } from '../events/log.ts';
import { type Deadline, earliestDeadline } from '../projections/deadlines.ts';
import { advanceOnce, evolve, type Services } from '../projections/evolve.ts';
import { type AnswerChange, preview } from '../projections/preview.ts';
import { isRepetition } from '../projections/repetition.ts';
import type { CarriedOut } from '../projections/requests.ts';
import { initialState, type State } from '../projections/state.ts';
import { noLongerHeld, stopping, tooMany, unavailable } from './engine-refusals.ts';
import { createGap } from './gap.ts';
import type { World } from './world.ts';

/** Observations are on stable storage at most this long after they were appended. */
export const syncWithinMs = 50;

/** Observations that wait to be appended; more are dropped and counted (I9). */
const observationsMax = 65_536;
/** The largest batch of observations. */
const batchMax = 4_096;
/** The log is opened again after a refusal, and then after twice as long each time, up to the most. */
const reopenAfterMs = 1_000;
const reopenAfterMsMax = 30_000;
/** Orders that wait their turn; more are refused (I9). */
const ordersMax = 1_024;

/** Something was folded in. `services` may have other answers now; often it is empty. */
export interface Change {
  readonly cause: { readonly event: Event } | { readonly deadline: Deadline };
  readonly at: number;
  readonly services: Services;
}

/** Called after each event and each fired deadline, while the state is as it left it. Must not throw. */
export type Listener = (change: Change, state: State) => void;

/** What became of an order. `events` are in the log, synced; `repeated`: the same order was carried out before. */
export type Outcome = { readonly events: readonly Event[]; readonly repeated: boolean } | Refusal;

interface GivenOrder {
  readonly order: Order;
  /** How many observations came in before it. */
  readonly after: number;
  readonly settle: (outcome: Outcome) => void;
}

export interface Engine {
  /** What has been folded so far. Only the engine changes it. */
  readonly state: State;
  /** Observations that were dropped since the start, because too many waited. */
  readonly dropped: number;
  /** Why no order is carried out: what the disk refuses with; undefined while it writes. */
  readonly refusing: LogError | undefined;
  /** Observations and orders that wait their turn. */
  readonly waiting: { readonly observations: number; readonly orders: number };
  /** Folds what a source holds, from where the state stands on: recovery, and replay. */
  fold(source: EventSource, onBatch?: (batch: Batch) => void): Promise<void>;
  /** Lets time pass to the clock's now, and goes on from there by itself. */
  start(): void;
  /** Takes in what was seen. Appended in order, with others, without waiting for the disk. */
  observe(fact: Fact): void;
  /** Decides when its turn comes; resolves when its facts are synced and folded, or with a refusal. */
  execute(order: Order): Promise<Outcome>;
  /** What an order would do: its facts and the change in answers, or its refusal. Nothing is appended. */
  dryRun(order: Order): { readonly facts: readonly Fact[]; readonly changes: readonly AnswerChange[] } | Refusal;
  /** Waits until all that came in is appended and synced, and takes in nothing more. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** What is folded already: a snapshot. Default: nothing. The engine changes it from here on. */
  readonly state?: State;
  /** The disk writes again, and what was held for it is on it. */
  readonly onRecovery?: () => void;
}

export function createEngine(
  world: World,
  listeners: readonly Listener[],
  onTrouble: (error: unknown) => void,
  { state = initialState(), onRecovery = () => {} }: EngineOptions = {},
): Engine {
  const { clock, log } = world;
  const observations: Fact[] = [];
  const orders: GivenOrder[] = [];
  /** What was carried out, and is settled with the next sync. */
  const unsettled: { readonly outcome: Outcome; readonly settle: GivenOrder['settle'] }[] = [];
  let running = false;
  let stopped = false;
  /** Set before the first turn begins: a listener may give an order while time passes in it. */
  let inTurn = false;
  let turning: Promise<void> | undefined;
  let callOffWake: (() => void) | undefined;
  let callOffSync: (() => void) | undefined;
  let syncIsDue = false;
  let dropped = 0;
  /** How many observations were appended; an order is decided `after` those that came in before it. */
  let appended = 0;
  let batchWasLast = false;
  /** Why the disk refuses; what is folded goes on being served. */
  let refusing: LogError | undefined;
  let reopenIsDue = false;
  let reopenWaitMs = reopenAfterMs;
  let callOffReopen: (() => void) | undefined;
  const gap = createGap();

  function publish(change: Change): void {
    for (const listener of listeners) listener(change, state);
  }

  function passTime(to: number): void {
    for (let fired = advanceOnce(state, to); fired !== undefined; fired = advanceOnce(state, to)) {
      publish({ cause: { deadline: fired.deadline }, at: state.at, services: fired.services });
    }
  }

  function foldBatch(batch: Batch): void {
    for (const event of batch.events) {
      if (event.at > state.at) passTime(event.at);
      publish({ cause: { event }, at: event.at, services: evolve(state, event) });
    }
  }

  /** Appends at the moment that the state stands at, so that what was decided there holds where it is folded. */
  async function append(facts: readonly Fact[], sync: boolean): Promise<readonly Event[]> {
    const batch = await log.append(facts, state.at, { sync });
    if (sync) syncDone();
    // A log that ends later than the clock's now is followed from its own end; the disk does not wait for the clock to catch up.
    else callOffSync ??= clock.wakeAt(Math.min(state.at, clock.now()) + syncWithinMs, askForSync);
    foldBatch(batch);
    return batch.events;
  }

  function askForSync(): void {
    syncIsDue = true;
    turn();
  }

  function syncDone(): void {
    syncIsDue = false;
    callOffSync?.();
    callOffSync = undefined;
    for (const { outcome, settle } of unsettled.splice(0)) settle(outcome);
  }

  async function carryOut({ order, settle }: GivenOrder): Promise<void> {
    const ruling = decide(order, state);
    if (isRefusal(ruling)) return settle(ruling);
    if ('carriedOut' in ruling) return settle(await repeatOf(ruling.carriedOut));
    if (ruling.facts.length === 0) return settle({ events: [], repeated: false });
    const sync = syncIsDue || !isObservation(order.command);
    const outcome = { events: await append(ruling.facts, sync), repeated: false };
    if (sync) settle(outcome);
    else unsettled.push({ outcome, settle });
  }

  async function repeatOf({ first, last }: CarriedOut): Promise<Outcome> {
    try {
      return { events: await eventsAt(first, last), repeated: true };
    } catch (error) {
      if (error instanceof LogError && error.code === 'log-dropped') return noLongerHeld(first);
      throw error;
    }
  }

  async function eventsAt(first: number, last: number): Promise<readonly Event[]> {
    const events: Event[] = [];
    for await (const batch of log.read({ from: first })) {
      events.push(...batch.events.filter(({ position }) => position >= first && position <= last));
      if (batch.last >= last) break;
    }
    return events;
  }

  async function oneTurn(): Promise<boolean> {
    passTime(clock.now());
    if (refusing !== undefined) return turnWithoutDisk();
    const told = gap.fact();
    if (told !== undefined) {
      await append([told], true);
      gap.told(told);
      return true;
    }
    const next = orders[0];
    // Batches and orders take turns, so that neither waits for as long as the others keep coming.
    const orderIsNext = next !== undefined && next.after <= appended && batchWasLast;
    if (observations.length > 0 && !orderIsNext) {
      const batch = observations.slice(0, batchMax);
      await append(batch, syncIsDue);
      observations.splice(0, batch.length);
      appended += batch.length;
      batchWasLast = true;
      return true;
    }
    if (next !== undefined) {
      batchWasLast = false;
      await carryOut(next);
      orders.shift();
      return true;
    }
    if (syncIsDue || unsettled.length > 0) {
      await log.sync();
      syncDone();
      return true;
    }
    return false;
  }

  async function turnWithoutDisk(): Promise<boolean> {
    if (reopenIsDue) {
      reopenIsDue = false;
      await reopen();
      return true;
    }
    if (observations.length === 0) return false;
    const batch = observations.splice(0, batchMax);
    appended += batch.length;
    if (log.heldBytes <= log.heldBytesMax / 2) hold(batch);
    // What repeats what is known depends on the fact before, so each is folded before the next is looked at.
    else for (const fact of batch) isRepetition(state, fact) ? drop(fact, 'repetitions') : hold([fact]);
    return true;
  }

  /** Folds what the log will write when the disk is back; drops what it has no room for. */
  function hold(facts: readonly Fact[]): void {
    const batch = log.hold(facts, state.at);
    if (batch !== undefined) foldBatch(batch);
    else for (const fact of facts) drop(fact, 'lost');
  }

  function drop(fact: Fact, why: 'repetitions' | 'lost'): void {
    dropped += 1;
    gap.note(fact, Math.max(state.at, clock.now()), why);
  }

  async function reopen(): Promise<void> {
    try {
      await log.reopen();
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      // The same again is no news.
      if (error.message !== refusing?.message) onTrouble(error);
      refuse(error);
      return;
    }
    refusing = undefined;
    reopenWaitMs = reopenAfterMs;
    syncDone();
    onRecovery();
  }

  /** Waits for the disk, unless what it lost is not to be had by waiting. */
  function refuse(error: LogError): void {
    refusing = error;
    if (error.code !== 'log-unavailable') return;
    callOffReopen = clock.wakeAt(clock.now() + reopenWaitMs, () => {
      reopenIsDue = true;
      turn();
    });
    reopenWaitMs = Math.min(2 * reopenWaitMs, reopenAfterMsMax);
  }

  async function turns(): Promise<void> {
    for (;;) {
      try {
        if (!(await oneTurn())) return;
      } catch (error) {
        fail(error);
      }
    }
  }

  /** The disk refuses: whoever waits is told, and DNS goes on. Anything else is a broken invariant. */
  function fail(error: unknown): void {
    if (!(error instanceof LogError)) {
      running = false;
      throw error;
    }
    for (const { settle } of [...unsettled.splice(0), ...orders.splice(0)]) settle(unavailable(error));
    refuse(error);
    onTrouble(error);
  }

  function turn(): void {
    if (!running || inTurn) return;
    inTurn = true;
    turning = turns().finally(() => {
      inTurn = false;
      turning = undefined;
      if (observations.length > 0 || reopenIsDue || (refusing === undefined && (orders.length > 0 || syncIsDue))) turn();
      else wakeAtDeadline();
    });
  }

  function wakeAtDeadline(): void {
    callOffWake?.();
    const next = running ? earliestDeadline(state.deadlines) : undefined;
    callOffWake = next && clock.wakeAt(next.at, turn);
  }

  return {
    state,
    get dropped() {
      return dropped;
    },
    get refusing() {
      return refusing;
    },
    get waiting() {
      return { observations: observations.length, orders: orders.length };
    },
    async fold(source, onBatch) {
      assert(!running, 'a running engine folds what it appends itself');
      // What begins with a checkpoint begins behind position 1.
      for await (const batch of source.read(state.position === 0 ? {} : { from: state.position + 1 })) {
        foldBatch(batch);
        onBatch?.(batch);
      }
    },
    start() {
      running = true;
      turn();
    },
    observe(fact) {
      if (stopped) return;
      if (observations.length >= observationsMax) drop(fact, 'lost');
      else observations.push(fact);
      turn();
    },
    execute(order) {
      if (stopped) return Promise.resolve(stopping);
      if (refusing !== undefined) return Promise.resolve(unavailable(refusing));
      if (orders.length >= ordersMax) return Promise.resolve(tooMany(ordersMax));
      return new Promise((settle) => {
        orders.push({ order, after: appended + observations.length, settle });
        turn();
      });
    },
    dryRun(order) {
      turn();
      const ruling = decide(order, state);
      if (isRefusal(ruling)) return ruling;
      const facts = 'facts' in ruling ? ruling.facts : [];
      return { facts, changes: preview(state, facts) };
    },
    async stop() {
      while (turning !== undefined) await turning;
      running = false;
      stopped = true;
      for (const { settle } of orders.splice(0)) settle(stopping);
      callOffWake?.();
      callOffReopen?.();
      syncDone();
      // The last chance for what is held.
      if (refusing?.code === 'log-unavailable') await reopen();
      callOffReopen?.();
      if (refusing === undefined) await log.sync();
    },
  };
}
