/** Other servers, where this machine has them: each with one thread or process that answers, on a zone file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../e2e/overwatch-process.ts';
import { type BenchServer, startAnswering } from './server.ts';
import { cores, found, pinned } from './tools.ts';
import { nameAt, writeZoneFile, zoneName } from './worlds.ts';

/** How one is told what to serve: writes its files, and gives the command. */
type Prepare = (place: { readonly folder: string; readonly zoneFile: string; readonly port: number }) => Promise<readonly string[]>;

const prepareNsd: Prepare = async ({ folder, zoneFile, port }) => {
  const file = join(folder, 'nsd.conf');
  const lines = [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  server-count: 1',
    '  username: ""',
    '  minimal-responses: yes',
    '  rrl-ratelimit: 0',
    ...['database', 'pidfile'].map((key) => `  ${key}: ""`),
    ...['xfrdfile', 'zonelistfile'].map((key) => `  ${key}: "${join(folder, key)}"`),
    `  zonesdir: "${folder}"`,
    'remote-control:',
    '  control-enable: no',
    'zone:',
    `  name: ${zoneName}`,
    `  zonefile: "${zoneFile}"`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return ['nsd', '-d', '-c', file];
};

const prepareKnot: Prepare = async ({ folder, zoneFile, port }) => {
  const file = join(folder, 'knot.conf');
  const lines = [
    'server:',
    `    rundir: "${folder}"`,
    `    listen: 127.0.0.1@${port}`,
    ...['udp', 'tcp', 'background'].map((kind) => `    ${kind}-workers: 1`),
    'database:',
    `    storage: "${folder}"`,
    'zone:',
    `  - domain: ${zoneName}`,
    `    file: "${zoneFile}"`,
    '    zonefile-sync: -1',
    '    journal-content: none',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return ['knotd', '-c', file];
};

/** It takes what it finds in the folder `zones`. */
const prepareGdnsd: Prepare = async ({ folder, port }) => {
  const options = [
    `listen => 127.0.0.1:${port}`,
    'udp_threads => 1',
    'tcp_threads => 1',
    `run_dir => ${join(folder, 'run')}`,
    `state_dir => ${join(folder, 'state')}`,
  ];
  await writeFile(join(folder, 'config'), `options => {\n${options.map((line) => `  ${line}`).join('\n')}\n}\n`);
  return ['gdnsd', '-c', folder, 'start'];
};

const preparations: Readonly<Record<string, Prepare>> = { nsd: prepareNsd, knotd: prepareKnot, gdnsd: prepareGdnsd };

export const otherServers = Object.keys(preparations);

/** Undefined where this machine has it not. */
export async function startOther(name: string, folder: string, names: number): Promise<BenchServer | undefined> {
  const prepare = preparations[name];
  const path = found(name);
  if (prepare === undefined || path === undefined) return undefined;
  const own = join(folder, `${name}-${names}`);
  await mkdir(join(own, 'zones'), { recursive: true });
  const port = await freePort();
  const zoneFile = await writeZoneFile(join(own, 'zones'), names);
  const [, ...args] = await prepare({ folder: own, zoneFile, port });
  return startAnswering(name, pinned(cores.server, [path, ...args]), port, nameAt(0));
}
