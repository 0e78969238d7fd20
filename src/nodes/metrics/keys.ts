/** The keys of zones: whether all that is to be signed is, how old keys are, how far rotations are, and what parents showed. */
import type { Event } from '../../events/event.ts';
import { activeKeyOf } from '../../projections/keys.ts';
import type { State } from '../../projections/state.ts';
import type { KeySync } from '../dns/key-sync/key-sync.ts';
import type { Keys } from '../dns/keys/keys.ts';
import type { Clock } from '../world.ts';
import type { Exposition } from './exposition.ts';
import { createTally } from './tally.ts';

export interface KeyMetrics {
  /** Counts keys that come from elsewhere. */
  count(event: Event): void;
}

export interface KeyMetricsOptions {
  readonly state: State;
  readonly clock: Pick<Clock, 'now'>;
  /** Undefined: this node signs nothing. */
  readonly keys: Keys | undefined;
  /** Undefined: this node shares no keys with others. */
  readonly keySync?: KeySync | undefined;
}

export function keyMetrics(exposition: Exposition, { state, clock, keys, keySync }: KeyMetricsOptions): KeyMetrics {
  const imported = createTally();
  const all = () => [...state.keys.values()].flat();
  const ageOf = ({ createdAt }: { readonly createdAt: number }) => Math.max(0, clock.now() - createdAt) / 1_000;
  const isOn = () => keys !== undefined && state.configuration?.configuration.overwatch.dnssec.enabled === true;
  const signed = () => [...(state.configuration?.zones ?? [])].filter((zone) => keys?.signingOf(zone) !== undefined);

  exposition.gauge({ name: 'dnssec_enabled', help: 'Whether this node signs its zones.' }, () => [[isOn() ? 1 : 0]]);
  exposition.gauge({ name: 'dnssec_managed_zones', help: 'Zones that have a key here and are signed with it.' }, () => [[signed().length]]);
  exposition.gauge({ name: 'dnssec_zones_without_key', help: 'Zones that are to be signed and have no key.' }, () => [
    [isOn() ? (keys?.waiting().length ?? 0) : 0],
  ]);
  exposition.gauge({ name: 'dnssec_key_age_seconds', help: 'The age of the oldest key that signs; 0 where none does.' }, () => {
    const active = [...state.keys.values()].flatMap((ofZone) => activeKeyOf(ofZone) ?? []);
    return [[active.reduce((oldest, key) => Math.max(oldest, ageOf(key)), 0)]];
  });
  exposition.gauge({ name: 'dnssec_key_age_by_zone_seconds', help: 'The age of each key.', labels: ['zone', 'key_tag'] }, () =>
    all().map((key) => [ageOf(key), key.zone, String(key.keyTag)]),
  );
  exposition.gauge({ name: 'dnssec_key_stage', help: 'Always 1: how far each key is.', labels: ['zone', 'key_tag', 'stage'] }, () =>
    all().map(({ zone, keyTag, stage }) => [1, zone, String(keyTag), stage]),
  );
  exposition.counter(
    { name: 'dnssec_keys_imported_total', help: 'Keys that came from elsewhere, by where.', labels: ['peer'] },
    imported.samples,
  );
  exposition.counter({ name: 'dnssec_parent_looks_total', help: 'Looks at parents for a new DS.', labels: ['result'] }, () =>
    keys === undefined ? [] : Object.entries(keys.looks).map(([result, count]) => [count, result]),
  );

  syncMetrics(exposition, keySync);

  return {
    count(event) {
      if (event.type === 'key.imported') imported.add(event.data.from);
    },
  };
}

/** What came of asking peers, and of being asked by others. */
function syncMetrics(exposition: Exposition, keySync: KeySync | undefined): void {
  const peers = () => keySync?.peers() ?? [];
  exposition.counter({ name: 'dnssec_key_sync_success_total', help: 'Answers of peers, with all that was asked.' }, () => [
    [peers().reduce((sum, { successes }) => sum + successes, 0)],
  ]);
  exposition.counter({ name: 'dnssec_key_sync_failures_total', help: 'Attempts that failed, by peer.', labels: ['peer'] }, () =>
    peers().map(({ url, failures }) => [failures, url]),
  );
  exposition.gauge(
    {
      name: 'dnssec_key_sync_last_success_timestamp_seconds',
      help: 'When a peer last answered all that it was asked; 0: not since the start.',
      labels: ['peer'],
    },
    () => peers().map(({ url, lastSuccess }) => [(lastSuccess ?? 0) / 1_000, url]),
  );
  exposition.counter(
    { name: 'dnssec_keys_refused_total', help: 'Keys of peers that have nothing to do with those here, each time.', labels: ['peer'] },
    () => peers().map(({ url, refusedKeys }) => [refusedKeys, url]),
  );
  exposition.counter({ name: 'dnssec_key_sync_strangers_total', help: 'Requests for keys by those who are no peers.' }, () => [
    [keySync?.strangers() ?? 0],
  ]);
}
