/** Overrides that stand, and how often they were set, cleared, or ran out. */
import type { EventOf } from '../../events/event.ts';
import type { Deadline } from '../../projections/deadlines.ts';
import type { State } from '../../projections/state.ts';
import type { Exposition } from './exposition.ts';
import { createTally } from './tally.ts';

export interface OverrideMetrics {
  /** An override was set or cleared. */
  count(event: EventOf<'override.set' | 'override.cleared'>): void;
  /** A deadline fired: of `services`, an override ran out. */
  expired(deadline: Deadline, services: readonly string[]): void;
  /** Drops the counts of services that are not configured any more. */
  forget(state: State): void;
}

export function overrideMetrics(exposition: Exposition, state: State): OverrideMetrics {
  const changes = createTally();
  const standing = () => [...state.overrides.values()].flatMap((ofService) => [...ofService.values()]);
  const by = (authority: string) => standing().filter((override) => override.authority === authority).length;

  exposition.gauge({ name: 'overwatch_overrides_active', help: 'Overrides that stand.' }, () => [[standing().length]]);
  exposition.gauge(
    { name: 'overwatch_overrides_by_authority', help: 'Overrides that stand, by whose word they are.', labels: ['authority'] },
    () => [
      [by('human'), 'human'],
      [by('tool'), 'tool'],
    ],
  );
  exposition.gauge({ name: 'overrides_active', help: 'Overrides that stand.', labels: ['service'] }, () =>
    [...state.overrides].map(([service, ofService]) => [ofService.size, service]),
  );
  exposition.counter(
    { name: 'overrides_changes_total', help: 'Overrides that were set, cleared or ran out.', labels: ['service', 'action'] },
    changes.samples,
  );

  return {
    count({ type, data }) {
      changes.add(data.service, type === 'override.set' ? data.action : 'clear');
    },
    expired({ kind }, services) {
      if (kind === 'override-expires') for (const service of services) changes.add(service, 'expire');
    },
    forget({ configuration, overrides }) {
      changes.keepWhere(([service = '']) => configuration?.domains.has(service) === true || overrides.has(service));
    },
  };
}
