/** Looking ahead: what some facts would do to the answers, tried on a copy of the services concerned. */
import type { Event, Fact } from '../events/event.ts';
import { answerOf, type ServiceAnswer } from './answers.ts';
import { servicesOf } from './configuration.ts';
import { noDeadlines } from './deadlines.ts';
import { evolve } from './evolve.ts';
import type { BackendHealth } from './health.ts';
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
  const copy = copyOfServices(state, services);
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
  }
  return services;
}

/**
 * A state that holds these services alone and shares nothing that folding changes. What folds only ever replace is shared:
 * a service may have thousands of servers, and every order is tried.
 */
function copyOfServices(state: State, services: readonly string[]): State {
  const only = <V>(from: ReadonlyMap<string, V>, copy: (value: V) => V): [string, V][] =>
    services.flatMap((service) => {
      const value = from.get(service);
      return value === undefined ? [] : [[service, copy(value)] as [string, V]];
    });
  return {
    position: state.position,
    at: state.at,
    checkpoint: state.checkpoint,
    configuration: state.configuration,
    registry: new Map(only(state.registry, (servers) => new Map(servers))),
    health: new Map(only(state.health, copyOfHealth)),
    overrides: new Map(only(state.overrides, (overrides) => new Map(overrides))),
    requests: new Map(),
    standings: new Map(only(state.standings, (standing) => standing)),
    changedAt: new Map(),
    deadlines: noDeadlines(),
  };
}

function copyOfHealth(backends: ReadonlyMap<string, BackendHealth>): Map<string, BackendHealth> {
  return new Map([...backends].map(([key, backend]) => [key, { ...backend, against: [...backend.against] }]));
}
