/**
 * `evolve` takes a fact in, `advance` lets time pass; both change the state that they own and name the services whose
 * answer may have changed. They are total, deterministic and silent: the same facts to the same moment give the same
 * state, in however many steps (I3).
 */
import assert from 'node:assert/strict';
import type { DataOf, Event, EventOf } from '../events/event.ts';
import { evolveAgentDrain, forgetAgentDrain } from './agent-drains.ts';
import { assertNever } from './assert-never.ts';
import { evolveCheckpoint } from './checkpoint.ts';
import { thresholdsOf } from './checks.ts';
import { evolveConfiguration, servicesOf } from './configuration.ts';
import { type Deadline, dueAt, takeDue } from './deadlines.ts';
import {
  evolveAgentLeft,
  evolveBeats,
  evolveNodeStalled,
  evolveNodeStarted,
  evolveTrusted,
  silenceAgent,
  stepAgent,
} from './evolve-agents.ts';
import { evolveGeoMappings, servicesByPlace } from './geo-mappings.ts';
import { evolveHealth, forgetHealth, healthOf } from './health.ts';
import { evolveKeys, setKeyDeadlines } from './keys.ts';
import { staleSinceOf } from './liveness.ts';
import { endOverridesOfOthers, evolveOverrides, expireOverride } from './overrides.ts';
import { keptAfter } from './record-ttls.ts';
import { evolveRegistry, type Server, serverOf, serversOf } from './registry.ts';
import { evolveRequests, forgetRequest } from './requests.ts';
import type { State } from './state.ts';
import { updateStanding } from './update-standing.ts';
import { hasSucceededSince } from './verdict.ts';

type Target = Pick<DataOf<'override.set'>, 'service' | 'address' | 'port'>;

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
  if (showsLife(event)) state.livedAt = event.at;
  for (const service of changed) touch(state, service);
  return passing.length === 0 ? changed : [...passing, ...changed];
}

/** Whether the node was there before this: what it does to itself before it has started says nothing of that. */
function showsLife({ type, actor }: Event): boolean {
  return actor?.kind !== 'system' || type === 'node.started' || type === 'node.stopped' || type === 'node.attested';
}

function fold(state: State, event: Event): Services {
  switch (event.type) {
    case 'configuration.applied': {
      const before = [...servicesOf(state.configuration)];
      const was = state.configuration;
      state.configuration = evolveConfiguration(event);
      state.keptUntil = keptAfter(state.keptUntil, was, state.configuration);
      setKeyDeadlines(state, state.keys.keys());
      return [...new Set([...before, ...servicesOf(state.configuration)])];
    }
    case 'server.registered':
    case 'server.updated':
      return evolveServer(state, event);
    case 'server.deregistered': {
      const { service, address, port } = event.data;
      if (!evolveRegistry(state.registry, event)) return none;
      forgetHealth(state.health, service, address, port);
      forgetAgentDrain(state.agentDrains, service, address, port);
      return [service];
    }
    case 'validation.recorded': {
      const { service, address, port } = event.data;
      const server = serverOf(state.registry, service, address, port);
      if (server === undefined) return none;
      const recovers = recoversStale(state, server, event.data.ok);
      const flips = evolveHealth(state.health, event, thresholdsOf(state.configuration, server));
      return flips || recovers ? [service] : none;
    }
    case 'override.set':
    case 'override.cleared':
      evolveOverrides(state.overrides, state.deadlines, event, speakerFor(state, event.data));
      return [event.data.service];
    case 'log.checkpoint':
      // It says what stands, so it changes no answer; whoever folds from here on begins with the answers that it leads to.
      evolveCheckpoint(state, event);
      return none;
    case 'heartbeat.received':
      return evolveBeats(state, event);
    case 'drain.started':
    case 'drain.ended':
      if (!speaksFor(state, event.data)) return none;
      return evolveAgentDrain(state.agentDrains, event) ? [event.data.service] : none;
    case 'agent.pinned':
    case 'agent.rotated':
    case 'agent.revoked':
      return evolveTrusted(state, event);
    case 'agent.left':
      return evolveAgentLeft(state, event);
    case 'node.started':
      return evolveNodeStarted(state, event);
    case 'node.stalled':
      return evolveNodeStalled(state, event);
    case 'key.generated':
    case 'key.stage_entered':
    case 'key.imported':
    case 'key.removed':
      // Whom clients are sent to has nothing to do with who signs it.
      evolveKeys(state.keys, event);
      setKeyDeadlines(state, [event.data.zone]);
      return none;
    case 'geo_mapping.set':
    case 'geo_mapping.removed':
      state.geoMappings = evolveGeoMappings(state.geoMappings, event);
      return servicesByPlace(state);
    case 'agent.rejected':
    case 'key.refused':
    case 'gossip_key.rotated':
    case 'node.stopped':
    case 'node.attested':
    case 'clock.stepped':
    case 'log.gap':
      return none;
    default:
      return assertNever(event);
  }
}

/** A drain is its agent's, and a person's override is about the host that was there: neither outlives the agent's place. */
function evolveServer(state: State, event: EventOf<'server.registered' | 'server.updated'>): Services {
  const { service, address, port, agent } = event.data;
  const before = serverOf(state.registry, service, address, port)?.agent;
  // One text for a name that many things are kept by.
  if (!evolveRegistry(state.registry, event, state.configuration?.domains.get(service)?.name)) return none;
  if (before !== agent) forgetAgentDrain(state.agentDrains, service, address, port);
  if (agent !== undefined) endOverridesOfOthers(state.overrides, state.deadlines, { service, address, port, agent });
  return [service];
}

function speaksFor({ registry }: State, { agent, service, address, port }: DataOf<'drain.started'>): boolean {
  return serverOf(registry, service, address, port)?.agent === agent;
}

/** The agent that speaks for all servers that an override is on. */
function speakerFor({ registry }: State, { service, address, port }: Target): string | undefined {
  const on = [...serversOf(registry, service)].filter((server) => server.address === address && (port === null || server.port === port));
  const [first, ...others] = new Set(on.map(({ agent }) => agent));
  return others.length === 0 ? first : undefined;
}

/** Whether this is the first check since its agent is stale that speaks for the server; see `verdict.ts`. */
function recoversStale(state: State, server: Server, ok: boolean): boolean {
  const staleSince = ok && server.agent !== undefined ? staleSinceOf(state.liveness, server.agent) : null;
  if (staleSince === null) return false;
  const health = healthOf(state.health, server.service, server.address, server.port);
  return health !== undefined && !hasSucceededSince(health, staleSince);
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
  const again = dueAt(state.deadlines, deadline.kind, deadline.key);
  assert(
    again === undefined || again > deadline.at,
    `I2: ${deadline.kind} ${deadline.key} is due again at the moment at which it fired, so time would never pass it`,
  );
  return { deadline, services };
}

function fire(state: State, { kind, key }: Deadline): Services {
  switch (kind) {
    case 'override-expires':
      return [expireOverride(state.overrides, key)];
    case 'request-forgotten':
      forgetRequest(state.requests, key);
      return none;
    case 'answer-due':
      return [key];
    case 'agent-silent':
      return silenceAgent(state, key);
    case 'bleed-step':
      return stepAgent(state, key);
    case 'key-due':
      // Who keeps the keys hears of it; what is then done is a fact of its own.
      return none;
    default:
      return assertNever(kind);
  }
}

/** Notes that the answer of a service may have changed; one that is not served has none. */
function touch(state: State, service: string): void {
  updateStanding(state, service);
  if (state.configuration?.domains.has(service)) state.changedAt.set(service, state.at);
  else state.changedAt.delete(service);
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
