/**
 * Every backend of the agent, checked from inside by the same checks and with the same thresholds as an overwatch has for
 * servers: each result is a fact that is folded by `projections/health.ts`, in memory only. A backend that has not been
 * checked yet is not healthy: nothing is claimed that was not seen.
 */
import assert from 'node:assert/strict';
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { EventOf } from '../../events/event.ts';
import { checkSettingsOf, type Thresholds, thresholdsOf } from '../../projections/checks.ts';
import { type ConfigurationInForce, configurationInForce } from '../../projections/configuration.ts';
import { endpointText } from '../../projections/endpoint.ts';
import { evolveHealth, type Health, healthOf } from '../../projections/health.ts';
import type { Checks } from '../checks/checks.ts';
import { createValidator, type Validation, type ValidationTarget } from '../checks/validator.ts';
import type { Chance, Clock } from '../world.ts';

type BackendSettings = NonNullable<Configuration['agent']>['backends'][number];

/** One backend, and what the checks say of it. */
export interface WatchedBackend {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** Null: not checked yet. */
  readonly healthy: boolean | null;
  /** When that was reached, and the newest check; null: not checked yet. */
  readonly since: number | null;
  readonly checkedAt: number | null;
  /** What the newest check said, where it failed. */
  readonly error: string | null;
}

export interface WatchedBackends {
  /** In the order of the configuration. */
  list(): readonly WatchedBackend[];
  /** Resolves when the last check has ended; nothing is told from here on. */
  stop(): Promise<void>;
}

export interface WatchedBackendsOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly checks: Checks;
  /** Called after a check that changed whether a backend is healthy. */
  readonly changed: () => void;
  /** Called when a backend fails: it was healthy, and is no more. One that is dead has failed once, however often it is checked. */
  readonly failed: (at: number) => void;
  /** Called after each check, before either. */
  readonly checked?: (service: string, ok: boolean) => void;
}

/** Checks all of them at once, and then each at its own interval. */
export function watchBackends(options: WatchedBackendsOptions): WatchedBackends {
  const { configuration, clock, chance, checks, changed, failed, checked } = options;
  const { agent } = configuration;
  assert(agent !== undefined, 'only an agent watches backends');
  // Regions are the overwatch's: a backend here has its own settings and the defaults, and nothing between them.
  const settings = configurationInForce({ configuration: { ...configuration, regions: [] }, digest: '', position: 0, at: 0 });
  const thresholds = new Map(agent.backends.map((backend) => [keyOf(backend), thresholdsOf(settings, asServer(backend))]));
  const health: Health = new Map();
  let position = 0;

  const record = (validation: Validation) => {
    position += 1;
    const fact = recorded(validation, clock.now(), position);
    checked?.(validation.service, validation.ok);
    const { service, address, port } = validation;
    const wasUp = healthOf(health, service, address, port)?.status === 'up';
    if (!evolveHealth(health, fact, thresholds.get(keyOf(validation)) as Thresholds)) return;
    if (wasUp) failed(fact.at);
    changed();
  };

  const { max_concurrent: maxConcurrent } = configuration.overwatch.validation;
  const validator = createValidator({ clock, chance, checks, maxConcurrent, record });
  validator.assign(agent.backends.map((backend) => targetOf(settings, backend)));
  return {
    list: () => agent.backends.map((backend) => watched(backend, health)),
    stop: () => validator.stop(),
  };
}

/** As far as its settings of checks are looked up. */
const asServer = ({ health_check: healthCheck }: BackendSettings) => ({ region: '', host: undefined, healthCheck });
const keyOf = ({ service, address, port }: Pick<BackendSettings, 'service' | 'address' | 'port'>) =>
  `${service} ${endpointText(address, port)}`;

function recorded(data: Validation, at: number, position: number): EventOf<'validation.recorded'> {
  return { type: 'validation.recorded', v: 1, node: 'agent', position, at, data };
}

function watched(backend: BackendSettings, health: Health): WatchedBackend {
  const { service, address, port, weight } = backend;
  const known = healthOf(health, service, address, port);
  return {
    ...{ service, address, port, weight },
    healthy: known === undefined ? null : known.status === 'up',
    since: known?.since ?? null,
    checkedAt: known?.lastAt ?? null,
    error: known?.last.error ?? null,
  };
}

function targetOf(settings: ConfigurationInForce, backend: BackendSettings): ValidationTarget {
  const { intervalMs, host, expectedBody, ...rest } = checkSettingsOf(settings, asServer(backend));
  const { service, address, port } = backend;
  return {
    ...{ service, address, port, intervalMs },
    target: {
      ...rest,
      ...{ address, port },
      ...(host !== undefined && { host }),
      ...(expectedBody !== undefined && { expectedBody }),
    },
  };
}
