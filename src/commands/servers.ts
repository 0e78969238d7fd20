/**
 * Registering, updating and deregistering servers by order. A server from the configuration may be changed until the
 * file changes it, but it goes only with its line in the file, which would otherwise bring it back.
 *
 *     order        there is   source         what is asked            decision
 *     register     no         -              a region of the domain   server.registered, by api
 *     register     no         -              none, and it has one     server.registered, by api
 *     register     no         -              any other region         refused: unknown-region
 *     register     yes        any            anything                 refused: server-exists
 *     update       no         -              anything                 refused: unknown-server
 *     update       yes        any            another region           refused: unknown-region
 *     update       yes        any            a change                 server.updated, whole
 *     update       yes        any            what is so already       nothing
 *     deregister   no         -              -                        refused: unknown-server
 *     deregister   yes        static         -                        refused: static-server
 *     deregister   yes        agent or api   -                        server.deregistered
 *
 * All of them are refused for a service that the configuration does not name, and the first two for a check that could
 * take longer than the time to the next one.
 */
import type { HealthCheck } from '../events/catalogue/configuration.ts';
import type { DataOf } from '../events/event.ts';
import { checkSettingsOf } from '../projections/checks.ts';
import type { ConfigurationInForce } from '../projections/configuration.ts';
import { endpointText } from '../projections/endpoint.ts';
import { type Server, serverOf, serversIn } from '../projections/registry.ts';
import type { State } from '../projections/state.ts';
import { type Decision, type DeregisterServer, isRefusal, type Refusal, type RegisterServer, type UpdateServer } from './command.ts';

/** Servers of all services together; beyond, none is registered by order (I9). */
export const serversMax = 20_000;

type Target = Pick<RegisterServer, 'service' | 'address' | 'port'>;

export function registerServer(command: RegisterServer, state: State): Decision {
  const inForce = serving(command.service, state);
  if (isRefusal(inForce)) return inForce;
  const { service, address, port, weight, host, healthCheck } = command;
  const name = `${endpointText(address, port)} of ${service}`;
  if (serverOf(state.registry, service, address, port) !== undefined) {
    return { refused: 'server-exists', error: `there is ${name} already`, remedy: 'update it, or deregister it first' };
  }
  if (serversIn(state.registry) >= serversMax) {
    return { refused: 'too-many-servers', error: `there are ${serversMax} servers already`, remedy: 'deregister those that are gone' };
  }
  const region = command.region ?? onlyRegion(inForce, service);
  const problem = attributeProblem(inForce, service, region, healthCheck, host);
  if (problem !== undefined) return problem;
  return [{ type: 'server.registered', data: { service, address, port, source: 'api', ...attributes(region, weight, host, healthCheck) } }];
}

export function updateServer(command: UpdateServer, state: State): Decision {
  const known = knownServer(command, state);
  if (isRefusal(known)) return known;
  const { server, inForce } = known;
  const { service, address, port } = server;
  const region = command.region ?? server.region;
  const host = changed(command.host, server.host);
  const healthCheck = changed(command.healthCheck, server.healthCheck);
  const problem = attributeProblem(inForce, service, region, healthCheck, host);
  if (problem !== undefined) return problem;
  const after = attributes(region, command.weight ?? server.weight, host, healthCheck, server.agent);
  const before = attributes(server.region, server.weight, server.host, server.healthCheck, server.agent);
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ type: 'server.updated', data: { service, address, port, ...after } }];
}

export function deregisterServer(command: DeregisterServer, state: State): Decision {
  const known = knownServer(command, state);
  if (isRefusal(known)) return known;
  const { service, address, port, source } = known.server;
  if (source === 'static') {
    return {
      refused: 'static-server',
      error: `${endpointText(address, port)} of ${service} stands in the configuration, which would bring it back`,
      remedy: 'take it out of the configuration and reload; until then, drain it with an override',
    };
  }
  return [{ type: 'server.deregistered', data: { service, address, port } }];
}

/** undefined: as it was; null: none. */
function changed<T>(asked: T | null | undefined, known: T | undefined): T | undefined {
  return asked === undefined ? known : (asked ?? undefined);
}

/** Everything that a server has beside its name. */
export function attributes(
  region: string,
  weight: number,
  host: string | undefined,
  check: HealthCheck | undefined,
  agent?: string,
): Omit<DataOf<'server.updated'>, keyof Target> {
  return {
    region,
    weight,
    ...(host !== undefined && { host }),
    ...(check !== undefined && { health_check: check }),
    ...(agent !== undefined && { agent }),
  };
}

/** The configuration that serves the service. */
function serving(service: string, { configuration }: State): ConfigurationInForce | Refusal {
  if (configuration?.domains.has(service)) return configuration;
  return { refused: 'unknown-service', error: `there is no service ${service}`, remedy: 'GET /api/v1/services lists the services' };
}

function knownServer(target: Target, state: State): { readonly server: Server; readonly inForce: ConfigurationInForce } | Refusal {
  const { service, address, port } = target;
  const inForce = serving(service, state);
  if (isRefusal(inForce)) return inForce;
  const server = serverOf(state.registry, service, address, port);
  if (server !== undefined) return { server, inForce };
  return {
    refused: 'unknown-server',
    error: `${service} has no server ${endpointText(address, port)}`,
    remedy: `GET /api/v1/services/${service}/servers lists its servers`,
  };
}

/** Empty where there are several: no region has an empty name. */
function onlyRegion(inForce: ConfigurationInForce, service: string): string {
  const [region = '', ...others] = inForce.domains.get(service)?.regions ?? [];
  return others.length === 0 ? region : '';
}

function attributeProblem(
  inForce: ConfigurationInForce,
  service: string,
  region: string,
  healthCheck: HealthCheck | undefined,
  host: string | undefined,
): Refusal | undefined {
  const regions = inForce.domains.get(service)?.regions ?? [];
  if (!regions.includes(region)) {
    return {
      refused: 'unknown-region',
      error: region === '' ? `${service} has several regions` : `${service} has no region ${region}, so the server would never be answered`,
      remedy: `use one of ${regions.join(', ')}`,
    };
  }
  const { intervalMs, timeoutMs } = checkSettingsOf(inForce, { region, host, healthCheck });
  if (timeoutMs <= intervalMs) return undefined;
  return {
    refused: 'check-inconsistent',
    error: `the timeout of its check, ${timeoutMs} ms, is longer than the ${intervalMs} ms from one check to the next`,
    remedy: 'shorten health_check.timeout or lengthen health_check.interval',
  };
}
