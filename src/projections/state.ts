/**
 * All folds together. `evolve` takes a fact in, `advance` lets time pass; both change the state that they own and name
 * the services whose answer may have changed. They are total, deterministic and silent. A state is named by
 * (position, at): folding the same facts to the same moment gives the same state, in however many steps (I3).
 */
import assert from 'node:assert/strict';
import type { Event } from '../events/event.ts';
import { assertNever } from './assert-never.ts';
import { thresholdsOf } from './checks.ts';
import { type ConfigurationInForce, evolveConfiguration, servicesOf } from './configuration.ts';
import { type Deadline, type Deadlines, noDeadlines, takeDue } from './deadlines.ts';
import { evolveHealth, forgetHealth, type Health } from './health.ts';
import { evolveOverrides, expireOverride, type Overrides } from './overrides.ts';
import { evolveRegistry, type Registry, serverOf } from './registry.ts';
import { evolveRequests, forgetRequest, type Requests } from './requests.ts';

export interface State {
  /** Position of the last event folded in; 0: none. */
  position: number;
  /** The moment that the state stands at. */
  at: number;
  configuration: ConfigurationInForce | undefined;
  readonly registry: Registry;
  readonly health: Health;
  readonly overrides: Overrides;
  readonly requests: Requests;
  /** When the answer of each service may last have changed: the serial of its zone. */
  readonly changedAt: Map<string, number>;
  /** Derived from the folds above. */
  readonly deadlines: Deadlines;
}

export function initialState(): State {
  return {
    position: 0,
    at: 0,
    configuration: undefined,
    registry: new Map(),
    health: new Map(),
    overrides: new Map(),
    requests: new Map(),
    changedAt: new Map(),
    deadlines: noDeadlines(),
  };
}

/** Names of services. */
export type Services = readonly string[];

const none: Services = [];

/** Takes one fact in, letting time pass up to it first. */
export function evolve(state: State, event: Event): Services {
  assert(event.position > state.position, 'I1: events are folded in the order of their positions');
  const passing = event.at > state.at ? advance(state, event.at) : none;
  assert.equal(event.at, state.at, 'I2: time never goes back');
  state.position = event.position;
  if (event.request !== undefined) evolveRequests(state.requests, state.deadlines, event, event.request);
  const changed = fold(state, event);
  for (const service of changed) touch(state, service);
  return passing.length === 0 ? changed : [...passing, ...changed];
}

function fold(state: State, event: Event): Services {
  switch (event.type) {
    case 'configuration.applied': {
      const before = [...servicesOf(state.configuration)];
      state.configuration = evolveConfiguration(event);
      for (const service of before) if (!state.configuration.domains.has(service)) state.changedAt.delete(service);
      return [...new Set([...before, ...servicesOf(state.configuration)])];
    }
    case 'server.registered':
    case 'server.updated':
      return evolveRegistry(state.registry, event) ? [event.data.service] : none;
    case 'server.deregistered': {
      const { service, address, port } = event.data;
      if (!evolveRegistry(state.registry, event)) return none;
      forgetHealth(state.health, service, address, port);
      return [service];
    }
    case 'validation.recorded': {
      const { service, address, port } = event.data;
      const server = serverOf(state.registry, service, address, port);
      if (server === undefined) return none;
      return evolveHealth(state.health, event, thresholdsOf(state.configuration, server)) ? [service] : none;
    }
    case 'override.set':
    case 'override.cleared':
      evolveOverrides(state.overrides, state.deadlines, event);
      return [event.data.service];
    case 'node.started':
    case 'node.stopped':
    case 'node.attested':
      return none;
    default:
      return assertNever(event);
  }
}

/** Something that happened by itself: what, when, and whose answers it may have changed. */
export interface Fired {
  readonly deadline: Deadline;
  readonly services: Services;
}

/** Fires the earliest deadline that is due at `to`, at its own moment; undefined, and the state stands at `to`, when none is left. */
export function advanceOnce(state: State, to: number): Fired | undefined {
  const deadline = takeDue(state.deadlines, to);
  if (deadline === undefined) {
    if (to > state.at) state.at = to;
    return undefined;
  }
  if (deadline.at > state.at) state.at = deadline.at;
  const services = fire(state, deadline);
  for (const service of services) touch(state, service);
  return { deadline, services };
}

function fire(state: State, { kind, key }: Deadline): Services {
  switch (kind) {
    case 'override-expires':
      return [expireOverride(state.overrides, key)];
    case 'request-forgotten':
      forgetRequest(state.requests, key);
      return none;
    default:
      return assertNever(kind);
  }
}

/** Notes that the answer of a service may have changed; one that is not served has none. */
function touch(state: State, service: string): void {
  if (state.configuration?.domains.has(service)) state.changedAt.set(service, state.at);
}

/** Lets time pass to `to`, firing every deadline on the way in its order. */
export function advance(state: State, to: number): Services {
  let changed: string[] | undefined;
  for (;;) {
    const fired = advanceOnce(state, to);
    if (fired === undefined) return changed ?? none;
    if (fired.services.length > 0) (changed ??= []).push(...fired.services);
  }
}
