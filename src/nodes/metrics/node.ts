/** The node itself: its version, its configuration, its log, and what waits in its one loop. */
import type { Event } from '../../events/event.ts';
import type { EventLog } from '../../events/log.ts';
import type { Engine } from '../engine.ts';
import type { Exposition } from './exposition.ts';
import { createTally } from './tally.ts';

export interface NodeMetrics {
  /** An event was appended and folded. */
  count(event: Event): void;
  /** The configuration was read again, and is in force or was refused. */
  countReload(applied: boolean): void;
}

export interface NodeMetricsOptions {
  readonly engine: Engine;
  readonly log: EventLog;
  readonly version: string;
}

const secondsPerMs = 1e-3;

export function nodeMetrics(exposition: Exposition, { engine, log, version }: NodeMetricsOptions): NodeMetrics {
  const { state } = engine;
  const events = createTally();
  const reloads = createTally();
  let reloadedAt = 0;
  let bytes = 0;

  exposition.gauge({ name: 'app_info', help: 'Always 1.', labels: ['version', 'node'] }, () => [[1, version, log.node]]);
  exposition.gauge({ name: 'runtime_mode_info', help: 'Always 1.', labels: ['mode', 'node_id', 'region'] }, () => [
    [1, 'overwatch', log.node, state.configuration?.configuration.overwatch.identity.region ?? ''],
  ]);
  exposition.gauge({ name: 'config_load_timestamp_seconds', help: 'When the configuration in force was applied.' }, () => [
    [(state.configuration?.at ?? 0) * secondsPerMs],
  ]);
  exposition.gauge({ name: 'configured_domains', help: 'Services in the configuration.' }, () => [
    [state.configuration?.domains.size ?? 0],
  ]);
  exposition.gauge({ name: 'configured_servers', help: 'Servers in the configuration.' }, () => [
    [state.configuration?.staticServers ?? 0],
  ]);

  exposition.counter(
    { name: 'config_reloads_total', help: 'How often the configuration was read again.', labels: ['result'] },
    reloads.samples,
  );
  exposition.gauge({ name: 'config_reload_timestamp_seconds', help: 'When it was last read again and taken up; 0: never.' }, () => [
    [reloadedAt * secondsPerMs],
  ]);

  exposition.counter({ name: 'log_events_total', help: 'Events that were appended since the start.', labels: ['type'] }, events.samples);
  exposition.gauge({ name: 'log_position', help: 'The last position that was written.' }, () => [[log.end.position]]);
  exposition.gauge({ name: 'log_synced_position', help: 'The last position that survives a loss of power.' }, () => [
    [log.synced.position],
  ]);
  exposition.gauge({ name: 'log_unsynced_events', help: 'Events that are written and not synced.' }, () => [
    [log.end.position - log.synced.position],
  ]);

  exposition.gauge({ name: 'log_oldest_position', help: 'The first position that the log still holds.' }, () => [[log.oldest.position]]);
  exposition.gauge(
    { name: 'log_oldest_timestamp_seconds', help: 'When it was appended: the oldest moment that can be asked about.' },
    () => [[log.oldest.at * secondsPerMs]],
  );
  exposition.gauge({ name: 'log_checkpoint_timestamp_seconds', help: 'When everything was last restated; 0: never.' }, () => [
    [(state.checkpoint?.at ?? 0) * secondsPerMs],
  ]);
  exposition.gauge({ name: 'log_bytes', help: 'About what the log takes on the disk.' }, async () => {
    // A disk that refuses cannot be asked; it holds what it held.
    bytes = await log.size().catch(() => bytes);
    return [[bytes]];
  });

  exposition.counter({ name: 'observations_dropped_total', help: 'Observations that nobody will ever see: too many waited.' }, () => [
    [engine.dropped],
  ]);
  exposition.gauge({ name: 'engine_waiting_observations', help: 'Observations that wait to be appended.' }, () => [
    [engine.waiting.observations],
  ]);
  exposition.gauge({ name: 'engine_waiting_orders', help: 'Commands that wait to be decided.' }, () => [[engine.waiting.orders]]);

  return {
    count: ({ type }) => events.add(type),
    countReload(applied) {
      reloads.add(applied ? 'success' : 'failure');
      if (applied) reloadedAt = state.at;
    },
  };
}
