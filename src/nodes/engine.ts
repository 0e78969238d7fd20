/**
 * The one loop: command -> decide -> append -> evolve -> publish. It takes a world and is the only one to append to its
 * log and to change its state, so a live node, a simulation and a replay differ in their world alone.
 *
 *     observations ──┐
 *     orders ────────┼─> one turn at a time ─> log ─> state ─> listeners
 *     deadlines ─────┘
 *
 * A turn is one of: let time pass; append the observations that have come in, as one batch; decide one order and append
 * its facts, synced. Nothing is folded before it is written, and time passes only between turns, so folding the log
 * later goes through the same states.
 */
import assert from 'node:assert/strict';
import { isRefusal, type Order, type Refusal } from '../commands/command.ts';
import { decide } from '../commands/decide.ts';
import type { Event, Fact } from '../events/event.ts';
import { type Batch, type EventSource, LogError } from '../events/log.ts';
import { type Deadline, earliestDeadline } from '../projections/deadlines.ts';
import { type AnswerChange, preview } from '../projections/preview.ts';
import { advanceOnce, evolve, initialState, type Services, type State } from '../projections/state.ts';
import type { World } from './world.ts';

/** Observations are on stable storage at most this long after they were appended. */
export const syncWithinMs = 50;

/** Observations that wait to be appended; more are dropped and counted (I9). */
const observationsMax = 65_536;
/** The largest batch of observations. */
const batchMax = 4_096;
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

export interface Engine {
  /** What has been folded so far. Only the engine changes it. */
  readonly state: State;
  /** Observations that were dropped because too many waited. */
  readonly dropped: number;
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

export function createEngine(world: World, listeners: readonly Listener[], onTrouble: (error: unknown) => void): Engine {
  const { clock, log } = world;
  const state = initialState();
  const observations: Fact[] = [];
  const orders: { readonly order: Order; readonly after: number; readonly settle: (outcome: Outcome) => void }[] = [];
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
  }

  async function carryOut(order: Order): Promise<Outcome> {
    const ruling = decide(order, state);
    if (isRefusal(ruling)) return ruling;
    if ('carriedOut' in ruling) return { events: await eventsAt(ruling.carriedOut.first, ruling.carriedOut.last), repeated: true };
    if (ruling.facts.length === 0) return { events: [], repeated: false };
    return { events: await append(ruling.facts, true), repeated: false };
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
    if (refusing !== undefined) return false;
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
      const outcome = await carryOut(next.order);
      orders.shift();
      next.settle(outcome);
      return true;
    }
    if (syncIsDue) {
      await log.sync();
      syncDone();
      return true;
    }
    return false;
  }

  async function turns(): Promise<void> {
    try {
      while (await oneTurn());
    } catch (error) {
      fail(error);
    }
  }

  /** The disk refuses: whoever waits is told, and DNS goes on with what is folded. Anything else is a broken invariant. */
  function fail(error: unknown): void {
    if (!(error instanceof LogError)) {
      running = false;
      throw error;
    }
    refusing = error;
    for (const { settle } of orders.splice(0)) settle(unavailable(error));
    onTrouble(error);
  }

  function turn(): void {
    if (!running || inTurn) return;
    inTurn = true;
    turning = turns().finally(() => {
      inTurn = false;
      turning = undefined;
      if (refusing === undefined && (observations.length > 0 || orders.length > 0 || syncIsDue)) turn();
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
    async fold(source, onBatch) {
      assert(!running, 'a running engine folds what it appends itself');
      for await (const batch of source.read({ from: state.position + 1 })) {
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
      if (observations.length >= observationsMax) dropped += 1;
      else observations.push(fact);
      turn();
    },
    execute(order) {
      if (stopped) return Promise.resolve(stopping);
      if (refusing !== undefined) return Promise.resolve(unavailable(refusing));
      if (orders.length >= ordersMax) return Promise.resolve(tooMany);
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
      syncDone();
      if (refusing === undefined) await log.sync();
    },
  };
}

const tooMany: Refusal = {
  refused: 'too-many-orders',
  error: `more than ${ordersMax} commands wait to be carried out`,
  remedy: 'repeat it later, with the same request key',
};

const stopping: Refusal = {
  refused: 'log-unavailable',
  error: 'the node is stopping and takes no more commands',
  remedy: 'repeat it when the node runs again, with the same request key',
};

function unavailable(error: LogError): Refusal {
  return { refused: 'log-unavailable', error: error.message, remedy: error.remedy };
}
