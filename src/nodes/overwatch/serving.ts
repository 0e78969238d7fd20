/** What an overwatch listens with: DNS from the table of answers, the metrics about it, and the API. */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { EventLog } from '../../events/log.ts';
import { type ApiOptions, createApi } from '../api/api.ts';
import { listenApi } from '../api/listen.ts';
import { createRecentChanges } from '../api/stream-recent.ts';
import type { Closer } from '../closers.ts';
import type { KeySync } from '../dns/key-sync/key-sync.ts';
import type { Keys } from '../dns/keys/keys.ts';
import type { TableReaders } from '../dns/workers/table-readers.ts';
import { startTableServer } from '../dns/workers/table-server.ts';
import type { Logger } from '../logger.ts';
import { listenMetrics } from '../metrics/listen.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Agents } from './agents/agents.ts';
import type { RecoveredEngine } from './recovered-engine.ts';

export interface ServingParts {
  readonly configuration: Configuration;
  readonly version: string;
  readonly logger: Logger;
  /** How to close what answers, in the order of opening. */
  readonly outside: Closer[];
}

export interface DnsAndMetrics {
  readonly dnsPort: number;
  /** null where metrics are off. */
  readonly metricsPort: number | null;
  readonly metrics: Metrics | undefined;
}

export async function serveDns(
  { configuration, version, logger, outside }: ServingParts,
  { engine, world, listeners }: RecoveredEngine,
  readers: TableReaders,
  { agents, keys, keySync }: { readonly agents: Agents | undefined; readonly keys: Keys; readonly keySync: KeySync },
): Promise<DnsAndMetrics> {
  const { listen_address: listenAddress, query_log: queryLog } = configuration.dns;
  const dns = await startTableServer({
    ...{ listenAddress, readers, logger, clock: world.clock, chance: world.chance },
    sample: queryLog.enabled ? queryLog.sample : 0,
  });
  outside.push(() => dns.close());
  const metrics = configuration.metrics.enabled
    ? createMetrics({ engine, ...world, dns: dns.numbers, version, agents, keys, keySync })
    : undefined;
  if (metrics !== undefined) listeners.push(metrics.listener);
  const metricsListener = metrics && (await listenMetrics(metrics, configuration.metrics.address));
  outside.push(() => metricsListener?.close());
  return { dnsPort: dns.port, metricsPort: metricsListener?.port ?? null, metrics };
}

/** The port; null where the API is off. */
export async function serveApi(
  { configuration, version, logger, outside }: ServingParts,
  { engine, listeners }: RecoveredEngine,
  log: EventLog,
  routes: Pick<ApiOptions, 'agents' | 'checkNow' | 'keys' | 'keySync' | 'readiness' | 'reload'>,
): Promise<number | null> {
  const settings = configuration.api;
  if (!settings.enabled) return null;
  const recentChanges = createRecentChanges(engine.state);
  listeners.push(recentChanges.listener);
  const api = createApi({ engine, log, logger, settings, version, recentChanges, ...routes });
  outside.push(() => api.close());
  return listenApi(api, settings.address);
}
