/**
 * Checks every backend from outside, each at its own interval, and hands over what was measured. A backend waits for its
 * moment, then for a slot, then for its check, and is only ever in one of these places; so it is never checked twice at
 * once. What the results mean is for others to say: a failure changes here only which lane the next check waits in.
 *
 *     assign, due, asked ──> queued ──slot──> running ──result──> waiting ──due──> queued ...
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { endpointText, entryOf } from '../../projections/endpoint.ts';
import type { Chance, Clock } from '../world.ts';
import { createAgenda } from './agenda.ts';
import type { CheckResult, CheckTarget } from './check.ts';
import type { Checks } from './checks.ts';
import { createSlots, type Lane } from './lanes.ts';

export interface ValidationTarget {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  /** From the start of a check to the start of the next, give or take a tenth. */
  readonly intervalMs: number;
  readonly target: CheckTarget;
}

/** The data of `validation.recorded`. */
export interface Validation extends CheckResult {
  readonly service: string;
  readonly address: string;
  readonly port: number;
}

export interface ValidatorOptions {
  readonly clock: Clock;
  /** Spreads the intervals, so that checks which began together do not stay together. */
  readonly chance: Chance;
  readonly checks: Checks;
  /** Checks that run at once; at least 2. */
  readonly maxConcurrent: number;
  /** Called once for each result, and never for a check whose target was removed or changed while it ran. */
  readonly record: (validation: Validation) => void;
}

export interface Validator {
  /**
   * The whole list of what is to be checked. What is unchanged keeps its schedule; what is new or changed is checked as
   * soon as there is a slot, in the order of the list; the rest is cancelled. Of two for one backend the last counts.
   */
  assign(targets: readonly ValidationTarget[]): void;
  /**
   * Checks now, before all that is merely due, and resolves with what was recorded when it is. A check that runs already
   * began too early to count: another one follows it. Backends that are removed meanwhile are left out.
   */
  checkNow(filter?: (target: ValidationTarget) => boolean): Promise<readonly Validation[]>;
  /** Whether every backend has had a result. New backends make it false again; changed ones do not. */
  allCheckedOnce(): boolean;
  /** Cancels everything, and resolves when the last check has ended. Nothing is recorded from here on. */
  stop(): Promise<void>;
}

/** One backend, in one of its places. */
interface Backend {
  readonly key: string;
  /** Undefined: removed, while its check still runs. */
  target: ValidationTarget | undefined;
  lane: Lane;
  wasChecked: boolean;
  running: AbortController | undefined;
  /** Who waits for the next check that begins; undefined is what they get where the backend is removed. */
  askers: ((validation: Validation | undefined) => void)[];
}

/** Intervals vary by this part of themselves, up and down. */
const jitter = 0.1;

export function createValidator({ clock, chance, checks, maxConcurrent, record }: ValidatorOptions): Validator {
  const backends = new Map<string, Backend>();
  const agenda = createAgenda<Backend>();
  const slots = createSlots<Backend>(maxConcurrent);
  let running = 0;
  let wake: { readonly at: number; readonly cancel: () => void } | undefined;
  let stopping: Promise<void> | undefined;
  let onIdle = () => {};

  /** Starts what may start, and sets the one timer for the earliest of what may not yet. */
  function go(): void {
    for (let next = slots.take(); next !== undefined; next = slots.take()) void check(next.item, next.lane);
    const at = agenda.next();
    if (at === wake?.at) return;
    wake?.cancel();
    wake = at === undefined ? undefined : { at, cancel: clock.wakeAt(at, () => onDue(at)) };
  }

  /** Being woken is what says that `at` has come: a clock that stands still must not stop the checks. */
  function onDue(at: number): void {
    wake = undefined;
    const to = Math.max(at, clock.now());
    for (let due = agenda.take(to); due !== undefined; due = agenda.take(to)) queue(due);
    go();
  }

  function queue(backend: Backend): void {
    agenda.drop(backend);
    slots.wait(backend, backend.lane, backend.askers.length > 0);
  }

  async function check(backend: Backend, lane: Lane): Promise<void> {
    const { target, askers } = backend;
    assert(target !== undefined && backend.running === undefined, 'only what is assigned is checked, and once at a time');
    backend.running = new AbortController();
    backend.askers = [];
    running += 1;
    const startedAt = clock.now();
    const result = await checks[target.target.type](target.target, backend.running.signal);
    backend.running = undefined;
    running -= 1;
    slots.free(lane);
    if (backend.target === target) {
      settle(backend, result.ok, startedAt + jittered(target.intervalMs));
      const { service, address, port } = target;
      const validation = { service, address, port, ...result };
      record(validation);
      for (const answer of askers) answer(validation);
    } else {
      backend.askers.unshift(...askers);
      resume(backend);
    }
    go();
    if (running === 0) onIdle();
  }

  /** After a check that counts: what it proved, and when the next one is. */
  function settle(backend: Backend, ok: boolean, nextAt: number): void {
    backend.wasChecked = true;
    backend.lane = ok ? 'proven' : 'unproven';
    if (backend.askers.length > 0) queue(backend);
    else agenda.put(backend, nextAt);
  }

  function jittered(intervalMs: number): number {
    return Math.round(intervalMs * (1 - jitter + 2 * jitter * chance()));
  }

  /** After a change of target: a running check is cancelled, and comes back here when it has ended. */
  function resume(backend: Backend): void {
    backend.lane = 'unproven';
    slots.leave(backend);
    if (backend.running !== undefined) backend.running.abort();
    else if (backend.target !== undefined) queue(backend);
    else forget(backend);
  }

  function forget(backend: Backend): void {
    agenda.drop(backend);
    backends.delete(backend.key);
    for (const answer of backend.askers) answer(undefined);
  }

  function replace(targets: ReadonlyMap<string, ValidationTarget>): void {
    for (const [key, backend] of backends) {
      if (targets.has(key)) continue;
      backend.target = undefined;
      backend.wasChecked = false;
      resume(backend);
    }
    for (const [key, target] of targets) {
      const backend = entryOf(backends, key, () => newBackend(key));
      if (isDeepStrictEqual(backend.target, target)) continue;
      backend.target = target;
      resume(backend);
    }
    go();
  }

  return {
    assign(targets) {
      if (stopping === undefined) replace(new Map(targets.map((target) => [keyOf(target), target])));
    },
    async checkNow(filter = () => true) {
      const asked = [...backends.values()].filter(({ target }) => target !== undefined && filter(target));
      const answers = asked.map((backend) => {
        const answer = new Promise<Validation | undefined>((resolve) => backend.askers.push(resolve));
        if (backend.running === undefined) queue(backend);
        return answer;
      });
      go();
      return (await Promise.all(answers)).filter((validation) => validation !== undefined);
    },
    allCheckedOnce() {
      for (const { target, wasChecked } of backends.values()) if (target !== undefined && !wasChecked) return false;
      return true;
    },
    stop() {
      stopping ??= new Promise((resolve) => {
        replace(new Map());
        onIdle = resolve;
        if (running === 0) resolve();
      });
      return stopping;
    },
  };
}

function newBackend(key: string): Backend {
  return { key, target: undefined, lane: 'unproven', wasChecked: false, running: undefined, askers: [] };
}

function keyOf({ service, address, port }: ValidationTarget): string {
  return `${service} ${endpointText(address, port)}`;
}
