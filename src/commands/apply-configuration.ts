/**
 * Applying a configuration: the facts are the difference to the one in force. Static servers that the file added,
 * changed or dropped become facts about servers; what came by API or from agents stays as it is.
 */
import type { Configuration } from '../events/catalogue/configuration.ts';
import type { DataOf, Fact } from '../events/event.ts';
import { configurationDigest } from '../projections/configuration.ts';
import { endpointText } from '../projections/endpoint.ts';
import { serverOf } from '../projections/registry.ts';
import type { State } from '../projections/state.ts';
import type { ApplyConfiguration, Decision } from './command.ts';
import { configurationProblems } from './configuration-problems.ts';

export function applyConfiguration({ configuration }: ApplyConfiguration, state: State): Decision {
  const problem = configurationProblems(configuration).find(({ severity }) => severity === 'error');
  if (problem !== undefined) {
    return {
      refused: 'configuration-inconsistent',
      error: `${problem.path.join('.')}: ${problem.message}`,
      remedy: problem.remedy ?? 'mend the configuration and apply it again',
    };
  }
  const digest = configurationDigest(configuration);
  if (state.configuration?.digest === digest) return [];
  return [
    { type: 'configuration.applied', data: { digest, configuration } },
    ...serverDifferences(state.configuration?.configuration, configuration).map((fact) => withAgent(fact, state)),
  ];
}

type ServerData = DataOf<'server.updated'>;

/**
 *     in the old   in the new   fact
 *     no           yes          server.registered
 *     yes          other        server.updated
 *     yes          same         -
 *     yes          no           server.deregistered
 */
function serverDifferences(before: Configuration | undefined, after: Configuration): Fact[] {
  const old = staticServers(before);
  const now = staticServers(after);
  const facts: Fact[] = [];
  for (const [key, { service, address, port }] of old) {
    if (!now.has(key)) facts.push({ type: 'server.deregistered', data: { service, address, port } });
  }
  for (const [key, server] of now) {
    const known = old.get(key);
    if (known === undefined) facts.push({ type: 'server.registered', data: { ...server, source: 'static' } });
    else if (JSON.stringify(known) !== JSON.stringify(server)) facts.push({ type: 'server.updated', data: server });
  }
  return facts;
}

/** The file says nothing of agents: who speaks for a server goes on doing so. */
function withAgent(fact: Fact, { registry }: State): Fact {
  if (fact.type !== 'server.registered' && fact.type !== 'server.updated') return fact;
  const { service, address, port } = fact.data;
  const agent = serverOf(registry, service, address, port)?.agent;
  return agent === undefined ? fact : ({ ...fact, data: { ...fact.data, agent } } as Fact);
}

function staticServers(configuration: Configuration | undefined): Map<string, ServerData> {
  const servers = new Map<string, ServerData>();
  for (const region of configuration?.regions ?? []) {
    for (const { service, address, port, weight, host, health_check } of region.servers) {
      servers.set(`${service} ${endpointText(address, port)}`, {
        service,
        address,
        port,
        region: region.name,
        weight,
        ...(host !== undefined && { host }),
        ...(health_check !== undefined && { health_check }),
      });
    }
  }
  return servers;
}
