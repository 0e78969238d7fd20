/**
 * Health by server and by region, with the field names of the original OpenGSLB. Both are read from the verdicts that
 * DNS goes by, so they cannot say anything else than it does.
 */
import { z } from 'zod';
import { type BackendHealth, healthOf } from '../../projections/health.ts';
import { allServers, type Server } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import { type Verdict, verdictOn } from '../../projections/verdict.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, noQuery, reads, shownVerdict, time, timeText, verdictShape } from './shapes.ts';

/** The original knows three words. A draining server takes no new clients, so to whoever knows only these it is not healthy. */
const originalStatuses = {
  up: 'healthy',
  down: 'unhealthy',
  draining: 'unhealthy',
  stale: 'unknown',
  unproven: 'unknown',
} as const satisfies Record<Verdict['status'], string>;

const phaseMs = z.number().nonnegative().nullable();

const serverShape = z.strictObject({
  service: z.string(),
  address: z.string(),
  port: z.int(),
  region: z.string(),
  healthy: z.boolean(),
  status: z.enum(['healthy', 'unhealthy', 'unknown']),
  authority: verdictShape.shape.authority.describe('Who decided.'),
  verdict: verdictShape,
  last_check: time.optional(),
  last_healthy: time.optional(),
  consecutive_failures: z.int(),
  consecutive_successes: z.int(),
  last_error: z.string().optional(),
  latency_ms: z.number().optional().describe('The whole of the newest check.'),
  timings: z
    .strictObject({ dns: phaseMs, connect: phaseMs, tls: phaseMs, first_byte: phaseMs, total: z.number().nonnegative() })
    .nullable()
    .describe('Milliseconds of each phase of the newest check; null: it was never checked.'),
});

const regionShape = z.strictObject({
  name: z.string(),
  total_servers: z.int(),
  healthy_count: z.int(),
  unhealthy_count: z.int(),
  health_percent: z.number().min(0).max(100).describe('Healthy ones of all; 0 where there are none.'),
});

export function healthRoutes(api: Api, { engine, generatedAt }: RouteContext): void {
  const serversAnswer = z.strictObject({ servers: z.array(serverShape), generated_at: time });
  api.get('/health/servers', { config: reads, schema: { querystring: noQuery, response: answering(serversAnswer) } }, () => {
    return { servers: allServers(engine.state.registry).map((server) => shownServer(engine.state, server)), generated_at: generatedAt() };
  });

  const regionsAnswer = z.strictObject({ regions: z.array(regionShape), generated_at: time });
  api.get('/health/regions', { config: reads, schema: { querystring: noQuery, response: answering(regionsAnswer) } }, () => {
    return { regions: shownRegions(engine.state), generated_at: generatedAt() };
  });
}

function shownServer(state: State, server: Server): z.output<typeof serverShape> {
  const { service, address, port, region } = server;
  const verdict = verdictOn(state, server);
  const health = healthOf(state.health, service, address, port);
  return {
    ...{ service, address, port, region, healthy: verdict.status === 'up', status: originalStatuses[verdict.status] },
    authority: verdict.authority,
    verdict: shownVerdict(verdict),
    ...(health === undefined ? neverChecked : shownChecks(health)),
  };
}

const neverChecked = { consecutive_failures: 0, consecutive_successes: 0, timings: null };

function shownChecks({ last, lastAt, lastOkAt, lastError, run }: BackendHealth) {
  return {
    last_check: timeText(lastAt),
    ...(lastOkAt !== null && { last_healthy: timeText(lastOkAt) }),
    consecutive_failures: last.ok ? 0 : run,
    consecutive_successes: last.ok ? run : 0,
    ...(lastError !== null && { last_error: lastError }),
    latency_ms: last.totalUs / 1000,
    timings: {
      dns: phase(last.dnsUs),
      connect: phase(last.connectUs),
      tls: phase(last.tlsUs),
      first_byte: phase(last.firstByteUs),
      total: last.totalUs / 1000,
    },
  };
}

function phase(us: number | null): number | null {
  return us === null ? null : us / 1000;
}

/** Every configured region, and every other that a server claims to stand in. */
function shownRegions(state: State): z.output<typeof regionShape>[] {
  const statuses = new Map<string, Verdict['status'][]>();
  for (const name of state.configuration?.regions.keys() ?? []) statuses.set(name, []);
  for (const server of allServers(state.registry)) {
    const ofRegion = statuses.get(server.region) ?? [];
    ofRegion.push(verdictOn(state, server).status);
    statuses.set(server.region, ofRegion);
  }
  return [...statuses].map(([name, ofRegion]) => {
    const inTotal = (wanted: string) => ofRegion.filter((status) => originalStatuses[status] === wanted).length;
    const healthy = inTotal('healthy');
    return {
      name,
      total_servers: ofRegion.length,
      healthy_count: healthy,
      unhealthy_count: inTotal('unhealthy'),
      health_percent: ofRegion.length === 0 ? 0 : (100 * healthy) / ofRegion.length,
    };
  });
}
