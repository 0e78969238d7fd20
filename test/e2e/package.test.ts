/**
 * The package as somebody else gets it: packed here, installed in an empty folder from what npm has cached, with no
 * script run on the way, and then used from there. Nothing of the repository is within its reach.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort, resolve, startOverwatchProcess, until } from './overwatch-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly version: string }>>;
}
interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const json = async <T>(path: string) => JSON.parse(await readFile(path, 'utf8')) as T;

/** What npm told our parent is not meant for the npm that is asked here, but for where it finds packages. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_(cache|registry|userconfig|globalconfig)$)|INIT_CWD$|NODE_TEST_CONTEXT$|NODE_ENV$)/i.test(name),
  ),
);

async function run(cwd: string, file: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(file, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
  const [output, errors] = [listen(child, 'stdout'), listen(child, 'stderr')];
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, `${file} ${args.join(' ')}: ${errors()}`);
  return output();
}

function listen(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let text = '';
  child[stream]?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  return () => text;
}

describe('the package', () => {
  let folder: string;
  /** Where it was installed. */
  let home: string;
  let installed: string;
  let files: readonly string[];
  let manifest: Manifest;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-package-'));
    home = join(folder, 'home');
    await mkdir(home);
    const packed = JSON.parse(await run(root, 'npm', 'pack', '--json', '--pack-destination', folder)) as unknown;
    const [{ filename }] = Object.values(packed as object) as [{ filename: string }];
    manifest = await json<Manifest>(join(root, 'package.json'));
    await writeFile(join(home, 'package.json'), JSON.stringify({ dependencies: { opengslb: `file:../${filename}` } }));
    await writeFile(join(home, 'package-lock.json'), JSON.stringify(await lockFor(filename)));
    await run(home, 'npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund');
    installed = join(home, 'node_modules', 'opengslb');
    const entries = await readdir(installed, { recursive: true, withFileTypes: true });
    files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(installed, join(parentPath, name)));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The versions that are tested here: with them, npm finds everything in its cache. */
  async function lockFor(filename: string): Promise<Lock & object> {
    const { lockfileVersion, packages } = await json<Lock>(join(root, 'package-lock.json'));
    const needed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    const { version, dependencies } = manifest;
    const ours = { version, resolved: `file:../${filename}`, dependencies, bin: { opengslb: 'dist/cli/main.js' } };
    const own = { dependencies: { opengslb: `file:../${filename}` } };
    return {
      lockfileVersion,
      packages: { '': own, 'node_modules/opengslb': ours, ...Object.fromEntries(needed) } as unknown as Lock['packages'],
    };
  }

  const opengslb = () => join(home, 'node_modules', '.bin', 'opengslb');

  test('asks npm to run nothing when it is installed, and is built when it is packed', () => {
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];
    assert.deepEqual(
      atInstall.filter((name) => name in manifest.scripts),
      [],
    );
    assert.equal(manifest.scripts.prepack, 'node scripts/ready.mjs --build');
  });

  test('holds the program, the examples, the documents and the recorded incident, and nothing that only we need', () => {
    const needed = ['README.md', 'LICENSE', 'CHANGELOG.md', 'config/minimal.yaml', 'replay-fixtures/outage.ndjson', 'docs/cli.md'];
    const services = ['opengslb-agent.service', 'opengslb-overwatch.service', 'opengslb-overwatch.service.d/notify-reload.conf'];
    const units = services.map((name) => `config/systemd/${name}`);
    for (const path of [...needed, ...units]) assert(files.includes(path), path);
    assert.deepEqual(
      files.filter((path) => /^(src|test|scripts|node_modules)\/|(^|\/)\.|\.map$|\.ts$/.test(path)),
      [],
    );
  });

  test('has a file behind each link of its documents', async () => {
    let links = 0;
    for (const path of files.filter((name) => name.endsWith('.md'))) {
      const text = await readFile(join(installed, path), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
        links += 1;
        assert(existsSync(join(installed, normalize(join(dirname(path), target)))), `${path} links to ${target}`);
      }
    }
    assert(links > 5);
  });

  test('runs as npx runs it', async () => {
    const { version } = manifest;
    assert.match(await run(home, 'npx', '--offline', 'opengslb', 'version'), new RegExp(version.replaceAll('.', '\\.')));
  });

  test('tells the recorded incident', async () => {
    const story = await run(home, opengslb(), 'replay', join(installed, 'replay-fixtures/outage.ndjson'));
    assert.match(story, /agrees with what the node said it answered/);
  });

  test('shows itself at work', async () => {
    const child = spawn(opengslb(), ['demo', '--keep'], { cwd: home, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors] = [listen(child, 'stdout'), listen(child, 'stderr')];
    const ended = once(child, 'close') as Promise<[number | null]>;
    try {
      await until('the demo runs', () => {
        assert.equal(child.exitCode, null, errors());
        return /Ctrl-C/.exec(output()) === null ? undefined : true;
      });
    } finally {
      child.kill('SIGINT');
      await ended;
    }
    assert(!/opengslb:/.test(errors()), errors());
  });

  test('serves DNS by the configuration that it brings', async () => {
    const [dnsPort, apiPort] = [await freePort(), await freePort()];
    const example = await readFile(join(installed, 'config/minimal.yaml'), 'utf8');
    const ours = example
      .replace('127.0.0.1:5353', `127.0.0.1:${dnsPort}`)
      .replace(/^ {2}enabled: true$/m, `$&\n  address: 127.0.0.1:${apiPort}`);
    await writeFile(join(home, 'config.yaml'), ours);
    const overwatch = await startOverwatchProcess('config.yaml', { cwd: home, command: [opengslb()] });
    try {
      assert.equal(overwatch.dnsPort, dnsPort);
      assert.match(await resolve(dnsPort, 'app.example.com', 'SOA'), /.+/);
      assert(existsSync(join(home, 'opengslb-data', 'log', 'CURRENT')));
    } finally {
      assert.equal((await overwatch.end('SIGTERM')).code, 0);
    }
  });
});

test('a clone that was built has a program that npx can run, also after the first time', async () => {
  const { mode } = await stat(join(root, 'dist', 'cli', 'main.js'));
  assert.equal(mode & 0o111, 0o111);
});
