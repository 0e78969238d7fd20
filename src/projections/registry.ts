/** Which servers each service has, and where they came from. Says nothing of their health. */
import type { HealthCheck } from '../events/catalogue/configuration.ts';
import type { EventOf } from '../events/event.ts';
import { type Endpoint, endpointText, entryOf } from './endpoint.ts';

export interface Server extends Endpoint {
  readonly service: string;
  readonly source: 'static' | 'agent' | 'api';
  readonly region: string;
  /** Share of the answers under `weighted`; 0 counts as draining. */
  readonly weight: number;
  readonly host: string | undefined;
  readonly healthCheck: HealthCheck | undefined;
  /** Who speaks for it from inside. */
  readonly agent: string | undefined;
  /** The event that registered it, and when. */
  readonly position: number;
  readonly registeredAt: number;
  readonly updatedAt: number;
}

/** service -> endpoint -> server, in the order of registration. */
export type Registry = Map<string, Map<string, Server>>;

type RegistryEvent = EventOf<'server.registered' | 'server.updated' | 'server.deregistered'>;

/** Whether the event changed the registry: one about a server that is not there does not. */
export function evolveRegistry(registry: Registry, event: RegistryEvent): boolean {
  const { service, address, port } = event.data;
  const key = endpointText(address, port);
  const known = registry.get(service)?.get(key);
  if (event.type === 'server.deregistered') {
    const servers = registry.get(service);
    if (servers === undefined || !servers.delete(key)) return false;
    if (servers.size === 0) registry.delete(service);
    return true;
  }
  if (event.type === 'server.updated' && known === undefined) return false;
  const { region, weight, host, health_check: healthCheck, agent } = event.data;
  entryOf(registry, service, () => new Map<string, Server>()).set(key, {
    service,
    address,
    port,
    source: event.type === 'server.registered' ? event.data.source : (known as Server).source,
    region,
    weight,
    host,
    healthCheck,
    agent,
    position: known?.position ?? event.position,
    registeredAt: known?.registeredAt ?? event.at,
    updatedAt: event.at,
  });
  return true;
}

export function serverOf(registry: Registry, service: string, address: string, port: number): Server | undefined {
  return registry.get(service)?.get(endpointText(address, port));
}

export function serversOf(registry: Registry, service: string): Iterable<Server> {
  return registry.get(service)?.values() ?? [];
}

/** Every server of every service. */
export function allServers(registry: Registry): readonly Server[] {
  return [...registry.values()].flatMap((servers) => [...servers.values()]);
}
