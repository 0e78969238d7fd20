/**
 * Hands the answers that may have changed to the DNS table, after each change. The table is written while the fold's
 * change is fresh, so DNS says what the state says before anything else happens.
 */
import { answerOf, type ServiceAnswer } from '../../projections/answers.ts';
import type { ConfigurationInForce } from '../../projections/configuration.ts';
import type { State } from '../../projections/state.ts';
import { type AnswerTable, createAnswerTable } from '../dns/table.ts';
import { zoneSet } from '../dns/zones.ts';
import type { Listener } from '../engine.ts';

/** A table with everything that the state answers, each with the serial of its own last change. */
export function answerTable(state: State): AnswerTable {
  const inForce = state.configuration as ConfigurationInForce;
  const table = createAnswerTable(zonesOf(inForce), inForce.at);
  for (const service of inForce.domains.keys()) publishService(table, state, service, state.changedAt.get(service) ?? inForce.at);
  return table;
}

/**
 * Keeps the table true to the state. What is folded together is published together, once a service, before anybody is
 * told that it was folded.
 */
export function answerPublisher(table: AnswerTable, state: State): Listener {
  const changed = new Set<string>();
  let zonesChanged = false;
  let isDue = false;
  const publish = () => {
    isDue = false;
    if (zonesChanged) table.replaceZones(zonesOf(state.configuration as ConfigurationInForce), state.at);
    zonesChanged = false;
    for (const service of changed) publishService(table, state, service, state.at);
    changed.clear();
  };
  return ({ cause, services }) => {
    if ('event' in cause && cause.event.type === 'configuration.applied') zonesChanged = true;
    for (const service of services) changed.add(service);
    if (isDue || (changed.size === 0 && !zonesChanged)) return;
    isDue = true;
    queueMicrotask(publish);
  };
}

function publishService(table: AnswerTable, state: State, service: string, at: number): void {
  const answer: ServiceAnswer | undefined = answerOf(state, service);
  if (answer !== undefined) table.publish([answer], at);
}

function zonesOf({ configuration }: ConfigurationInForce) {
  return zoneSet(configuration, configuration.dns.listen_address);
}
