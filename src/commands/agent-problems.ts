/**
 * What the settings of agents must be to each other and to the overwatch's: who may speak for what, where members find
 * each other, when silence and signals mean something. Both sides are looked at here, because one file may hold both.
 */
import type { Configuration } from '../events/catalogue/configuration.ts';
import { durationMs } from '../events/duration.ts';
import { endpointText } from '../projections/endpoint.ts';
import { type ConfigurationProblem, type ConfigurationRule, error, repeated, warning } from './configuration-problem.ts';

/** Everything about agents that does not fit together, in the order of the rules. */
export function* agentProblems(configuration: Configuration): Iterable<ConfigurationProblem> {
  for (const rule of rules) yield* rule(configuration);
}

const rules: readonly ConfigurationRule[] = [
  overwatchTokens,
  backendsWithoutToken,
  tokensWithoutBackend,
  duplicateBackends,
  duplicateOverwatches,
  probeTimes,
  silence,
  leaveThresholds,
  notYetLearning,
];

/** An overwatch believes whoever proves a token; one for a service that nobody asks for is a misspelled one. */
function* overwatchTokens({ mode, overwatch, domains }: Configuration): Iterable<ConfigurationProblem> {
  if (mode !== 'overwatch') return;
  const known = new Set(domains.map(({ name }) => name));
  for (const service of Object.keys(overwatch.agent_tokens)) {
    if (known.has(service)) continue;
    const message = `there is no domain named ${service}, so no agent can speak for it`;
    yield error(['overwatch', 'agent_tokens', service], message, 'add it under domains:, or remove the token');
  }
  const { gossip } = overwatch;
  if (gossip === undefined || gossip.legacy_agents === 'accept' || Object.keys(overwatch.agent_tokens).length > 0) return;
  const message = 'gossip is on and no service has a token: every agent will be refused';
  yield warning(['overwatch', 'agent_tokens'], message, 'give each service that agents speak for a token under overwatch.agent_tokens:');
}

function* backendsWithoutToken({ agent }: Configuration): Iterable<ConfigurationProblem> {
  if (agent === undefined || agent.identity.service_token !== undefined) return;
  for (const [index, { service }] of agent.backends.entries()) {
    if (Object.hasOwn(agent.identity.tokens, service)) continue;
    const remedy = `add ${service} to agent.identity.tokens:, or set agent.identity.service_token`;
    yield error(
      ['agent', 'backends', index, 'service'],
      `there is no token for ${service}, so no overwatch would believe this agent`,
      remedy,
    );
  }
}

function* tokensWithoutBackend({ agent }: Configuration): Iterable<ConfigurationProblem> {
  if (agent === undefined) return;
  const served = new Set(agent.backends.map(({ service }) => service));
  for (const service of Object.keys(agent.identity.tokens)) {
    if (served.has(service)) continue;
    yield error(
      ['agent', 'identity', 'tokens', service],
      `no backend here serves ${service}, so its token proves nothing`,
      `add a backend with service: ${service}, or remove the token`,
    );
  }
}

function* duplicateBackends({ agent }: Configuration): Iterable<ConfigurationProblem> {
  const backends = (agent?.backends ?? []).map(({ service, address, port }, index) => ({
    key: `${service} at ${endpointText(address, port)}`,
    path: ['agent', 'backends', index, 'address'],
  }));
  for (const { entry, first } of repeated(backends)) {
    yield error(entry.path, `there are two backends of ${entry.key}`, 'remove one', first.path);
  }
}

function* duplicateOverwatches({ agent }: Configuration): Iterable<ConfigurationProblem> {
  const nodes = (agent?.gossip.overwatch_nodes ?? []).map((key, index) => ({ key, path: ['agent', 'gossip', 'overwatch_nodes', index] }));
  for (const { entry, first } of repeated(nodes)) yield error(entry.path, `${entry.key} is listed twice`, 'keep one', first.path);
}

/** A probe must be over before the next one begins, or a slow member is never suspected in order. */
function* probeTimes({ overwatch: { gossip } }: Configuration): Iterable<ConfigurationProblem> {
  const { probe_interval: interval, probe_timeout: timeout } = gossip ?? {};
  if (interval === undefined || timeout === undefined || durationMs(timeout) <= durationMs(interval)) return;
  yield error(
    ['overwatch', 'gossip', 'probe_timeout'],
    `a timeout of ${timeout} is longer than the interval of ${interval}`,
    'shorten the timeout or lengthen the interval',
  );
}

function* silence({ overwatch: { stale } }: Configuration): Iterable<ConfigurationProblem> {
  if (durationMs(stale.remove_after) >= durationMs(stale.threshold)) return;
  yield error(
    ['overwatch', 'stale', 'remove_after'],
    `${stale.remove_after} is shorter than the threshold of ${stale.threshold}: backends would be forgotten before they are stale`,
    'lengthen remove_after or shorten the threshold',
  );
}

/** Two thresholds are what keeps a weight from fluttering; the wrong way round they would make it. */
function* leaveThresholds({ agent }: Configuration): Iterable<ConfigurationProblem> {
  if (agent === undefined) return;
  for (const signal of ['cpu', 'memory', 'error_rate'] as const) {
    const { threshold, leave_threshold: leave } = agent.predictive[signal];
    if (leave === undefined || leave < threshold) continue;
    yield error(
      ['agent', 'predictive', signal, 'leave_threshold'],
      `${leave} is not below the threshold of ${threshold}, so the weight would sink and rise at once`,
      'set it below threshold, or leave it out for nine tenths of it',
    );
  }
}

function* notYetLearning({ agent }: Configuration): Iterable<ConfigurationProblem> {
  if (agent?.latency_learning.enabled !== true) return;
  const message = 'this version learns no latency from connections: the section is checked, and nothing is reported';
  yield warning(['agent', 'latency_learning', 'enabled'], message, 'set it to false until it is built');
}
