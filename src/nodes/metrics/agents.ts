/**
 * Agents and the gossip by which they are heard. What the state says of agents is read when somebody asks, what was
 * counted while hearing them by those who hear; labels with an agent's name exist as long as it is believed.
 */
import { agentStatusOf } from '../../projections/agent-status.ts';
import { claimOn } from '../../projections/claims.ts';
import { healthOf } from '../../projections/health.ts';
import { serverOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import type { Pin } from '../../projections/trust.ts';
import type { Change } from '../engine.ts';
import type { Agents } from '../overwatch/agents/agents.ts';
import type { Clock } from '../world.ts';
import type { Exposition, Sample } from './exposition.ts';
import { createTally } from './tally.ts';

export interface AgentMetrics {
  /** Counts what was folded. */
  count(change: Change, state: State): void;
  /** Drops the counts of agents and services that are gone. */
  forget(state: State): void;
}

const secondsPerMs = 1e-3;
const signalLabels = { cpu: 'cpu', memory: 'memory', errorRate: 'error_rate' } as const;

export interface AgentMetricsOptions {
  readonly state: State;
  readonly clock: Pick<Clock, 'now'>;
  /** Undefined: gossip is off, and the names are exposed without numbers. */
  readonly agents: Agents | undefined;
}

export function agentMetrics(exposition: Exposition, { state, clock, agents }: AgentMetricsOptions): AgentMetrics {
  const staleEvents = createTally();
  const signals = createTally();
  const vetoes = createTally();
  /** The signals that were bad when the agent was last looked at. */
  const badOf = new Map<string, readonly string[]>();
  const believed = () => [...state.trust.values()].filter(({ revokedAt }) => revokedAt === null);

  gaugesOfAgents(exposition, { state, clock, agents }, believed);
  countersOfHearing(exposition, agents);
  exposition.counter(
    { name: 'agent_stale_events_total', help: 'How often an agent was silent for too long.', labels: ['agent_id'] },
    staleEvents.samples,
  );
  exposition.counter(
    { name: 'gossip_predictive_signals_total', help: 'Signals of agents that turned bad.', labels: ['signal'] },
    signals.samples,
  );
  exposition.counter(
    {
      name: 'overwatch_vetoes_total',
      help: 'Servers that checks took down while their agents claimed health.',
      labels: ['service', 'reason'],
    },
    vetoes.samples,
  );

  function countSignals(agent: string): void {
    const bad = state.bleeds.get(agent)?.bad ?? [];
    const before = badOf.get(agent) ?? [];
    for (const name of bad) if (!before.includes(name)) signals.add(signalLabels[name]);
    if (bad.length === 0) badOf.delete(agent);
    else badOf.set(agent, bad);
  }

  return {
    count({ cause, services }) {
      if ('deadline' in cause) {
        if (cause.deadline.kind === 'agent-silent') staleEvents.add(cause.deadline.key);
        return;
      }
      const { type, data } = cause.event;
      if (type === 'heartbeat.received') {
        for (const { agent, signals: measured } of data.beats) if (measured !== undefined) countSignals(agent);
      } else if (type === 'validation.recorded' && services.length > 0) {
        const server = serverOf(state.registry, data.service, data.address, data.port);
        const isDown = healthOf(state.health, data.service, data.address, data.port)?.status === 'down';
        if (isDown && !data.ok && server !== undefined && claimOn(state.claims, server)?.healthy === true) {
          vetoes.add(data.service, 'checks-fail');
        }
      }
    },
    forget({ trust, registry }) {
      const isBelieved = (agent = '') => trust.get(agent)?.revokedAt === null;
      staleEvents.keepWhere(([agent]) => isBelieved(agent));
      vetoes.keepWhere(([service = '']) => registry.has(service));
      for (const agent of badOf.keys()) if (!isBelieved(agent)) badOf.delete(agent);
    },
  };
}

function gaugesOfAgents(exposition: Exposition, { state, clock, agents }: AgentMetricsOptions, believed: () => readonly Pin[]): void {
  const having = (wanted: string) => believed().filter((pin) => agentStatusOf(state, pin) === wanted).length;
  /** Seconds since each agent was heard: by the clock, because where all are silent no event comes that would move the state on. */
  const ages = () =>
    believed().flatMap((pin) => {
      const heardAt = state.liveness.get(pin.agent)?.heardAt;
      return heardAt === undefined ? [] : [{ pin, seconds: Math.max(0, clock.now() - heardAt) * secondsPerMs }];
    });

  exposition.gauge({ name: 'overwatch_agents_registered', help: 'Agents that are believed.' }, () => [[believed().length]]);
  exposition.gauge({ name: 'overwatch_agent_certs_pinned', help: 'Those of them with a certificate.' }, () => [
    [believed().filter(({ fingerprint }) => fingerprint !== null).length],
  ]);
  exposition.gauge({ name: 'overwatch_agents_unauthenticated', help: 'Those of them that prove nothing.' }, () => [
    [believed().filter(({ legacy }) => legacy).length],
  ]);
  exposition.gauge({ name: 'overwatch_stale_agents_total', help: 'Agents that are silent for too long.' }, () => [[having('stale')]]);
  exposition.gauge(
    { name: 'overwatch_agent_heartbeat_age_seconds', help: 'Since when an agent was not heard.', labels: ['agent_id', 'region'] },
    () => ages().map(({ pin: { agent, region }, seconds }): Sample => [seconds, agent, region]),
  );
  exposition.gauge({ name: 'agent_heartbeat_age_seconds', help: 'The same by agent alone.', labels: ['agent_id'] }, () =>
    ages().map(({ pin: { agent }, seconds }): Sample => [seconds, agent]),
  );
  exposition.gauge({ name: 'agent_connected', help: 'Whether an agent is a member of the gossip.', labels: ['agent_id', 'region'] }, () =>
    agents === undefined
      ? []
      : believed().map(({ agent, region, address }): Sample => [agents.isConnected(agent, address) ? 1 : 0, agent, region]),
  );
  exposition.gauge({ name: 'agent_backends_registered_per_agent', help: 'Backends that an agent claims.', labels: ['agent_id'] }, () =>
    believed().map(({ agent }): Sample => [state.claims.get(agent)?.backends.size ?? 0, agent]),
  );
}

/** What those count who hear agents. */
function countersOfHearing(exposition: Exposition, agents: Agents | undefined): void {
  const counts = agents?.counts;
  const total = (name: string, help: string, read: (of: NonNullable<typeof counts>) => number) =>
    exposition.counter({ name, help }, () => (counts === undefined ? [] : [[read(counts)]]));
  const labelled = (
    name: string,
    help: string,
    label: string,
    read: (of: NonNullable<typeof counts>) => Iterable<readonly [string, number]>,
  ) =>
    exposition.counter({ name, help, labels: [label] }, () =>
      counts === undefined ? [] : [...read(counts)].map(([value, count]): Sample => [count, value]),
    );

  total('overwatch_agent_auth_success_total', 'Agents that were welcomed.', ({ introductions }) => introductions.welcomed);
  labelled('overwatch_agent_auth_failures_total', 'Helloes that were refused.', 'reason', ({ introductions }) => introductions.refused);
  labelled('overwatch_agent_rejections_total', 'Everything of agents that was not let in.', 'reason', ({ rejections }) => rejections());
  total(
    'overwatch_agent_greetings_passed_over_total',
    'Greetings and helloes that nobody looked into.',
    ({ introductions }) => introductions.passedOver,
  );
  total('overwatch_agent_messages_dropped_total', 'Messages of agents that nobody read.', ({ droppedMessages }) => droppedMessages());
  total('overwatch_agent_orders_dropped_total', 'News of agents that newer news replaced.', ({ droppedOrders }) => droppedOrders());
  labelled('overwatch_agent_messages_received_total', 'Messages of agents that could be read.', 'type', ({ received }) => received());
  labelled('overwatch_agent_messages_sent_total', 'Messages to agents.', 'type', ({ sent }) => sent());
  total('gossip_health_updates_received_total', 'Beats that brought news.', ({ beats }) => beats().changes);
  total('gossip_node_joins_total', 'Members that came.', ({ membership }) => membership.joins);
  total('gossip_node_leaves_total', 'Members that left or failed.', ({ membership }) => membership.leaves);
}
