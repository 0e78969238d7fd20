/**
 * What an agent's claims make true: which servers it speaks for, and which of them are going away. What it may not claim
 * is said in `agent.rejected` and passed over; the rest counts. `settled` is that an earlier claim did it already.
 *
 *     the claimed backend     in the registry                                   fact
 *     no proof for service    any                                               agent.rejected: service-not-proven, and *
 *     no such domain          any                                               agent.rejected: unknown-service, and *
 *     no token for service    any; legacy agents need none                      agent.rejected: unknown-service, and *
 *     region not the domain's not there, or an agent's                          agent.rejected: region-unknown
 *     fine                    not there                                         server.registered, by agent
 *     fine                    not there, and there are too many                 agent.rejected: too-many-servers
 *     fine                    nobody speaks for it, its own                     server.updated, or settled
 *     fine                    another speaks for it: heard                      agent.rejected: address-held
 *     fine                    another speaks for it: stale, gone or revoked     server.updated
 *     fine, a legacy agent's  a pinned agent speaks for it, whatever of it      agent.rejected: address-held
 *     no longer claimed, or * its own, by agent                                 server.deregistered
 *     no longer claimed, or * its own, by api or from the configuration         server.updated: nobody speaks for it
 *
 * An address belongs to who has it, so that two agents that claim one do not take it from each other with every beat. An
 * agent whose service lost its token by a reload has nothing left to say of it, from its next message on.
 */
import type { RejectionReason } from '../events/catalogue/agents.ts';
import type { AgentClaims, Beat, ClaimedBackend } from '../events/catalogue/heartbeats.ts';
import type { Fact } from '../events/event.ts';
import { agentDrainOn } from '../projections/agent-drains.ts';
import { backendKey, claimedServers } from '../projections/claims.ts';
import { endpointText } from '../projections/endpoint.ts';
import { staleSinceOf } from '../projections/liveness.ts';
import { type Server, serverOf, serversIn } from '../projections/registry.ts';
import type { State } from '../projections/state.ts';
import { isNewer, type Pin, trusted } from '../projections/trust.ts';
import type { Decision, ReceiveClaims } from './command.ts';
import { attributes, serversMax } from './servers.ts';

export function receiveClaims({ beat }: ReceiveClaims, state: State): Decision {
  const pin = trusted(state.trust, beat.agent);
  if (pin === undefined) {
    return {
      refused: 'unknown-agent',
      error: `there is no agent ${beat.agent} that is believed`,
      remedy: 'let it prove its token first; GET /api/v1/overwatch/agents lists the agents',
    };
  }
  // Sent again because the acknowledgement was lost, or by somebody who listened: known, and no news.
  if (!isNewer(beat, pin)) return [];
  return [{ type: 'heartbeat.received', data: { beats: [beat] } }, ...consequences(state, pin, beat)];
}

/** Whether a beat does more than say that its agent lives, so that it must be decided and not only observed. */
export function beatNeedsOrder(state: State, beat: Beat): boolean {
  if (beat.claims !== undefined) return true;
  const pin = trusted(state.trust, beat.agent);
  return pin !== undefined && consequences(state, pin, beat).length > 0;
}

/** Without claims, those of before are given their effect again; what was rejected of them was said then. */
function consequences(state: State, pin: Pin, { agent, claims }: Beat): readonly Fact[] {
  const standing = state.claims.get(agent);
  const backends = claims?.backends ?? [...(standing?.backends.values() ?? [])];
  const facts = backends.flatMap((backend) => factsOf(state, pin, backend));
  if (claims === undefined) return facts.filter(({ type }) => type !== 'agent.rejected');
  return [...withinLimit(state, agent, facts), ...noLongerClaimed(state, agent, claims)];
}

function factsOf(state: State, pin: Pin, backend: ClaimedBackend): readonly Fact[] {
  const { service, address, port } = backend;
  const server = serverOf(state.registry, service, address, port);
  const problem = rejectionOf(state, pin, backend, server);
  if (problem !== undefined) {
    const isLost = server?.agent === pin.agent && endsItsWord.includes(problem);
    return [rejected(pin.agent, problem, backend), ...(isLost ? [withoutAgent(server)] : [])];
  }
  return [...registration(pin, backend, server), ...draining(state, pin.agent, backend)];
}

/** The rows of the table with a star. */
const endsItsWord: readonly RejectionReason[] = ['service-not-proven', 'unknown-service'];

/** The rows of the table that end in `agent.rejected`; how many servers there are is looked at in the end. */
function rejectionOf(state: State, pin: Pin, { service }: ClaimedBackend, server: Server | undefined): RejectionReason | undefined {
  if (!pin.services.includes(service)) return 'service-not-proven';
  const domain = state.configuration?.domains.get(service);
  if (domain === undefined || !(pin.legacy || hasToken(state, service))) return 'unknown-service';
  if ((server === undefined || server.source === 'agent') && !domain.regions.includes(pin.region)) return 'region-unknown';
  return server?.agent !== undefined && server.agent !== pin.agent && holds(state, server.agent, pin) ? 'address-held' : undefined;
}

/** Whether agents may speak for a service at all. */
export function hasToken({ configuration }: State, service: string): boolean {
  return Object.hasOwn(configuration?.configuration.overwatch.agent_tokens ?? {}, service);
}

/** Whether an agent keeps what it speaks for from another one. */
function holds(state: State, holder: string, other: Pin): boolean {
  const pin = trusted(state.trust, holder);
  if (pin === undefined) return false;
  return (other.legacy && !pin.legacy) || staleSinceOf(state.liveness, holder) === null;
}

function registration(pin: Pin, backend: ClaimedBackend, server: Server | undefined): readonly Fact[] {
  const { service, address, port, weight } = backend;
  const name = { service, address, port };
  if (server === undefined) {
    return [
      { type: 'server.registered', data: { ...name, source: 'agent', ...attributes(pin.region, weight, undefined, undefined, pin.agent) } },
    ];
  }
  // The configuration, or whoever registered it, says where it stands and what it weighs; the agent only speaks for it.
  const own = server.source === 'agent' ? { region: pin.region, weight } : server;
  if (server.agent === pin.agent && server.region === own.region && server.weight === own.weight) return [];
  return [{ type: 'server.updated', data: { ...name, ...attributes(own.region, own.weight, server.host, server.healthCheck, pin.agent) } }];
}

function draining(state: State, agent: string, { service, address, port, draining: reason }: ClaimedBackend): readonly Fact[] {
  const known = agentDrainOn(state.agentDrains, service, address, port);
  const own = known?.agent === agent ? known.reason : null;
  if (own === reason) return [];
  if (reason !== null) return [{ type: 'drain.started', data: { agent, service, address, port, reason } }];
  return [{ type: 'drain.ended', data: { agent, service, address, port, reason: own as string } }];
}

/** What is one server too many is rejected, with all that would be said of it. */
function withinLimit(state: State, agent: string, facts: readonly Fact[]): readonly Fact[] {
  let room = serversMax - serversIn(state.registry);
  const beyond = new Set<string>();
  return facts.flatMap((fact): readonly Fact[] => {
    if (fact.type === 'server.registered') {
      room -= 1;
      if (room >= 0) return [fact];
      beyond.add(backendKey(fact.data));
      return [rejected(agent, 'too-many-servers', fact.data)];
    }
    return fact.type === 'drain.started' && beyond.has(backendKey(fact.data)) ? [] : [fact];
  });
}

function noLongerClaimed(state: State, agent: string, { backends }: AgentClaims): readonly Fact[] {
  const claimed = new Set(backends.map(backendKey));
  return claimedServers(state.claims, state.registry, agent)
    .filter((server) => !claimed.has(backendKey(server)))
    .map(withoutAgent);
}

/** A server that its agent no longer speaks for: gone, unless somebody else registered it. */
export function withoutAgent({ service, address, port, source, region, weight, host, healthCheck }: Server): Fact {
  if (source === 'agent') return { type: 'server.deregistered', data: { service, address, port } };
  return { type: 'server.updated', data: { service, address, port, ...attributes(region, weight, host, healthCheck) } };
}

function rejected(
  agent: string,
  reason: RejectionReason,
  { service, address, port }: Pick<ClaimedBackend, 'service' | 'address' | 'port'>,
): Fact {
  const about = `${service} ${endpointText(address, port)}`;
  return { type: 'agent.rejected', data: { agent, reason, address: about.slice(0, 300), count: 1 } };
}
