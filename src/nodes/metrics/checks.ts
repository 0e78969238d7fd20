/** What the checks measured, counted as each result is folded in. A server's numbers go when the server goes. */
import type { DataOf } from '../../events/event.ts';
import { endpointText } from '../../projections/endpoint.ts';
import { allServers, serverOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import type { BucketCounts, Exposition } from './exposition.ts';
import { createTally } from './tally.ts';

export interface CheckMetrics {
  count(result: DataOf<'validation.recorded'>, state: State): void;
  /** Drops the numbers of what the state does not hold any more. */
  forget(state: State): void;
}

/** Seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const secondsPerUs = 1e-6;

export function checkMetrics(exposition: Exposition): CheckMetrics {
  const byService = createTally();
  const byServer = createTally();
  exposition.counter(
    { name: 'overwatch_validation_checks_total', help: 'Checks by their result.', labels: ['service', 'result'] },
    byService.samples,
  );
  exposition.counter(
    { name: 'health_check_results_total', help: 'Checks by server and result.', labels: ['region', 'server', 'result'] },
    byServer.samples,
  );
  const ofServices = rememberedLabels(
    exposition.histogram({ name: 'overwatch_validation_latency_seconds', help: 'How long checks took.', labels: ['service'], buckets }),
  );
  const ofRegions = rememberedLabels(
    exposition.histogram({ name: 'health_check_duration_seconds', help: 'How long checks took.', labels: ['region'], buckets }),
  );

  return {
    count({ service, address, port, ok, totalUs }, state) {
      const server = serverOf(state.registry, service, address, port);
      if (server === undefined) return;
      const result = ok ? 'success' : 'failure';
      byService.add(service, result);
      byServer.add(server.region, endpointText(address, port), result);
      ofServices.observe(service, totalUs * secondsPerUs);
      ofRegions.observe(server.region, totalUs * secondsPerUs);
    },
    forget({ registry }) {
      const servers = allServers(registry);
      const known = new Set(servers.map(({ region, address, port }) => `${region} ${endpointText(address, port)}`));
      const regions = new Set(servers.map(({ region }) => region));
      byService.keepWhere(([service = '']) => registry.has(service));
      byServer.keepWhere(([region, server]) => known.has(`${region} ${server}`));
      ofServices.keepWhere((service) => registry.has(service));
      ofRegions.keepWhere((region) => regions.has(region));
    },
  };
}

/** A histogram with one label, and where to put what is measured under each of its values. */
function rememberedLabels(histogram: BucketCounts) {
  const places = new Map<string, (value: number) => void>();
  return {
    observe(label: string, value: number): void {
      let place = places.get(label);
      if (place === undefined) places.set(label, (place = histogram.under(label)));
      place(value);
    },
    keepWhere(isWanted: (label: string) => boolean): void {
      for (const label of places.keys()) {
        if (isWanted(label)) continue;
        places.delete(label);
        histogram.forget(label);
      }
    },
  };
}
