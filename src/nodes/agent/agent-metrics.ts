/** All numbers of an agent, under the names of the original. What can be asked is read when somebody asks; the rest is counted. */
import type { Gossip } from '../gossip/gossip.ts';
import type { Signals } from '../identity/agent-messages.ts';
import { createExposition, type Exposition } from '../metrics/exposition.ts';
import { gossipMetrics } from '../metrics/gossip.ts';
import { createTally } from '../metrics/tally.ts';
import type { AgentStatus } from './control-messages.ts';
import type { LinkNews } from './link.ts';
import type { SignalName } from './own-claims.ts';

export interface AgentNumbers {
  checked(service: string, ok: boolean): void;
  told(news: LinkNews): void;
  reloaded(applied: boolean): void;
}

/** What is read when somebody asks. */
export interface AgentReadings {
  readonly version: string;
  readonly agent: string;
  readonly region: string;
  readonly status: () => AgentStatus;
  /** null: signals are not measured. */
  readonly signals: () => Signals | null;
  readonly badSignals: () => ReadonlySet<SignalName>;
  /** Rejects where there is no gossip, or not yet. */
  readonly gossipCounters: Gossip['counters'];
}

export interface AgentMetrics extends AgentNumbers {
  /** Everything, as Prometheus reads it. */
  render(): Promise<string>;
  readonly contentType: string;
}

export function createAgentMetrics(readings: AgentReadings): AgentMetrics {
  const exposition = createExposition();
  const { version, agent, region, status } = readings;
  const checks = createTally();
  const reloads = createTally();
  let heartbeats = 0;
  let broadcasts = 0;
  let failures = 0;

  exposition.gauge({ name: 'app_info', help: 'Always 1.', labels: ['version', 'node'] }, () => [[1, version, agent]]);
  exposition.gauge({ name: 'runtime_mode_info', help: 'Always 1.', labels: ['mode', 'node_id', 'region'] }, () => [
    [1, 'agent', agent, region],
  ]);
  exposition.counter(
    { name: 'config_reloads_total', help: 'How often the configuration was read again.', labels: ['result'] },
    reloads.samples,
  );
  exposition.gauge({ name: 'agent_backends_registered', help: 'Backends that this agent speaks for.' }, () => [[status().backends.length]]);
  exposition.gauge({ name: 'agent_backends_healthy', help: 'Those of them that its checks call healthy.' }, () => [
    [status().backends.filter(({ healthy }) => healthy === true).length],
  ]);
  exposition.gauge({ name: 'agent_backends_draining', help: 'Those of them that are draining.' }, () => [
    [status().backends.filter(({ draining }) => draining !== null).length],
  ]);
  exposition.counter(
    { name: 'agent_backend_health_checks_total', help: 'Checks by their result.', labels: ['service', 'result'] },
    checks.samples,
  );
  exposition.counter({ name: 'agent_heartbeats_sent_total', help: 'Messages to overwatches that say that this agent lives.' }, () => [
    [heartbeats],
  ]);
  exposition.counter(
    { name: 'agent_heartbeat_failures_total', help: 'Attempts to reach an overwatch, or to be believed, that failed.' },
    () => [[failures]],
  );
  exposition.counter(
    { name: 'gossip_health_updates_broadcast_total', help: 'Messages to overwatches with all that this agent claims.' },
    () => [[broadcasts]],
  );
  const propagation = exposition
    .histogram({
      name: 'gossip_propagation_latency_seconds',
      help: 'From telling an overwatch news until it has acknowledged it.',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    })
    .under();
  exposition.gauge({ name: 'agent_overwatch_connections_active', help: 'Overwatches that know this agent and are there.' }, () => [
    [status().overwatches.filter(({ reached }) => reached).length],
  ]);
  exposition.gauge({ name: 'agent_overwatch_current', help: 'Those of them that have acknowledged everything.' }, () => [
    [status().overwatches.filter(({ reached, current }) => reached && current).length],
  ]);
  signalGauges(exposition, readings);
  const refreshGossip = gossipMetrics(exposition, { gossip: { counters: readings.gossipCounters } });

  return {
    async render() {
      await refreshGossip();
      return exposition.render();
    },
    contentType: exposition.contentType,
    checked: (service, ok) => checks.add(service, ok ? 'success' : 'failure'),
    reloaded: (applied) => reloads.add(applied ? 'success' : 'failure'),
    told(news) {
      const { kind } = news;
      if (kind === 'sent') heartbeats += 1;
      if (kind === 'sent' && news.withClaims) broadcasts += 1;
      if (kind === 'acknowledged') propagation(news.afterMs / 1_000);
      if (kind === 'unreachable' || kind === 'refused') failures += 1;
    },
  };
}

const gauges = [
  ['cpu', 'predictive_cpu_percent', 'Percent of the processors.'],
  ['memory', 'predictive_memory_percent', 'Percent of the memory.'],
  ['errorRate', 'predictive_error_rate', 'Failures of backends a minute.'],
] as const;

/** Without a sample where the signal is not measured, or cannot be. */
function signalGauges(exposition: Exposition, { signals, badSignals, status }: AgentReadings): void {
  for (const [signal, name, help] of gauges) {
    exposition.gauge({ name, help }, () => {
      const value = signals()?.[signal] ?? null;
      return value === null ? [] : [[value]];
    });
  }
  exposition.gauge({ name: 'predictive_bleeding', help: 'Whether a signal is bad, and the weights sink.' }, () => [
    [badSignals().size > 0 ? 1 : 0],
  ]);
  exposition.gauge(
    { name: 'agent_predictive_state_active', help: 'Whether this signal is bad.', labels: ['service', 'signal_type'] },
    () => {
      const services = [...new Set(status().backends.map(({ service }) => service))];
      return services.flatMap((service) =>
        gauges.map(([signal]) => [badSignals().has(signal) ? 1 : 0, service, typeWords[signal]] as const),
      );
    },
  );
}

const typeWords = { cpu: 'cpu', memory: 'memory', errorRate: 'error_rate' } as const;
