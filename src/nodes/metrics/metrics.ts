/**
 * All numbers of a node, put together. What can be read off the state, the log and the engine is read when somebody
 * asks; the rest is counted by a listener of the engine and around the answering of DNS. Nothing here changes anything.
 */

import type { Event } from '../../events/event.ts';
import type { EventLog } from '../../events/log.ts';
import type { State } from '../../projections/state.ts';
import type { Respond } from '../dns/answering.ts';
import type { DnsCounter } from '../dns/counts.ts';
import type { Engine, Listener } from '../engine.ts';
import type { Agents } from '../overwatch/agents/agents.ts';
import type { Clock } from '../world.ts';
import { agentMetrics } from './agents.ts';
import { checkMetrics } from './checks.ts';
import { dnsMetrics } from './dns.ts';
import { createExposition } from './exposition.ts';
import { fitnessMetrics } from './fitness.ts';
import { gossipMetrics } from './gossip.ts';
import { nodeMetrics } from './node.ts';
import { overrideMetrics } from './overrides.ts';

export interface MetricsOptions {
  readonly engine: Engine;
  /** The engine's log. */
  readonly log: EventLog;
  readonly clock: Pick<Clock, 'now'>;
  /** What the DNS server counts by itself. */
  readonly dnsCounter: DnsCounter;
  /** Of this program. */
  readonly version: string;
  /** Undefined: gossip is off. */
  readonly agents?: Agents | undefined;
}

export interface Metrics {
  /** Counts what is folded from now on; for the engine. */
  readonly listener: Listener;
  /** The same answers, measured. */
  measured(respond: Respond): Respond;
  countReload(applied: boolean): void;
  /** Everything, as Prometheus reads it. Several who ask at once get one answer. */
  render(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics({ engine, log, clock, dnsCounter, version, agents }: MetricsOptions): Metrics {
  const exposition = createExposition();
  const node = nodeMetrics(exposition, { engine, log, version });
  const dns = dnsMetrics(exposition, dnsCounter.tally);
  const checks = checkMetrics(exposition);
  const fitness = fitnessMetrics(exposition, engine.state);
  const overrides = overrideMetrics(exposition, engine.state);
  const ofAgents = agentMetrics(exposition, { state: engine.state, clock, agents });
  const refreshGossip = gossipMetrics(exposition, agents);
  if (engine.state.configuration !== undefined) dns.configure(engine.state.configuration.configuration);

  /** Set where something may be gone whose numbers are kept; they go before the next reading. */
  let mayBeGone = false;

  /** Facts that have no numbers of their own are counted by their type alone. */
  function count(event: Event, state: State): void {
    node.count(event);
    if (event.type === 'validation.recorded') checks.count(event.data, state);
    else if (event.type === 'override.set' || event.type === 'override.cleared') overrides.count(event);
    else if (event.type === 'configuration.applied') {
      fitness.allChanged();
      dns.configure(event.data.configuration);
      mayBeGone = true;
    } else if (['server.deregistered', 'server.updated', 'agent.revoked'].includes(event.type)) mayBeGone = true;
  }

  async function render(): Promise<string> {
    if (mayBeGone) for (const { forget } of [dns, checks, overrides, ofAgents]) forget(engine.state);
    mayBeGone = false;
    await refreshGossip();
    return exposition.render();
  }

  let rendering: Promise<string> | undefined;
  return {
    listener(change, state) {
      const { cause, services } = change;
      fitness.changed(services);
      ofAgents.count(change, state);
      if ('event' in cause) count(cause.event, state);
      else overrides.expired(cause.deadline, services);
    },
    measured: dns.measured,
    countReload: node.countReload,
    render() {
      rendering ??= render().finally(() => {
        rendering = undefined;
      });
      return rendering;
    },
    contentType: exposition.contentType,
  };
}
