/**
 * Agents of the original OpenGSLB, which prove nothing: whoever holds the gossip key can speak for them. They are let in
 * only where the configuration says so, are marked as legacy wherever they are shown, and never touch what a pinned agent
 * holds. Their whole reports become claims, their empty ones signs of life; they leave by leaving the gossip.
 *
 *     `legacy_agents`   the name is        the heartbeat               then
 *     refuse            any                any                         legacy-refused
 *     accept            a pinned agent's   any                         legacy-refused
 *     accept            free               names no backend            passed over: nothing to be let in for
 *     accept            free, or its own   names backends              pinAgent where services, region or place changed, then as below
 *     accept            its own            as it was, or names none    a sign of life
 *     accept            its own            changed                     an order
 */
import { beatNeedsOrder } from '../../../commands/claims.ts';
import { type Command, isRefusal } from '../../../commands/command.ts';
import type { RejectionReason } from '../../../events/catalogue/agents.ts';
import type { AgentClaims, Beat } from '../../../events/catalogue/heartbeats.ts';
import { backendKey } from '../../../projections/claims.ts';
import { missedThresholdDefault, staleSinceOf } from '../../../projections/liveness.ts';
import type { State } from '../../../projections/state.ts';
import { type Pin, trusted } from '../../../projections/trust.ts';
import type { Outcome } from '../../engine.ts';
import type { MemberNews } from '../../gossip/gossip.ts';
import { decodeLegacy, type LegacyHeartbeat } from '../../identity/legacy.ts';
import type { Clock } from '../../world.ts';
import { type Correspondence, placeText, type Sender } from './correspondence.ts';
import { rejectionOf } from './introductions.ts';
import type { JoinedBeats } from './joined-beats.ts';
import type { OrderLanes } from './order-lanes.ts';
import { nameless, type RejectionLog } from './rejection-log.ts';

/** They send everything twice a minute, whatever their configuration says. */
const legacyIntervalMs = 30_000;

export interface LegacyAgents {
  hear(bytes: Uint8Array, from: Sender): void;
  /** Those that leave the gossip leave for good. */
  heard(news: readonly MemberNews[]): void;
  /** Messages by type; those that no agent sends are `unknown`. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface LegacyParts {
  readonly state: State;
  readonly clock: Clock;
  readonly accepts: () => boolean;
  readonly lanes: OrderLanes;
  readonly joined: JoinedBeats;
  readonly rejections: RejectionLog;
  readonly correspondence: Correspondence;
}

export function createLegacyAgents({ state, clock, accepts, lanes, joined, rejections }: LegacyParts): LegacyAgents {
  const counts = new Map<string, number>();
  let lastSequence = 0;

  /** They number nothing. What came later is later here, also after a restart. */
  function nextMark(): Pick<Beat, 'boot' | 'sequence'> {
    lastSequence = Math.max(clock.now(), lastSequence + 1);
    return { boot: 0, sequence: lastSequence };
  }

  function give(agent: string, from: Sender, command: Command, settled: (outcome: Outcome) => void = () => {}): void {
    lanes.give(agent, { command, actor: { kind: 'agent', name: agent, address: from.address } }, settled);
  }

  const reject = (agent: string, from: Sender, reason: RejectionReason) => rejections.note(agent, reason, placeText(from));

  function report(heartbeat: LegacyHeartbeat, from: Sender) {
    const { agent } = heartbeat;
    if (heartbeat.unusable > 0) reject(agent, from, 'malformed');
    const pin = trusted(state.trust, agent);
    const wanted = pinOf(state, heartbeat, from);
    if (wanted === undefined || (pin !== undefined && isSo(pin, wanted))) return pin && beat(pin, heartbeat, from);
    give(agent, from, { kind: 'pinAgent', ...wanted }, (outcome) => {
      const after = trusted(state.trust, agent);
      if (!isRefusal(outcome)) return after && beat(after, heartbeat, from);
      const reason = rejectionOf(outcome);
      if (reason !== undefined) reject(agent, from, reason);
    });
  }

  function beat({ agent }: Pin, heartbeat: LegacyHeartbeat, from: Sender) {
    const claims = heartbeat.backends === null ? undefined : claimsOf(heartbeat);
    const isNews = claims !== undefined && !isClaimed(state, agent, claims);
    const said: Beat = { agent, ...nextMark(), intervalMs: legacyIntervalMs, ...signalsOf(heartbeat), ...(isNews && { claims }) };
    if (beatNeedsOrder(state, said)) {
      joined.overtaken(agent);
      return give(agent, from, { kind: 'receiveClaims', beat: said }, (outcome) => {
        if (!isRefusal(outcome)) rejections.noteFacts(outcome.events);
      });
    }
    joined.add(said, { atOnce: staleSinceOf(state.liveness, agent) !== null });
  }

  return {
    counts,
    hear(bytes, from) {
      const decoded = decodeLegacy(bytes);
      if ('rejected' in decoded) return reject(nameless, from, decoded.rejected);
      const type = decoded.type === 'heartbeat' ? 'heartbeat' : decoded.what;
      counts.set(type, (counts.get(type) ?? 0) + 1);
      const holder = trusted(state.trust, decoded.agent);
      if (!accepts() || holder?.legacy === false) return reject(decoded.agent, from, 'legacy-refused');
      if (decoded.type === 'heartbeat') report(decoded, from);
    },
    heard(news) {
      if (!accepts()) return;
      const left = new Map(news.flatMap(({ change, member }) => (change === 'left' ? [[placeText(member), member] as const] : [])));
      if (left.size === 0) return;
      for (const { agent, legacy, address, revokedAt } of state.trust.values()) {
        const member = left.get(address);
        if (legacy && revokedAt === null && member !== undefined) give(agent, member, { kind: 'agentLeft', agent, ...nextMark() });
      }
    },
  };
}

type LegacyPin = Omit<Extract<Command, { kind: 'pinAgent' }>, 'kind'>;

/** What a whole report asks to be let in for; undefined: for nothing that is served here. */
function pinOf({ configuration }: State, { agent, region, backends }: LegacyHeartbeat, from: Sender): LegacyPin | undefined {
  const services = [...new Set(backends?.map(({ service }) => service))].filter((service) => configuration?.domains.has(service)).sort();
  if (services.length === 0) return undefined;
  return { agent, fingerprint: null, certificate: null, region, services, address: placeText(from), legacy: true };
}

function isSo(pin: Pin, { services, region, address }: LegacyPin): boolean {
  return pin.region === region && pin.address === address && pin.services.join() === services.join();
}

function claimsOf({ backends, predictive }: LegacyHeartbeat): AgentClaims {
  const bleeds = predictive?.bleeding === true;
  const reason = predictive?.bleedReason.trim() || 'its host is in trouble';
  // One address twice is one backend: the last word on it counts, as it does there.
  const once = new Map((backends ?? []).map((backend) => [backendKey(backend), backend]));
  const claimed = [...once.values()].map((backend) => ({
    ...backend,
    // There, 0 stands for no weight.
    weight: backend.weight === 0 ? 100 : backend.weight,
    draining: bleeds ? reason : null,
  }));
  return { missedThreshold: missedThresholdDefault, backends: claimed };
}

function isClaimed({ claims }: State, agent: string, { backends }: AgentClaims): boolean {
  const standing = claims.get(agent)?.backends;
  if (standing === undefined || standing.size !== backends.length) return false;
  return backends.every((backend) => {
    const known = standing.get(backendKey(backend));
    return known?.healthy === backend.healthy && known.weight === backend.weight && known.draining === backend.draining;
  });
}

function signalsOf({ predictive }: LegacyHeartbeat): Pick<Beat, 'signals'> {
  if (predictive === undefined) return {};
  return { signals: { cpu: predictive.cpuPercent, memory: predictive.memPercent, errorRate: predictive.errorRate } };
}
