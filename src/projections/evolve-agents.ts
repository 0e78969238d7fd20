/**
 * What facts about agents do to the folds together: a beat raises the mark, ends silence, replaces claims and moves
 * weights. Each returns the names of the services whose answer may have changed. An agent that is not trusted, and a
 * message that is not newer than all before it, change nothing.
 */
import type { Beat } from '../events/catalogue/heartbeats.ts';
import type { EventOf } from '../events/event.ts';
import { forgetDrainsOf } from './agent-drains.ts';
import { claimedServers, evolveClaims, servicesOfAgent } from './claims.ts';
import {
  fallSilent,
  forgetLiveness,
  graceAfterStall,
  graceAtStart,
  heard,
  leave,
  limitMsOf,
  missedThresholdDefault,
  staleSinceOf,
} from './liveness.ts';
import { evolveBleed, forgetBleed, stepBleed } from './predictive.ts';
import type { State } from './state.ts';
import { agentsMax, evolveTrust, raiseMark, trusted } from './trust.ts';

const none: readonly string[] = [];

export function evolveBeats(state: State, { data, at, position }: EventOf<'heartbeat.received'>): readonly string[] {
  let changed: Set<string> | undefined;
  for (const beat of data.beats) {
    for (const service of evolveBeat(state, beat, at, position)) (changed ??= new Set()).add(service);
  }
  return changed === undefined ? none : [...changed];
}

function evolveBeat(state: State, beat: Beat, at: number, position: number): readonly string[] {
  const { agent, intervalMs, claims, signals } = beat;
  const pin = trusted(state.trust, agent);
  if (pin === undefined || !raiseMark(pin, beat)) return none;
  const before = claims === undefined ? none : servicesOfAgent(state.claims, state.registry, agent);
  if (claims !== undefined) evolveClaims(state.claims, agent, claims, at, position);
  const standing = state.claims.get(agent);
  const missedThreshold = standing?.missedThreshold ?? missedThresholdDefault;
  const limitMs = limitMsOf(state.configuration, { legacy: pin.legacy, intervalMs, missedThreshold });
  const wasStale = heard(state.liveness, state.deadlines, agent, { heardAt: at, position, intervalMs, limitMs });
  const measured = { signals, policy: standing?.predictive, stale: false, at, position };
  const isMoved = evolveBleed(state.bleeds, state.deadlines, agent, measured);
  if (claims === undefined && !wasStale && !isMoved) return none;
  return [...before, ...servicesOfAgent(state.claims, state.registry, agent)];
}

export function evolveAgentLeft(state: State, { data, at, position }: EventOf<'agent.left'>): readonly string[] {
  const { agent } = data;
  const pin = trusted(state.trust, agent);
  if (pin === undefined || !raiseMark(pin, data)) return none;
  leave(state.liveness, state.deadlines, agent, at, position);
  return afterStaleness(state, agent);
}

export function evolveTrusted(state: State, event: EventOf<'agent.pinned' | 'agent.rotated' | 'agent.revoked'>): readonly string[] {
  const { agent } = event.data;
  const displaced = event.type === 'agent.pinned' && !hasRoom(state, agent) ? longestGone(state) : undefined;
  if (displaced !== undefined) {
    state.trust.delete(displaced);
    forgetAgent(state, displaced);
  }
  evolveTrust(state.trust, event);
  return event.type === 'agent.revoked' ? forgetAgent(state, agent) : none;
}

/** Whether an agent of that name may be pinned without another one being forgotten for it. */
export function hasRoom({ trust }: State, agent: string): boolean {
  return trust.size < agentsMax || trust.has(agent);
}

/**
 * Who is forgotten where a new agent finds no room, so that hosts that come and go under ever new names do not fill the
 * table for good: the one that was heard least lately, of those that may be.
 *
 *     the agent                          may be forgotten
 *     is revoked                         no: its certificate must never be believed again
 *     is heard, or speaks for a server   no
 *     was never heard                    yes, as of when it was pinned
 *     is silent, or left                 yes
 */
export function longestGone(state: State): string | undefined {
  let gone: { readonly agent: string; readonly since: number } | undefined;
  for (const { agent, revokedAt, pinnedAt } of state.trust.values()) {
    if (revokedAt !== null) continue;
    const liveness = state.liveness.get(agent);
    const since = liveness?.heardAt ?? pinnedAt;
    const isOlder = gone === undefined || since < gone.since || (since === gone.since && agent < gone.agent);
    if (!isOlder || (liveness !== undefined && liveness.staleSince === null)) continue;
    if (claimedServers(state.claims, state.registry, agent).length === 0) gone = { agent, since };
  }
  return gone?.agent;
}

/** What an agent ever said that is believed no more is void. */
function forgetAgent(state: State, agent: string): readonly string[] {
  const services = servicesOfAgent(state.claims, state.registry, agent);
  state.claims.delete(agent);
  forgetLiveness(state.liveness, state.deadlines, agent);
  forgetBleed(state.bleeds, state.deadlines, agent);
  return [...new Set([...services, ...forgetDrainsOf(state.agentDrains, agent)])];
}

/** The deadline `agent-silent` fired. */
export function silenceAgent(state: State, agent: string): readonly string[] {
  fallSilent(state.liveness, agent, state.at);
  return afterStaleness(state, agent);
}

/** The deadline `bleed-step` fired. */
export function stepAgent(state: State, agent: string): readonly string[] {
  stepBleed(state.bleeds, state.deadlines, agent, state.at);
  return servicesOfAgent(state.claims, state.registry, agent);
}

export function evolveNodeStarted(state: State, { at }: EventOf<'node.started'>): readonly string[] {
  return afterRevival(state, graceAtStart(state.liveness, state.deadlines, at, state.livedAt));
}

export function evolveNodeStalled(state: State, { at, data }: EventOf<'node.stalled'>): readonly string[] {
  return afterRevival(state, graceAfterStall(state.liveness, state.deadlines, at, data.forMs));
}

function afterRevival(state: State, agents: readonly string[]): readonly string[] {
  return agents.length === 0 ? none : [...new Set(agents.flatMap((agent) => afterStaleness(state, agent)))];
}

/** Weights turn with staleness: see the second truth table of `predictive.ts`. */
function afterStaleness(state: State, agent: string): readonly string[] {
  const stale = staleSinceOf(state.liveness, agent) !== null;
  const policy = state.claims.get(agent)?.predictive;
  evolveBleed(state.bleeds, state.deadlines, agent, { signals: undefined, policy, stale, at: state.at, position: null });
  return servicesOfAgent(state.claims, state.registry, agent);
}
