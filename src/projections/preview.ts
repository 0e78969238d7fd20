/** Looking ahead: what some facts would do to the answers, tried on a copy of the services concerned. */
import type { Event, Fact } from '../events/event.ts';
import { answerOf, type ServiceAnswer } from './answers.ts';
import { claimedServers } from './claims.ts';
import { servicesOf } from './configuration.ts';
import { noDeadlines } from './deadlines.ts';
import { evolve } from './evolve.ts';
import { servicesByPlace } from './geo-mappings.ts';
import type { BackendHealth } from './health.ts';
import { copyOfServers, serversOf } from './registry.ts';
import type { State } from './state.ts';

/** One service's answer without and with the facts; undefined where the configuration does not name it. */
export interface AnswerChange {
  readonly service: string;
  readonly before: ServiceAnswer | undefined;
  readonly after: ServiceAnswer | undefined;
}

/** What would change if these facts came next. The state stays as it is. */
export function preview(state: State, facts: readonly Fact[]): readonly AnswerChange[] {
  const services = [...servicesConcerned(state, facts)];
  if (services.length === 0) return [];
  const copy = copyOfServices(state, services, agentsConcerned(state, services, facts));
  for (const { request: _unremembered, ...fact } of facts) {
    evolve(copy, { position: copy.position + 1, at: copy.at, node: '', v: 0, ...fact } as Event);
  }
  return services.map((service) => ({ service, before: answerOf(state, service), after: answerOf(copy, service) }));
}

function servicesConcerned(state: State, facts: readonly Fact[]): Set<string> {
  const services = new Set<string>();
  for (const { type, data } of facts) {
    if (type === 'configuration.applied') {
      for (const service of servicesOf(state.configuration)) services.add(service);
      for (const domain of data.configuration.domains) services.add(domain.name);
    } else if ('service' in data) services.add(data.service);
    if (type === 'heartbeat.received') {
      for (const { agent, claims } of data.beats) {
        addServicesOf(state, agent, services);
        for (const { service } of claims?.backends ?? []) services.add(service);
      }
    }
    if (type === 'geo_mapping.set' || type === 'geo_mapping.removed') for (const service of servicesByPlace(state)) services.add(service);
    if (type === 'agent.revoked' || type === 'agent.left') addServicesOf(state, data.agent, services);
    if (type === 'node.started' || type === 'node.stalled')
      for (const agent of state.liveness.keys()) addServicesOf(state, agent, services);
  }
  return services;
}

function addServicesOf({ claims, registry }: State, agent: string, services: Set<string>): void {
  for (const { service } of claimedServers(claims, registry, agent)) services.add(service);
}

/** The agents that speak for servers of these services, and those whose claims come next. */
function agentsConcerned(state: State, services: readonly string[], facts: readonly Fact[]): Set<string> {
  const agents = new Set<string>();
  for (const service of services) {
    for (const { agent } of serversOf(state.registry, service)) if (agent !== undefined) agents.add(agent);
  }
  for (const { type, data } of facts) {
    if ('agent' in data && data.agent !== undefined) agents.add(data.agent);
    if (type === 'heartbeat.received') for (const { agent } of data.beats) agents.add(agent);
  }
  return agents;
}

/**
 * A state that holds these services alone and shares nothing that folding changes. What folds only ever replace is shared:
 * a service may have thousands of servers, and every order is tried.
 */
function copyOfServices(state: State, services: readonly string[], agents: ReadonlySet<string>): State {
  const some = <V>(from: ReadonlyMap<string, V>, keys: readonly string[], copy: (value: V) => V): [string, V][] =>
    keys.flatMap((key) => {
      const value = from.get(key);
      return value === undefined ? [] : [[key, copy(value)] as [string, V]];
    });
  const only = <V>(from: ReadonlyMap<string, V>, copy: (value: V) => V) => some(from, services, copy);
  const ofAgents = <V>(from: ReadonlyMap<string, V>, copy: (value: V) => V) => some(from, [...agents], copy);
  return {
    position: state.position,
    at: state.at,
    livedAt: state.livedAt,
    checkpoint: state.checkpoint,
    configuration: state.configuration,
    keptUntil: state.keptUntil,
    registry: new Map(only(state.registry, copyOfServers)),
    health: new Map(only(state.health, copyOfHealth)),
    overrides: new Map(only(state.overrides, (overrides) => new Map(overrides))),
    trust: new Map(ofAgents(state.trust, (pin) => ({ ...pin }))),
    liveness: new Map(ofAgents(state.liveness, (liveness) => ({ ...liveness }))),
    claims: new Map(ofAgents(state.claims, (claims) => claims)),
    agentDrains: new Map(only(state.agentDrains, (drains) => new Map(drains))),
    bleeds: new Map(ofAgents(state.bleeds, (bleed) => bleed)),
    // No answer depends on who signs it.
    keys: new Map(),
    geoMappings: state.geoMappings,
    requests: new Map(),
    standings: new Map(only(state.standings, (standing) => standing)),
    changedAt: new Map(),
    deadlines: noDeadlines(),
  };
}

function copyOfHealth(backends: ReadonlyMap<string, BackendHealth>): Map<string, BackendHealth> {
  return new Map([...backends].map(([key, backend]) => [key, { ...backend, against: [...backend.against] }]));
}
