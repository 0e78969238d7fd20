/**
 * Where the campaign is played: a folder with a configuration, and real web servers for the overwatch to check. Nobody
 * ever commands anything about the steady service, so its answer is known at every moment. The busy services have one server from
 * the configuration, which always works, and those that the clients register.
 *
 *     service    servers                                       its answer
 *     steady     two that work, one that never did             the two, always
 *     busy-N     one that works, and what clients register     what the clients' acknowledgements say
 *     flapping   one that works, one that comes and goes       follows the checks
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledgment, freePort, startWebServer, type WebServer } from '../e2e/overwatch-process.ts';

export const steady = 'steady.torture.local';
export const steadyAnswer = '127.0.7.1 127.0.7.2';
export const busy = ['busy-0.torture.local', 'busy-1.torture.local', 'busy-2.torture.local'] as const;
const flapping = 'flapping.torture.local';
export const anchor = '127.0.7.3';
const steadyServers = ['127.0.7.1', '127.0.7.2'];
const deadServer = '127.0.7.4';
const flappingServers = ['127.0.7.5', '127.0.7.6'] as const;
/** Each client has these for itself, in every busy service. */
const addressesOfClient = 2;
export const clients = 4;

export function addressesOf(client: number): readonly string[] {
  return Array.from({ length: addressesOfClient }, (_, index) => `127.0.7.${10 + client * addressesOfClient + index}`);
}

const all = [...steadyServers, anchor, ...flappingServers, ...Array.from({ length: clients }, (_, client) => addressesOf(client)).flat()];

export interface Stage {
  readonly port: number;
  readonly configFile: string;
  /** Where the node keeps its log. */
  readonly dataFolder: string;
  /** Whether the web servers answer. */
  light(on: boolean): Promise<void>;
  /** One of them comes or goes. */
  flap(): Promise<void>;
  close(): Promise<void>;
}

export async function makeStage(parent = tmpdir()): Promise<Stage> {
  const folder = await mkdtemp(join(parent, 'opengslb-torture-'));
  const dataFolder = join(folder, 'data');
  const configFile = join(folder, 'config.yaml');
  const port = await freePort(anchor);
  await writeFile(configFile, configuration(dataFolder, port));
  const running = new Map<string, WebServer>();
  const start = async (address: string) => void running.set(address, await startWebServer(address, port));
  const stop = async (address: string) => {
    const server = running.get(address);
    running.delete(address);
    await server?.close();
  };
  const light = async (on: boolean) => {
    await Promise.all(all.filter((address) => running.has(address) !== on).map(on ? start : stop));
  };
  await light(true);
  return {
    ...{ port, configFile, dataFolder, light },
    flap: () => (running.has(flappingServers[1]) ? stop : start)(flappingServers[1]),
    close: async () => {
      await light(false);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Thirty failures take fourteen seconds at least, also where several starts make them. The first answers after a start are asked
 * for long before that, so where the web servers are dark they are what the log says, and nothing that was checked since.
 */
function configuration(dataFolder: string, port: number): string {
  const server = (service: string, address: string, more = '') =>
    `      - { service: ${service}, address: ${address}, port: ${port}${more} }`;
  const quick = ', health_check: { type: http, path: /, interval: 100ms, timeout: 100ms, failure_threshold: 1, success_threshold: 1 }';
  return [
    'overwatch:',
    '  identity: { node_id: overwatch-1 }',
    `  data_dir: ${dataFolder}`,
    `  dnssec: { enabled: false, security_acknowledgment: ${acknowledgment} }`,
    'dns:',
    '  listen_address: 127.0.0.1:0',
    '  zones: [{ name: torture.local, nameservers: [{ name: ns1.torture.local, address: 127.0.0.1 }] }]',
    'regions:',
    '  - name: here',
    '    health_check: { type: http, path: /, interval: 500ms, timeout: 500ms, failure_threshold: 30, success_threshold: 1 }',
    '    servers:',
    ...[...steadyServers, deadServer].map((address) => server(steady, address)),
    ...busy.map((service) => server(service, anchor)),
    ...flappingServers.map((address) => server(flapping, address, quick)),
    'domains:',
    ...[steady, ...busy, flapping].map((name) => `  - { name: ${name}, regions: [here], ttl: 1, answers: all }`),
    'api: { enabled: true, address: "127.0.0.1:0" }',
    '',
  ].join('\n');
}
