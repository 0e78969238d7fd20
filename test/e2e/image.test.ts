/**
 * The container image, as far as it can be had without a registry of images: the Dockerfile's steps are followed in a
 * folder, and what they leave there is started as docker-compose.yml says, on other ports and addresses.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { followDockerfile, type Image } from './image-steps.ts';
import { freePort, type RunningOverwatch, resolve, startOverwatchProcess, until } from './overwatch-process.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly networks?: { readonly gslb: { readonly ipv4_address: string } };
  readonly network_mode?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** The containers' addresses, on loopback. */
const onLoopback = (text: string) => text.replace(/\b10\.20\.0\.(\d+)/g, '127.10.20.$1');
const [address1, address2, address3] = ['127.10.20.21', '127.10.20.22', '127.10.20.23'] as const;
const all = [address1, address2, address3];
const secrets = {
  OPENGSLB_ADMIN_TOKEN: 'sixteen letters!',
  OPENGSLB_APP_TOKEN: 'sixteen letters?',
  OPENGSLB_GOSSIP_KEY: Buffer.alloc(32, 7).toString('base64'),
};

describe('the image', { skip: process.platform !== 'linux' && 'it is one for Linux' }, () => {
  let folder: string;
  let image: Image;
  let services: Readonly<Record<string, Service>>;
  let overwatch: RunningOverwatch;
  let webPort: number;
  let dnsPort: number;
  let apiPort: number;
  let gossipPort: number;
  /** What runs beside the overwatch, by the name of its service. */
  const running = new Map<string, ChildProcess>();
  let clientSaid = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-image-'));
    ({ services } = parse(await readFile(join(repository, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
      services: Record<string, Service>;
    });
    image = await followDockerfile(repository, folder);
    [dnsPort, apiPort] = [await freePort(), await freePort()];
    [webPort, gossipPort] = [await freePort(address1), await freePort('127.10.20.10')];
  });
  after(async () => {
    for (const child of running.values()) child.kill('SIGKILL');
    await overwatch?.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  const serviceOf = (name: string) => {
    const service = services[name];
    assert(service !== undefined, `docker-compose.yml has no service ${name}`);
    return service;
  };

  /** The file that a service mounts at this place. */
  function mounted({ volumes }: Service, place: string): string {
    const volume = volumes.find((text) => text.split(':')[1] === place);
    assert(volume !== undefined, `nothing is mounted at ${place}`);
    return join(repository, volume.split(':')[0] as string);
  }

  test('holds what runs and nothing else', async () => {
    assert.deepEqual((await readdir(image.on('/opt/opengslb'))).sort(), [
      'LICENSE',
      'config',
      'dist',
      'node_modules',
      'package.json',
      'replay-fixtures',
    ]);
    const modules = await readdir(image.on('/opt/opengslb/node_modules'));
    assert(modules.includes('fastify') && !modules.includes('typescript') && !modules.includes('tsx'));
    assert.equal((await stat(image.on('/var/lib/opengslb'))).mode & 0o777, 0o700);
  });

  test('is the program by name', () => {
    const [name = ''] = image.entrypoint;
    const { status, stdout } = spawnSync(image.on(`/usr/local/bin/${name}`), ['version'], { encoding: 'utf8' });
    assert.deepEqual([status, /\d+\.\d+\.\d+/.test(stdout)], [0, true]);
  });

  /** Writes the file that a service mounts as its configuration, with this machine's ports and addresses. */
  async function configure(name: string, place: string, changes: readonly (readonly [string, string])[]): Promise<void> {
    let text = await readFile(mounted(serviceOf(name), '/etc/opengslb/config.yaml'), 'utf8');
    for (const [from, to] of changes) {
      assert(text.includes(from), `the configuration of ${name} has no "${from}"`);
      text = text.replace(from, to);
    }
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, onLoopback(text), { mode: 0o600 });
  }

  /** Starts what a service says, on this machine. */
  async function start(name: string, words: readonly string[], environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
    const [file = '', ...rest] = words;
    const child = spawn(file, rest, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'ignore'], cwd: folder });
    await once(child, 'spawn');
    running.set(name, child);
    return child;
  }

  const program = () => image.on(`/usr/local/bin/${image.entrypoint[0]}`);
  const agentConfig = (name: string) => join(folder, `${name}.yaml`);
  const runAgentCommand = (name: string, ...words: readonly string[]) =>
    spawnSync(program(), [...words, '--config', agentConfig(name)], { encoding: 'utf8', timeout: 20_000 });

  async function startAgent(name: string): Promise<void> {
    const { command, environment = {} } = serviceOf(name);
    assert.deepEqual(command, ['agent', '--config', '/etc/opengslb/config.yaml']);
    const state = image.on(`/var/lib/opengslb/${name}`);
    const address = onLoopback(environment.OPENGSLB_BACKEND ?? '');
    await configure(name, agentConfig(name), [
      ['region: docker', `region: docker\n    cert_path: ${state}/agent.crt\n    key_path: ${state}/agent.key`],
      ['  backends:', `  state_dir: ${state}\n  backends:`],
      ['port: 8080', `port: ${webPort}`],
      ['overwatch_nodes: [10.20.0.10:7946]', `overwatch_nodes: [10.20.0.10:${gossipPort}]\n    bind_address: ${address}:${gossipPort}`],
    ]);
    const given = { ...environment, OPENGSLB_BACKEND: address, ...secrets };
    (await start(name, [program(), 'agent', '--config', agentConfig(name)], given)).stdout?.resume();
  }

  async function startWeb(name: string): Promise<void> {
    const service = serviceOf(name);
    const [file = '', place = ''] = service.command;
    assert.equal(file, 'node');
    const neighbour = serviceOf(service.network_mode?.replace('service:', '') ?? '');
    const address = onLoopback(neighbour.networks?.gslb.ipv4_address ?? '');
    await start(name, [process.execPath, mounted(service, place)], { ...service.environment, ADDRESS: address, PORT: String(webPort) });
  }

  test('serves what the example of docker-compose.yml says, with the web servers that its agents speak for', async () => {
    const { command } = serviceOf('overwatch');
    assert.deepEqual(command, image.command);
    const place = image.on(command.at(-1) ?? '');
    await configure('overwatch', place, [
      ['listen_address: ":53"', `listen_address: 127.0.0.1:${dnsPort}`],
      ['address: 0.0.0.0:8080', `address: 127.0.0.1:${apiPort}`],
      ['data_dir: /var/lib/opengslb', `data_dir: ${image.on('/var/lib/opengslb')}`],
      ['bind_address: 0.0.0.0:7946', `bind_address: 10.20.0.10:${gossipPort}`],
    ]);
    for (const name of ['web1', 'web2', 'web3']) await startWeb(name);
    overwatch = await startOverwatchProcess(place, { command: [program()], form: command.slice(0, -2), env: secrets, cwd: folder });
    for (const name of ['agent1', 'agent2', 'agent3']) await startAgent(name);
    await answered(all);
  });

  test('is healthy by its own check while it runs, and so is each agent', () => {
    assert.equal(healthcheck(), 0);
    const [, file, ...words] = serviceOf('agent1').healthcheck?.test ?? [];
    assert.equal(file, image.entrypoint[0]);
    for (const name of ['agent1', 'agent2', 'agent3']) assert.equal(runAgentCommand(name, ...words).status, 0);
  });

  test('has a client that says who serves it', async () => {
    const { command, environment = {} } = serviceOf('client');
    const script = mounted(serviceOf('client'), command[1] ?? '');
    const given = { ...environment, PORT: String(webPort), NAMESERVER: `127.0.0.1:${dnsPort}` };
    const client = await start('client', [process.execPath, script], given);
    client.stdout?.setEncoding('utf8').on('data', (text: string) => {
      clientSaid += text;
    });
    await clientSays(/^served by web1, web2, web3; 0 requests failed/);
  });

  test('no longer answers with a web server that is killed, as the file promises, and the client pays for it', async () => {
    running.get('web1')?.kill('SIGKILL');
    await answered([address2, address3]);
    const [, failed] = await clientSays(/^served by web2, web3; (\d+) requests failed/);
    assert.ok(Number(failed) > 0);
    await startWeb('web1');
    await answered(all);
  });

  test('no longer answers with one that is drained, and the client pays nothing', async () => {
    const [, before] = await clientSays(/^served by web1, web2, web3; (\d+) requests failed/);
    assert.equal(runAgentCommand('agent3', 'drain', 'on', '--reason', 'kernel update').status, 0);
    await answered([address1, address2]);
    await clientSays(/^served by web1, web2; /);
    running.get('web3')?.kill('SIGKILL');
    await startWeb('web3');
    assert.equal(runAgentCommand('agent3', 'drain', 'off').status, 0);
    await answered(all);
    const [, afterwards] = await clientSays(/^served by web1, web2, web3; (\d+) requests failed/);
    assert.equal(afterwards, before);
  });

  test('ends when it is told to, and its check says so', async () => {
    assert.equal((await overwatch.end('SIGTERM')).code, 0);
    assert.equal(healthcheck(), 1);
  });

  function healthcheck(): number | null {
    const [file, ...args] = image.healthcheck.map((word) => word.replace(':8080', `:${apiPort}`));
    assert.equal(file, 'node');
    return spawnSync(process.execPath, args, { timeout: 10_000 }).status;
  }

  /** Waits until what the client said last is so. */
  function clientSays(words: RegExp): Promise<RegExpExecArray> {
    return until(`the client says ${words}`, () => words.exec(clientSaid.trimEnd().split('\n').at(-1) ?? '') ?? undefined, 30_000);
  }

  /** Waits until DNS answers with exactly these. */
  async function answered(addresses: readonly string[]): Promise<void> {
    const wanted = addresses.join(' ');
    await until(`DNS answers with ${wanted}`, async () => ((await resolve(dnsPort)) === wanted ? true : undefined), 30_000);
  }
});
