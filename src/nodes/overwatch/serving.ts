/** What an overwatch listens with: DNS from the table of answers, the metrics about it, and the API. */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { EventLog } from '../../events/log.ts';
import { type ApiOptions, createApi } from '../api/api.ts';
import { listenApi } from '../api/listen.ts';
import { createRecentChanges } from '../api/stream-recent.ts';
import type { Respond } from '../dns/answering.ts';
import { createDnsCounter } from '../dns/counts.ts';
import { countingDraw } from '../dns/draw.ts';
import { createResponder } from '../dns/responder.ts';
import { startDnsServer } from '../dns/server.ts';
import type { AnswerTable } from '../dns/table.ts';
import type { Logger } from '../logger.ts';
import { listenMetrics } from '../metrics/listen.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Agents } from './agents/agents.ts';
import type { Closer } from './closers.ts';
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
  { configuration, version, outside }: ServingParts,
  { engine, world, listeners }: RecoveredEngine,
  table: AnswerTable,
  agents: Agents | undefined,
): Promise<DnsAndMetrics> {
  const dnsCounter = createDnsCounter();
  const responder = createResponder(table);
  const draw = countingDraw(world.chance);
  const respond: Respond = (packet, client) => responder.respond(packet, client, draw);
  const metrics = configuration.metrics.enabled ? createMetrics({ engine, ...world, dnsCounter, version, agents }) : undefined;
  if (metrics !== undefined) listeners.push(metrics.listener);
  const dns = await startDnsServer({
    listenAddress: configuration.dns.listen_address,
    respond: metrics?.measured(respond) ?? respond,
    onCount: dnsCounter.count,
  });
  outside.push(() => dns.close());
  const metricsListener = metrics && (await listenMetrics(metrics, configuration.metrics.address));
  outside.push(() => metricsListener?.close());
  return { dnsPort: dns.port, metricsPort: metricsListener?.port ?? null, metrics };
}

/** The port; null where the API is off. */
export async function serveApi(
  { configuration, version, logger, outside }: ServingParts,
  { engine, listeners }: RecoveredEngine,
  log: EventLog,
  routes: Pick<ApiOptions, 'agents' | 'checkNow' | 'readiness' | 'reload'>,
): Promise<number | null> {
  const settings = configuration.api;
  if (!settings.enabled) return null;
  const recentChanges = createRecentChanges(engine.state);
  listeners.push(recentChanges.listener);
  const api = createApi({ engine, log, logger, settings, version, recentChanges, ...routes });
  outside.push(() => api.close());
  return listenApi(api, settings.address);
}
