/**
 * What each agent claims of its backends, whole, as it said it last. A claim is nobody's status: it counts where the
 * registry says that this agent speaks for the server, and `verdict.ts` says what it counts for.
 */
import type { AgentClaims, ClaimedBackend, PredictivePolicy } from '../events/catalogue/heartbeats.ts';
import { endpointText } from './endpoint.ts';
import { type Registry, type Server, serverOf } from './registry.ts';

export interface StandingClaim extends ClaimedBackend {
  /** Since when it has claimed this health, and the event that first said so. */
  readonly since: number;
  readonly position: number;
}

export interface StandingClaims {
  readonly missedThreshold: number;
  readonly predictive: PredictivePolicy | undefined;
  /** The newest of them. */
  readonly at: number;
  readonly position: number;
  /** `service endpoint` -> claim. */
  readonly backends: ReadonlyMap<string, StandingClaim>;
}

/** agent -> claims. */
export type Claims = Map<string, StandingClaims>;

/** The key of a backend among those of an agent. */
export function backendKey({ service, address, port }: Pick<ClaimedBackend, 'service' | 'address' | 'port'>): string {
  return `${service} ${endpointText(address, port)}`;
}

export function evolveClaims(claims: Claims, agent: string, claimed: AgentClaims, at: number, position: number): void {
  const before = claims.get(agent)?.backends;
  const backends = new Map<string, StandingClaim>();
  for (const backend of claimed.backends) {
    const known = before?.get(backendKey(backend));
    const stays = known !== undefined && known.healthy === backend.healthy;
    backends.set(backendKey(backend), { ...backend, since: stays ? known.since : at, position: stays ? known.position : position });
  }
  claims.set(agent, { missedThreshold: claimed.missedThreshold, predictive: claimed.predictive, at, position, backends });
}

/** What the agent that speaks for a server claims of it; undefined: nobody speaks for it, or claims nothing. */
export function claimOn(claims: Claims, server: Server): StandingClaim | undefined {
  return server.agent === undefined ? undefined : claims.get(server.agent)?.backends.get(backendKey(server));
}

/** The servers that an agent speaks for, among those that it claims. */
export function claimedServers(claims: Claims, registry: Registry, agent: string): readonly Server[] {
  const servers: Server[] = [];
  for (const { service, address, port } of claims.get(agent)?.backends.values() ?? []) {
    const server = serverOf(registry, service, address, port);
    if (server?.agent === agent) servers.push(server);
  }
  return servers;
}

/** The services whose answers depend on an agent. */
export function servicesOfAgent(claims: Claims, registry: Registry, agent: string): readonly string[] {
  return [...new Set(claimedServers(claims, registry, agent).map(({ service }) => service))];
}
