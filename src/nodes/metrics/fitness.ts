/**
 * How many servers are what, by service and by region. Judging ten thousand servers takes a while, so every service's
 * counts are kept until the state says that its answer may have changed, and a scrape judges only those anew.
 */
import { answerOf, type Tier } from '../../projections/answers.ts';
import { servicesOf } from '../../projections/configuration.ts';
import { entryOf } from '../../projections/endpoint.ts';
import type { Services } from '../../projections/evolve.ts';
import { serversOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import { authorities, type Verdict, verdictOn } from '../../projections/verdict.ts';
import type { Exposition, Sample } from './exposition.ts';

export interface FitnessMetrics {
  /** Judges these anew when they are next asked for. */
  changed(services: Services): void;
  /** Judges everything anew. */
  allChanged(): void;
}

interface Judged {
  readonly region: string;
  readonly status: Verdict['status'];
  readonly authority: Verdict['authority'];
}

interface Judgement {
  readonly servers: readonly Judged[];
  /** By tier; a service that is not configured has none. */
  readonly candidates: readonly (Tier | undefined)[] | undefined;
}

const tierLabels = ['fit', 'draining', 'unproven', 'last-resort', 'out'] as const;

export function fitnessMetrics(exposition: Exposition, state: State): FitnessMetrics {
  const judgements = new Map<string, Judgement>();

  function judgementOf(service: string): Judgement {
    return entryOf(judgements, service, () => {
      const servers = [...serversOf(state.registry, service)].map((server) => {
        const { status, authority } = verdictOn(state, server);
        return { region: server.region, status, authority };
      });
      return { servers, candidates: answerOf(state, service)?.candidates.map(({ tier }) => tier) };
    });
  }
  const judged = () => [...state.registry.keys()].flatMap((service) => judgementOf(service).servers);
  const isHealthy = ({ status }: Judged) => status === 'up';

  exposition.gauge({ name: 'overwatch_backends_total', help: 'Servers that are registered.' }, () => [[judged().length]]);
  exposition.gauge({ name: 'overwatch_backends_healthy', help: 'Servers whose verdict is up.' }, () => [
    [judged().filter(isHealthy).length],
  ]);
  exposition.gauge({ name: 'overwatch_backends_by_authority', help: 'Servers by who decided about them.', labels: ['authority'] }, () =>
    counted(authorities, judged(), ({ authority }) => authority),
  );
  exposition.gauge({ name: 'healthy_servers', help: 'Servers whose verdict is up.', labels: ['region'] }, () => {
    const servers = judged();
    const regions = new Set([...(state.configuration?.regions.keys() ?? []), ...servers.map(({ region }) => region)]);
    return counted([...regions], servers.filter(isHealthy), ({ region }) => region);
  });
  exposition.gauge(
    { name: 'service_candidates', help: 'Addresses of a service by what they may answer for.', labels: ['service', 'tier'] },
    () =>
      [...servicesOf(state.configuration)].flatMap((service) =>
        counted(tierLabels, judgementOf(service).candidates ?? [], (tier) => tier ?? 'out').map(
          ([count, tier]): Sample => [count, service, tier as string],
        ),
      ),
  );

  return {
    changed(services) {
      for (const service of services) judgements.delete(service);
    },
    allChanged: () => judgements.clear(),
  };
}

/** How many of the items have each label; labels that none has count 0. */
function counted<T>(labels: readonly string[], items: readonly T[], labelOf: (item: T) => string): Sample[] {
  const counts = new Map(labels.map((label) => [label, 0]));
  for (const item of items) counts.set(labelOf(item), (counts.get(labelOf(item)) ?? 0) + 1);
  return [...counts].map(([label, count]) => [count, label]);
}
