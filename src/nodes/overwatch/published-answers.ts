/**
 * Hands the answers that may have changed to the DNS table, after each change. The table is written while the fold's
 * change is fresh, so DNS says what the state says before anything else happens.
 */
import { answerOf, type ServiceAnswer } from '../../projections/answers.ts';
import type { ConfigurationInForce } from '../../projections/configuration.ts';
import type { State } from '../../projections/state.ts';
import type { SignedZones } from '../dns/dnssec/zone-dnssec.ts';
import type { TableWriter } from '../dns/table/writer.ts';
import { type AnswerTable, createAnswerTable } from '../dns/table.ts';
import { zoneSet } from '../dns/zones.ts';
import type { Listener } from '../engine.ts';

/** Everything that the state answers, each with the serial of its own last change: what the shared table is made from. */
export function answersOf(state: State, signed: SignedZones): AnswerTable {
  const inForce = state.configuration as ConfigurationInForce;
  const table = createAnswerTable(zonesOf(inForce), inForce.at, signed);
  for (const service of inForce.domains.keys()) {
    table.publish(answersTo([service], state), state.changedAt.get(service) ?? inForce.at);
  }
  return table;
}

export interface AnswerPublisher {
  readonly listener: Listener;
  /** What was folded before is published now, and what is folded from now on at once. */
  begin(table: TableWriter): void;
}

/**
 * Keeps the table true to the state. What is folded together is published together, once a service, before anybody is
 * told that it was folded.
 */
export function answerPublisher(state: State): AnswerPublisher {
  let table: TableWriter | undefined;
  const changed = new Set<string>();
  let zonesChanged = false;
  let isDue = false;
  const publish = () => {
    isDue = false;
    if (table === undefined) return;
    // Many names take their time; those of before are answered meanwhile, and what is published goes to both.
    if (zonesChanged) void table.replaceZonesAside(zonesOf(state.configuration as ConfigurationInForce), state.at, state.position);
    zonesChanged = false;
    if (changed.size > 0) table.publish(answersTo(changed, state), state.at, state.position);
    changed.clear();
  };
  return {
    listener({ cause, services }) {
      if ('event' in cause && cause.event.type === 'configuration.applied') zonesChanged = true;
      for (const service of services) changed.add(service);
      if (isDue || (changed.size === 0 && !zonesChanged)) return;
      isDue = true;
      queueMicrotask(publish);
    },
    begin(of) {
      table = of;
      publish();
    },
  };
}

const nobody: ServiceAnswer['candidates'] = [];

function* answersTo(services: Iterable<string>, state: State): Generator<ServiceAnswer> {
  for (const service of services) {
    const answer = answerOf(state, service);
    // Why each candidate is in or out is asked of the state; here it would only be kept.
    if (answer !== undefined) yield { ...answer, candidates: nobody };
  }
}

function zonesOf({ configuration }: ConfigurationInForce) {
  return zoneSet(configuration, configuration.dns.listen_address);
}
