/**
 * All numbers of a node, put together. What can be read off the state, the log and the engine is read when somebody
 * asks, and so are the counts of those who answer DNS; the rest is counted by a listener of the engine. Nothing here
 * changes anything.
 */

import type { Event } from '../../events/event.ts';
import type { EventLog } from '../../events/log.ts';
import type { State } from '../../projections/state.ts';
import type { KeySync } from '../dns/key-sync/key-sync.ts';
import type { Keys } from '../dns/keys/keys.ts';
import type { DnsNumbers } from '../dns/numbers.ts';
import type { Engine, Listener } from '../engine.ts';
import type { Agents } from '../overwatch/agents/agents.ts';
import type { Clock } from '../world.ts';
import { agentMetrics } from './agents.ts';
import { checkMetrics } from './checks.ts';
import { dnsMetrics } from './dns.ts';
import { createExposition } from './exposition.ts';
import { fitnessMetrics } from './fitness.ts';
import { gossipMetrics } from './gossip.ts';
import { keyMetrics } from './keys.ts';
import { nodeMetrics } from './node.ts';
import { overrideMetrics } from './overrides.ts';

export interface MetricsOptions {
  readonly engine: Engine;
  /** The engine's log. */
  readonly log: EventLog;
  readonly clock: Pick<Clock, 'now'>;
  /** What the DNS server counts. Undefined: there is none. */
  readonly dns?: DnsNumbers | undefined;
  /** Of this program. */
  readonly version: string;
  /** Undefined: gossip is off. */
  readonly agents?: Agents | undefined;
  /** Undefined: this node signs nothing. */
  readonly keys?: Keys | undefined;
  /** Undefined: this node shares no keys with others. */
  readonly keySync?: KeySync | undefined;
}

export interface Metrics {
  /** Counts what is folded from now on; for the engine. */
  readonly listener: Listener;
  countReload(applied: boolean): void;
  /** Everything, as Prometheus reads it. Several who ask at once get one answer. */
  render(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics({ engine, log, clock, dns: dnsNumbers, version, agents, keys, keySync }: MetricsOptions): Metrics {
  const exposition = createExposition();
  const node = nodeMetrics(exposition, { engine, log, version });
  const dns = dnsNumbers && dnsMetrics(exposition, dnsNumbers);
  const checks = checkMetrics(exposition);
  const fitness = fitnessMetrics(exposition, engine.state);
  const overrides = overrideMetrics(exposition, engine.state);
  const ofAgents = agentMetrics(exposition, { state: engine.state, clock, agents });
  const ofKeys = keyMetrics(exposition, { state: engine.state, clock, keys, keySync });
  const refreshGossip = gossipMetrics(exposition, agents);
  if (engine.state.configuration !== undefined) dns?.configure(engine.state.configuration.configuration);

  /** Set where something may be gone whose numbers are kept; they go before the next reading. */
  let mayBeGone = false;

  /** Facts that have no numbers of their own are counted by their type alone. */
  function count(event: Event, state: State): void {
    node.count(event);
    ofKeys.count(event);
    if (event.type === 'validation.recorded') checks.count(event.data, state);
    else if (event.type === 'override.set' || event.type === 'override.cleared') overrides.count(event);
    else if (event.type === 'configuration.applied') {
      fitness.allChanged();
      dns?.configure(event.data.configuration);
      mayBeGone = true;
    } else if (['server.deregistered', 'server.updated', 'agent.revoked'].includes(event.type)) mayBeGone = true;
  }

  async function render(): Promise<string> {
    if (mayBeGone) for (const each of [dns, checks, overrides, ofAgents]) each?.forget(engine.state);
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
