/**
 * What the agent has to report, as things are now: its backends by its checks and drains, its host by its signals. A
 * changed configuration takes over only once each of its backends has been checked, so that a reload reports nothing
 * that was not seen.
 */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import { durationMs } from '../../events/duration.ts';
import type { Checks } from '../checks/checks.ts';
import type { Claims, Signals as SaidSignals } from '../identity/agent-messages.ts';
import type { Chance, Clock } from '../world.ts';
import type { Drains } from './drains.ts';
import { createErrorRate } from './error-rate.ts';
import { type AgentSettings, badSignals, claimsOf, type SignalName, saidSignals } from './own-claims.ts';
import { loadReader, watchSignals } from './signals.ts';
import { type WatchedBackend, watchBackends } from './watched-backends.ts';

export interface OwnReport {
  readonly settings: AgentSettings;
  backends(): readonly WatchedBackend[];
  claims(): Claims;
  /** What was measured last; null: signals are not measured. */
  signals(): SaidSignals | null;
  badSignals(): ReadonlySet<SignalName>;
  /** Resolves when every backend was checked once. */
  readonly complete: Promise<void>;
  /** Resolves when no check runs any more; nothing is told from here on. */
  stop(): Promise<void>;
}

export interface OwnReportOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly checks: Checks;
  readonly drains: Pick<Drains, 'reasonOf'>;
  /** Called when a check or a signal changed what is to be reported. */
  readonly changed: () => void;
  /** Called after each check. */
  readonly checked: (service: string, ok: boolean) => void;
}

/** Checks and measures from now on. `configuration` has an agent. */
export function createOwnReport(options: OwnReportOptions): OwnReport {
  const { configuration, clock, chance, checks, drains, changed, checked } = options;
  const settings = configuration.agent as AgentSettings;
  const { predictive } = settings;
  const failures = createErrorRate(durationMs(predictive.error_rate.window));
  let signals: SaidSignals | null = null;
  let bad: ReadonlySet<SignalName> = new Set();
  let isComplete = () => {};
  const complete = new Promise<void>((resolve) => {
    isComplete = resolve;
  });

  const watched = watchBackends({
    ...{ configuration, clock, chance, checks, checked },
    failed: (at) => failures.failed(at),
    changed() {
      if (watched.list().every(({ healthy }) => healthy !== null)) isComplete();
      changed();
    },
  });
  const claims = () => claimsOf(settings, watched.list(), drains);
  const stopMeasuring = predictive.enabled
    ? watchSignals({
        clock,
        intervalMs: durationMs(predictive.check_interval),
        readLoad: loadReader(),
        failuresPerMinute: (at) => failures.perMinute(at),
        measured(measured) {
          signals = saidSignals(measured);
          const before = bad;
          bad = badSignals(claims().predictive as NonNullable<Claims['predictive']>, signals, before);
          if (bad.size !== before.size || [...bad].some((name) => !before.has(name))) changed();
        },
      })
    : () => {};

  return {
    settings,
    claims,
    complete,
    backends: () => watched.list(),
    signals: () => signals,
    badSignals: () => bad,
    stop() {
      stopMeasuring();
      return watched.stop();
    },
  };
}
