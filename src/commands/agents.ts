/**
 * Whom the node believes: letting agents in, changing their certificates, revoking them, and forgetting the servers of
 * those that are gone. Proofs are checked before an order is given; here it is decided what a proven hello may do.
 *
 *     pinAgent: the name      with this certificate       and                                     decision
 *     free, or a legacy one's any                         it proved a service                     agent.pinned
 *     free                    any                         there are too many, and none is gone    refused: too-many-agents
 *     held                    the same                    nothing else changed                    nothing
 *     held                    the same                    services, region or address changed     agent.pinned
 *     held                    another                     stale, and the setting allows it        agent.pinned
 *     held                    another, or none            anything else                           refused: agent-name-held
 *     revoked                 the revoked one             anything                                refused: agent-revoked
 *     revoked                 another                     anything                                agent.pinned
 *     any                     one that it once had        anything                                refused: certificate-superseded
 */

import { durationMs } from '../events/duration.ts';
import type { Fact } from '../events/event.ts';
import { validates } from '../projections/checks.ts';
import { claimedServers } from '../projections/claims.ts';
import { hasRoom, longestGone } from '../projections/evolve-agents.ts';
import { healthOf } from '../projections/health.ts';
import { staleSinceOf } from '../projections/liveness.ts';
import { type AnswerChange, preview } from '../projections/preview.ts';
import { type Server, serversOf } from '../projections/registry.ts';
import { familyOf } from '../projections/routing/family.ts';
import type { State } from '../projections/state.ts';
import { agentsMax, isNewer, type Pin, trusted } from '../projections/trust.ts';
import { hasSucceededSince, verdictOn } from '../projections/verdict.ts';
import { withoutAgent } from './claims.ts';
import type { AgentLeft, Decision, ForgetAgent, PinAgent, Refusal, RevokeAgent, RotateAgent } from './command.ts';

export function pinAgent(command: PinAgent, state: State): Decision {
  const { kind: _kind, ...data } = command;
  const { agent, services, fingerprint } = command;
  if (services.length === 0) {
    return {
      refused: 'no-service-proven',
      error: `agent ${agent} proved the token of no service`,
      remedy: 'give it the token of each service that it has backends of, as overwatch.agent_tokens has it',
    };
  }
  const fact: Fact = { type: 'agent.pinned', data: { ...data, services: [...services].sort() } };
  const known = state.trust.get(agent);
  if (known === undefined) return hasRoom(state, agent) || longestGone(state) !== undefined ? [fact] : tooMany;
  if (known.fingerprint === fingerprint && known.revokedAt === null) return isPinnedSo(known, command) ? [] : [fact];
  return pinRefusal(known, command, state) ?? [fact];
}

function isPinnedSo(pin: Pin, { region, address, services, legacy }: PinAgent): boolean {
  return pin.region === region && pin.address === address && pin.legacy === legacy && [...services].sort().join() === pin.services.join();
}

/** Why another certificate than the one that is pinned, or a revoked one, is not taken. */
function pinRefusal(known: Pin, { agent, fingerprint }: PinAgent, state: State): Refusal | undefined {
  if (known.revokedAt !== null && known.fingerprint === fingerprint) {
    return {
      refused: 'agent-revoked',
      error: `agent ${agent} was revoked: ${known.revokedBecause}`,
      remedy: 'to let its host in again, remove the certificate and key on it, so that it makes new ones',
    };
  }
  if (fingerprint !== null && known.past.includes(fingerprint)) {
    return {
      refused: 'certificate-superseded',
      error: `agent ${agent} once had this certificate, which is void`,
      remedy: 'remove the certificate and key on its host, so that it makes new ones; a copy of an old disk is no agent',
    };
  }
  if (known.revokedAt !== null || known.legacy) return undefined;
  const mayReplace = (state.configuration?.configuration.overwatch.agents?.replace_lost_certificate ?? 'when-stale') === 'when-stale';
  if (fingerprint !== null && mayReplace && staleSinceOf(state.liveness, agent) !== null) return undefined;
  return {
    refused: 'agent-name-held',
    error: `another host is agent ${agent}: it has another certificate${mayReplace ? ', and it is heard' : ''}`,
    remedy: 'give this host its own agent.identity.agent_id; if it lost its certificate, revoke the agent, or wait until it is stale',
  };
}

const tooMany: Refusal = {
  refused: 'too-many-agents',
  error: `there are ${agentsMax} agents already, and none of them is gone`,
  remedy: 'let another overwatch serve the agents that are new',
};

export function rotateAgent({ agent, fingerprint, previous, certificate }: RotateAgent, state: State): Decision {
  const pin = trusted(state.trust, agent);
  if (pin === undefined) return unknownAgent(agent);
  if (pin.fingerprint === fingerprint) return [];
  if (pin.fingerprint !== previous || pin.past.includes(fingerprint)) {
    return {
      refused: 'certificate-superseded',
      error: `the certificate that signed the new one of agent ${agent} is not the one that it has`,
      remedy: 'let it rotate from the certificate that is pinned, or revoke the agent and let it in anew',
    };
  }
  return [{ type: 'agent.rotated', data: { agent, fingerprint, previous, certificate } }];
}

export function revokeAgent({ agent, reason }: RevokeAgent, state: State): Decision {
  const pin = state.trust.get(agent);
  if (pin === undefined) return unknownAgent(agent);
  if (pin.revokedAt !== null) return [];
  return [{ type: 'agent.revoked', data: { agent, fingerprint: pin.fingerprint, reason } }];
}

export function agentLeft({ agent, boot, sequence }: AgentLeft, state: State): Decision {
  const pin = trusted(state.trust, agent);
  if (pin === undefined) return unknownAgent(agent);
  return isNewer({ boot, sequence }, pin) ? [{ type: 'agent.left', data: { agent, boot, sequence } }] : [];
}

/**
 * Which servers of a silent agent are forgotten:
 *
 *     checks say up since it is stale   without it                                              forgotten
 *     any, and it came by api or file   any                                                     no: it stays stale
 *     yes                               any                                                     no
 *     no                                its service has no fit server any more, and had one     no
 *     no                                nothing answers for its service any more                no
 *     no                                another server answers                                  yes
 */
export function forgetAgent({ agent }: ForgetAgent, state: State): Decision {
  const liveness = state.liveness.get(agent);
  const removeAfter = state.configuration?.configuration.overwatch.stale.remove_after;
  if (liveness === undefined || removeAfter === undefined) return unknownAgent(agent);
  const staleSince = liveness.staleSince;
  if (staleSince === null || state.at - liveness.heardAt < durationMs(removeAfter)) {
    return {
      refused: 'agent-not-silent',
      error: `agent ${agent} has not been silent for ${removeAfter}`,
      remedy: 'wait until it has, lower overwatch.stale.remove_after, or revoke the agent',
    };
  }
  const facts: Fact[] = [];
  for (const server of claimedServers(state.claims, state.registry, agent)) {
    if (server.source !== 'agent' || isProvenUp(state, server, staleSince)) continue;
    const next = withoutAgent(server);
    if (othersAnswer(state, server, facts) || !isLoss(state, server.service, [...facts, next])) facts.push(next);
  }
  return facts;
}

/**
 * Whether it is plain at a glance that nobody misses the server: it is not up itself, and another address of its family
 * answers as well as it does. A preview looks at the whole service, too much for each of thousands that fall silent at once.
 */
function othersAnswer(state: State, server: Server, gone: readonly Fact[]): boolean {
  const regions = state.configuration?.domains.get(server.service)?.regions;
  if (regions === undefined || verdictOn(state, server).status === 'up') return false;
  const goes = ({ address }: Server) =>
    address === server.address || gone.some(({ data }) => 'address' in data && data.address === address);
  const ofService = [...serversOf(state.registry, server.service)].filter(({ region }) => regions.includes(region));
  const mayAnswer = ({ address }: Server) =>
    ofService.every((other) => other.address !== address || verdictOn(state, other).status !== 'down');
  return ofService.some((other) => familyOf(other.address) === familyOf(server.address) && !goes(other) && mayAnswer(other));
}

function isLoss(state: State, service: string, facts: readonly Fact[]): boolean {
  return preview(state, facts).some((change) => change.service === service && losesTheName(change));
}

function isProvenUp(state: State, { service, address, port }: Server, staleSince: number): boolean {
  const health = validates(state.configuration) ? healthOf(state.health, service, address, port) : undefined;
  return health?.status === 'up' && hasSucceededSince(health, staleSince);
}

function losesTheName({ before, after }: AnswerChange): boolean {
  const fit = (answer: AnswerChange['before']) => answer?.candidates.some(({ tier }) => tier === 'fit') ?? false;
  const answers = (answer: AnswerChange['before'], family: 'A' | 'AAAA') => answer?.families[family]?.tier !== undefined;
  if (before === undefined || after === undefined) return false;
  if (after.candidates.length === 0 || (fit(before) && !fit(after))) return true;
  return (['A', 'AAAA'] as const).some((family) => answers(before, family) && !answers(after, family));
}

function unknownAgent(agent: string): Refusal {
  return {
    refused: 'unknown-agent',
    error: `there is no agent ${agent} that is believed`,
    remedy: 'GET /api/v1/overwatch/agents lists the agents',
  };
}
