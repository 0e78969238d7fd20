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
  readonly networks: { readonly gslb: { readonly ipv4_address: string } };
}

/** The containers' addresses, on loopback. */
const onLoopback = (text: string) => text.replace(/\b10\.10\.0\.(\d+)/g, '127.0.10.$1');

describe('the image', { skip: process.platform !== 'linux' && 'it is one for Linux' }, () => {
  let folder: string;
  let image: Image;
  let services: Readonly<Record<string, Service>>;
  let overwatch: RunningOverwatch;
  let webPort: number;
  let dnsPort: number;
  let apiPort: number;
  const webs = new Map<string, ChildProcess>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-image-'));
    ({ services } = parse(await readFile(join(repository, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
      services: Record<string, Service>;
    });
    image = await followDockerfile(repository, folder);
    [dnsPort, apiPort, webPort] = [await freePort(), await freePort(), await freePort()];
  });
  after(async () => {
    for (const child of webs.values()) child.kill('SIGKILL');
    await overwatch?.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  const own = () => {
    const service = services.overwatch;
    assert(service !== undefined);
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

  test('serves what the example of docker-compose.yml says, with its web servers', async () => {
    const { command, environment } = own();
    assert.deepEqual(command, image.command);
    const [place = '', flag] = [...command].reverse();
    assert.equal(flag, '--config');
    await startWebs();
    const example = await readFile(mounted(own(), place), 'utf8');
    const changes: readonly (readonly [string, string])[] = [
      ['listen_address: ":53"', `listen_address: 127.0.0.1:${dnsPort}`],
      ['address: 0.0.0.0:8080', `address: 127.0.0.1:${apiPort}`],
      ['data_dir: /var/lib/opengslb', `data_dir: ${image.on('/var/lib/opengslb')}`],
      ...['21', '22', '23'].map((host) => [`10.10.0.${host}, port: 8080`, `127.0.10.${host}, port: ${webPort}`] as const),
    ];
    let ours = example;
    for (const [from, to] of changes) {
      assert(ours.includes(from), `config/docker-overwatch.yaml has no "${from}"`);
      ours = ours.replace(from, to);
    }
    await mkdir(dirname(image.on(place)), { recursive: true });
    await writeFile(image.on(place), ours);
    const secrets = Object.fromEntries(Object.keys(environment ?? {}).map((name) => [name, 'sixteen letters!']));
    const program = [image.on(`/usr/local/bin/${image.entrypoint[0]}`)];
    overwatch = await startOverwatchProcess(image.on(place), { command: program, form: command.slice(0, -2), env: secrets, cwd: folder });
    await answered(['127.0.10.21', '127.0.10.22', '127.0.10.23']);
  });

  test('is healthy by its own check while it runs', () => {
    assert.equal(healthcheck(), 0);
  });

  test('no longer answers with a web server that is stopped, as the file promises', async () => {
    webs.get('127.0.10.21')?.kill('SIGTERM');
    await answered(['127.0.10.22', '127.0.10.23']);
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

  async function startWebs(): Promise<void> {
    for (const [name, service] of Object.entries(services)) {
      if (name === 'overwatch') continue;
      const [file = '', place = ''] = service.command;
      assert.equal(file, 'node');
      const address = onLoopback(service.networks.gslb.ipv4_address);
      const env = { ...process.env, ADDRESS: address, PORT: String(webPort) };
      const child = spawn(process.execPath, [mounted(service, place)], { env, stdio: 'ignore' });
      await once(child, 'spawn');
      webs.set(address, child);
    }
    assert.equal(webs.size, 3);
  }

  /** Waits until as many questions as matter in a row are answered with these, each of them seen. */
  async function answered(addresses: readonly string[]): Promise<void> {
    await until(`DNS answers with ${addresses.join(', ')}`, async () => {
      const seen = new Set<string>();
      for (let asked = 0; asked < 12; asked += 1) seen.add(await resolve(dnsPort, 'app.example.com'));
      return [...seen].sort().join() === addresses.join() ? true : undefined;
    });
  }
});
