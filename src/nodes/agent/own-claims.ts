/**
 * What the agent says of its backends, from what its checks and its drains say; and of its host, from what it measures.
 * Pure. A backend that was not checked yet is not claimed as healthy: nothing is claimed that was not seen.
 */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import { durationMs } from '../../events/duration.ts';
import type { Claims, Signals as SaidSignals } from '../identity/agent-messages.ts';
import type { Drains } from './drains.ts';
import type { Signals } from './signals.ts';
import type { WatchedBackend } from './watched-backends.ts';

export type AgentSettings = NonNullable<Configuration['agent']>;
type Policy = NonNullable<Claims['predictive']>;
export type SignalName = keyof Policy;

const signalNames = ['cpu', 'memory', 'errorRate'] as const satisfies readonly SignalName[];

/** Where a signal's own setting to leave is left out, it leaves at this share of its threshold. */
const leaveShare = 0.9;

export function claimsOf(settings: AgentSettings, backends: readonly WatchedBackend[], drains: Pick<Drains, 'reasonOf'>): Claims {
  return {
    missedThreshold: settings.heartbeat.missed_threshold,
    predictive: settings.predictive.enabled ? policyOf(settings) : null,
    backends: backends.map(({ service, address, port, weight, healthy }) => {
      return { service, address, port, weight, healthy: healthy === true, draining: drains.reasonOf(service) };
    }),
  };
}

function policyOf({ predictive: { cpu, memory, error_rate: errorRate } }: AgentSettings): Policy {
  return { cpu: bleeding(cpu), memory: bleeding(memory), errorRate: bleeding(errorRate) };
}

type Threshold = AgentSettings['predictive']['cpu'];

function bleeding({ threshold, leave_threshold: leave, bleed_duration: duration }: Threshold): Policy[SignalName] {
  return { threshold, leave: leave ?? threshold * leaveShare, bleedMs: durationMs(duration) };
}

/** As it travels. */
export function saidSignals({ cpu, memory, errorRate }: Signals): SaidSignals {
  return { cpu: cpu ?? null, memory: memory ?? null, errorRate };
}

/**
 * Which signals are bad now, where `before` were. A signal that cannot be measured is not bad.
 *
 *     it was    and is                       it is
 *     well      at its threshold or above    bad
 *     bad       at `leave` or below          well
 *     either    anything else                as it was
 */
export function badSignals(policy: Policy, signals: SaidSignals, before: ReadonlySet<SignalName>): ReadonlySet<SignalName> {
  return new Set(
    signalNames.filter((name) => {
      const value = signals[name];
      if (value === null) return false;
      return before.has(name) ? value > policy[name].leave : value >= policy[name].threshold;
    }),
  );
}

/** Service to token, for the services of its backends. */
export function tokensOf({ identity, backends }: AgentSettings): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const { service } of backends) {
    const token = identity.tokens[service] ?? identity.service_token;
    if (token !== undefined) tokens.set(service, token);
  }
  return tokens;
}
