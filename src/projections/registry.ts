/**
 * Which servers each service has, and where they came from. Says nothing of their health.
 *
 * There may be hundreds of thousands, and nearly all are alike but for address and port. So a service that has few keeps
 * them as rows in one list, and what they have in common is one object for all of them; a server is put together when it
 * is asked for. A service that has many keeps them by endpoint, because to find one among rows takes looking at each.
 *
 *     few    [address, port, position, terms, address, port, position, terms, ...]
 *     many   endpoint -> server
 */
import type { HealthCheck } from '../events/catalogue/configuration.ts';
import type { EventOf } from '../events/event.ts';
import { type Endpoint, endpointText } from './endpoint.ts';

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

/** What servers may have in common. */
type Terms = Omit<Server, keyof Endpoint | 'service' | 'position'>;

/** Never changed in place: another list takes its place, which is made by `concat`, because that leaves no room behind it. */
type Few = readonly (string | number | Terms)[];
type Many = Map<string, Server>;
export type ServersOfService = Few | Many;

/** service -> its servers, in the order of registration. */
export type Registry = Map<string, ServersOfService>;

type RegistryEvent = EventOf<'server.registered' | 'server.updated' | 'server.deregistered'>;

const rowWords = 4;
const fewMax = 16;

/** Whether the event changed the registry: one about a server that is not there does not. `name`: the service's, where it is kept already. */
export function evolveRegistry(registry: Registry, event: RegistryEvent, name: string = event.data.service): boolean {
  const { service, address, port } = event.data;
  if (event.type === 'server.deregistered') return removeServer(registry, service, address, port);
  const known = serverOf(registry, service, address, port);
  if (event.type === 'server.updated' && known === undefined) return false;
  const { region, weight, host, health_check: healthCheck, agent } = event.data;
  putServer(registry, {
    service: name,
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

/** In the place of the one that has its endpoint, or behind all others of its service. */
export function putServer(registry: Registry, server: Server): void {
  const { service, address, port } = server;
  const servers = registry.get(service) ?? [];
  if (!isFew(servers)) {
    servers.set(endpointText(address, port), server);
    return;
  }
  const at = placeOf(servers, address, port);
  if (at < 0 && servers.length === fewMax * rowWords) {
    registry.set(service, new Map([...each(service, servers), server].map((one) => [endpointText(one.address, one.port), one])));
    return;
  }
  const row = [address, port, server.position, sharedTerms(registry, termsOf(server))];
  registry.set(service, at < 0 ? servers.concat(row) : servers.slice(0, at).concat(row, servers.slice(at + rowWords)));
}

/** Whether it was there. */
function removeServer(registry: Registry, service: string, address: string, port: number): boolean {
  const servers = registry.get(service);
  if (servers === undefined) return false;
  if (!isFew(servers)) {
    if (!servers.delete(endpointText(address, port))) return false;
  } else {
    const at = placeOf(servers, address, port);
    if (at < 0) return false;
    registry.set(service, servers.slice(0, at).concat(servers.slice(at + rowWords)));
  }
  if (sizeOf(registry.get(service)) === 0) registry.delete(service);
  return true;
}

export function serverOf(registry: Registry, service: string, address: string, port: number): Server | undefined {
  const servers = registry.get(service);
  if (servers === undefined) return undefined;
  if (!isFew(servers)) return servers.get(endpointText(address, port));
  const at = placeOf(servers, address, port);
  return at < 0 ? undefined : serverAt(service, servers, at);
}

export function serversOf(registry: Registry, service: string): Iterable<Server> {
  return each(service, registry.get(service) ?? []);
}

/** Every server of every service. */
export function allServers(registry: Registry): readonly Server[] {
  return [...registry].flatMap(([service, servers]) => [...each(service, servers)]);
}

/** How many servers there are. */
export function serversIn(registry: Registry): number {
  let count = 0;
  for (const servers of registry.values()) count += sizeOf(servers);
  return count;
}

/** A registry of these servers, in their order. */
export function registryOf(servers: Iterable<Server>): Registry {
  const registry: Registry = new Map();
  for (const server of servers) putServer(registry, server);
  return registry;
}

/** Shares nothing that folding changes. */
export function copyOfServers(servers: ServersOfService): ServersOfService {
  return isFew(servers) ? servers : new Map(servers);
}

function isFew(servers: ServersOfService): servers is Few {
  return Array.isArray(servers);
}

function sizeOf(servers: ServersOfService = []): number {
  return isFew(servers) ? servers.length / rowWords : servers.size;
}

function each(service: string, servers: ServersOfService): Iterable<Server> {
  if (!isFew(servers)) return servers.values();
  return Array.from({ length: servers.length / rowWords }, (_, row) => serverAt(service, servers, row * rowWords));
}

/** Where its row begins; below zero: nowhere. */
function placeOf(servers: Few, address: string, port: number): number {
  for (let at = 0; at < servers.length; at += rowWords) if (servers[at] === address && servers[at + 1] === port) return at;
  return -1;
}

function serverAt(service: string, servers: Few, at: number): Server {
  const terms = servers[at + 3] as Terms;
  return {
    service,
    address: servers[at] as string,
    port: servers[at + 1] as number,
    source: terms.source,
    region: terms.region,
    weight: terms.weight,
    host: terms.host,
    healthCheck: terms.healthCheck,
    agent: terms.agent,
    position: servers[at + 2] as number,
    registeredAt: terms.registeredAt,
    updatedAt: terms.updatedAt,
  };
}

function termsOf({ source, region, weight, host, healthCheck, agent, registeredAt, updatedAt }: Server): Terms {
  return { source, region, weight, host, healthCheck, agent, registeredAt, updatedAt };
}

/** The terms that were last put into a registry: who registers many at once registers like after like. */
const newest = new WeakMap<Registry, Terms>();

function sharedTerms(registry: Registry, terms: Terms): Terms {
  const before = newest.get(registry);
  if (before !== undefined && isSame(before, terms)) return before;
  newest.set(registry, terms);
  return terms;
}

function isSame(one: Terms, other: Terms): boolean {
  const { healthCheck, ...rest } = one;
  for (const field of Object.keys(rest) as (keyof typeof rest)[]) if (rest[field] !== other[field]) return false;
  return healthCheck === other.healthCheck || JSON.stringify(healthCheck) === JSON.stringify(other.healthCheck);
}
