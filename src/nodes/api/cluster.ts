/** How this overwatch and the agents that it knows stand, as the original shows it: for scripts that wait until all are there. */
import { z } from 'zod';
import { type AgentStatus, agentStatusOf } from '../../projections/agent-status.ts';
import { allServers } from '../../projections/registry.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, effectiveStatusOf, reads, time, timeText } from './shapes.ts';
import { backendCount } from './shown-agent.ts';

/** The original's words, and `left` for one that went in order. */
const agentWords = { heard: 'healthy', stale: 'stale', left: 'left', unheard: 'unknown' } as const satisfies Record<
  Exclude<AgentStatus, 'revoked'>,
  string
>;

const count = z.int().nonnegative();
const clusterShape = z.strictObject({
  cluster_healthy: z.boolean().describe('The node is ready, no agent is silent, and as many as expected are healthy.'),
  overwatch: z.strictObject({ node_id: z.string(), status: z.enum(['healthy', 'unhealthy']), uptime_seconds: count }),
  agents: z.array(
    z.strictObject({
      agent_id: z.string(),
      region: z.string(),
      status: z.enum(['healthy', 'stale', 'left', 'unknown']),
      last_seen: time.nullable(),
      backend_count: count,
      heartbeat_age_seconds: z.number().nullable(),
      unauthenticated: z.boolean().describe('An agent of the original, which proves nothing.'),
    }),
  ),
  expected_agents: count.optional(),
  healthy_agents: count,
  gossip_members: count.describe('Members that are there, this node among them; 0: gossip is off.'),
  backend_summary: z.strictObject({ total: count, healthy: count, unhealthy: count, stale: count, draining: count }),
  generated_at: time,
});

const query = z.strictObject({
  expected_agents: z
    .string()
    .regex(/^\d{1,5}$/, 'expected a number of agents')
    .transform(Number)
    .optional(),
});

export function clusterRoutes(api: Api, context: RouteContext): void {
  const { engine, log, clock, agents: heard, readiness, generatedAt } = context;
  const { state } = engine;
  const startedAt = clock.now();

  const shownAgents = () =>
    [...state.trust.values()].flatMap((pin) => {
      const status = agentStatusOf(state, pin);
      if (status === 'revoked') return [];
      const { agent, region, legacy } = pin;
      const heardAt = state.liveness.get(agent)?.heardAt;
      return {
        ...{ agent_id: agent, region, status: agentWords[status], unauthenticated: legacy, backend_count: backendCount(state, agent) },
        last_seen: heardAt === undefined ? null : timeText(heardAt),
        heartbeat_age_seconds: heardAt === undefined ? null : Math.max(0, clock.now() - heardAt) / 1_000,
      };
    });

  const summary = () => {
    const statuses = allServers(state.registry).map((server) => effectiveStatusOf(state, server));
    const having = (wanted: string) => statuses.filter((status) => status === wanted).length;
    const [healthy, unhealthy, stale, draining] = [having('healthy'), having('unhealthy'), having('stale'), having('draining')];
    return { total: statuses.length, healthy, unhealthy, stale, draining };
  };

  const schema = { querystring: query, response: answering(clusterShape) };
  api.get('/cluster/status', { config: reads, schema }, ({ query: { expected_agents: expected } }) => {
    const agents = shownAgents();
    const healthy = agents.filter(({ status }) => status === 'healthy').length;
    const { dns, health } = readiness();
    const isReady = dns && health;
    const members = heard?.gossip.members().filter(({ state: is }) => is === 'alive' || is === 'suspect') ?? [];
    return {
      cluster_healthy: isReady && agents.every(({ status }) => status !== 'stale') && healthy >= (expected ?? 0),
      overwatch: {
        node_id: log.node,
        status: isReady ? ('healthy' as const) : ('unhealthy' as const),
        uptime_seconds: Math.max(0, Math.floor((clock.now() - startedAt) / 1_000)),
      },
      agents,
      ...(expected !== undefined && { expected_agents: expected }),
      ...{ healthy_agents: healthy, gossip_members: members.length, backend_summary: summary(), generated_at: generatedAt() },
    };
  });
}
