/** The validator of an overwatch, fed with the servers that the state names and kept true to them. */
import { healthOf } from '../../projections/health.ts';
import type { State } from '../../projections/state.ts';
import { checks } from '../checks/checks.ts';
import { createValidator, type ValidationTarget, type Validator } from '../checks/validator.ts';
import type { Listener } from '../engine.ts';
import type { RecoveredEngine } from './recovered-engine.ts';
import type { SecretsInUse } from './reload.ts';
import { validationTargets } from './targets.ts';

export interface Checking {
  readonly validator: Validator;
  /** Whom to check, as things are now. */
  readonly targets: () => readonly ValidationTarget[];
  /** Checks these from now on; the first call starts it all. */
  readonly assign: () => void;
}

export function prepareChecks({ engine, world }: RecoveredEngine, maxConcurrent: number, secrets: SecretsInUse): Checking {
  const validator = createValidator({
    clock: world.clock,
    chance: world.chance,
    checks,
    maxConcurrent,
    record: (data) => engine.observe({ type: 'validation.recorded', data }),
  });
  const targets = validationTargets(engine.state, () => secrets.current);
  return { validator, targets, assign: () => validator.assign(targets()) };
}

/** Calls `assign` once after everything that was folded together, if that changed whom or how to check. */
export function afterServersChanged(assign: () => void): Listener {
  let isDue = false;
  return ({ cause }) => {
    if (isDue || !('event' in cause)) return;
    const { type } = cause.event;
    if (type !== 'configuration.applied' && !type.startsWith('server.')) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      assign();
    });
  };
}

/** Whether every server that is checked has been checked. */
export function isHealthKnown(state: State, targets: readonly ValidationTarget[]): boolean {
  return targets.every(({ service, address, port }) => healthOf(state.health, service, address, port) !== undefined);
}
