/** A real overwatch for a bench: the built program in a process of its own, with a configuration made for the load. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledgment, program, type RunningOverwatch, startOverwatchProcess } from '../../e2e/overwatch-process.ts';

export interface Load {
  readonly servers: readonly { readonly service: string; readonly address: string; readonly port: number }[];
  readonly services: readonly string[];
  /** Undefined: the servers are not checked. */
  readonly check?: { readonly interval: string; readonly timeout: string; readonly maxConcurrent: number };
}

export interface LoadedOverwatch extends RunningOverwatch {
  readonly dataFolder: string;
  /** Writes the configuration file anew; a reload takes it up. */
  configure(load: Load): Promise<void>;
  remove(): Promise<void>;
}

/** YAML holds JSON. */
function configurationText({ servers, services, check }: Load, folder: string): string {
  const validation = check === undefined ? { enabled: false } : { enabled: true, max_concurrent: check.maxConcurrent };
  const healthCheck = check && { type: 'http', path: '/', interval: check.interval, timeout: check.timeout };
  return JSON.stringify({
    overwatch: {
      identity: { node_id: 'bench' },
      data_dir: join(folder, 'data'),
      dnssec: { enabled: false, security_acknowledgment: acknowledgment },
      validation,
    },
    dns: { listen_address: '127.0.0.1:0', zones: ['bench.local'] },
    regions: [{ name: 'r', servers, ...(healthCheck && { health_check: healthCheck }) }],
    domains: services.map((name) => ({ name, regions: ['r'] })),
    api: { enabled: true, address: '127.0.0.1:0' },
  });
}

/** BENCH_NODE_FLAGS are Node's own for the overwatch: `--cpu-prof`, say. */
export async function startLoadedOverwatch(load: Load): Promise<LoadedOverwatch> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-load-'));
  const configFile = join(folder, 'config.yaml');
  const configure = (changed: Load) => writeFile(configFile, configurationText(changed, folder), { mode: 0o600 });
  await configure(load);
  const nodeFlags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '');
  const running = await startOverwatchProcess(configFile, { command: [process.execPath, ...nodeFlags, program] });
  return { ...running, dataFolder: join(folder, 'data'), configure, remove: () => rm(folder, { recursive: true, force: true }) };
}
