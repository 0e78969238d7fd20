/**
 * Makes a fresh clone ready: installs what package-lock.json names and builds src/ to dist/, each only where it is
 * due, and says in one line what it does and why. Plain JavaScript without dependencies, because it runs before there are
 * any. What is due is decided by digests of contents, not by times, which checkouts and copies do not keep.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const lockFile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
const installStamp = join(modules, '.opengslb-installed');
const output = join(root, 'dist');
const buildStamp = join(output, '.opengslb-built');

/** Every file below a folder, as full paths in a stable order. A folder that is not there has none. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(path);
    hash.update(`${relative(root, path)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function contentOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** npm writes this file last. It tells that `npm ci` was run by hand since the lock file changed. */
function installedByHand() {
  const npmsOwn = join(modules, '.package-lock.json');
  return existsSync(npmsOwn) && statSync(npmsOwn).mtimeMs >= statSync(lockFile).mtimeMs;
}

function reasonToInstall() {
  if (!existsSync(modules)) return 'node_modules is missing';
  const stamp = contentOf(installStamp);
  if (stamp === digestOf([lockFile]) || installedByHand()) return undefined;
  return stamp === undefined ? 'node_modules is older than package-lock.json' : 'package-lock.json has changed';
}

const sourceFiles = () => [
  ...filesBelow(join(root, 'src')),
  ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name)),
];

function reasonToBuild(sources) {
  const stamp = contentOf(buildStamp);
  if (stamp === undefined) return 'dist is missing or unfinished';
  return stamp === sources ? undefined : 'sources have changed';
}

/** Ends this program where a step failed: its own output says why, and a last line what can be done. */
function run(command, args, remedy) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: ['inherit', 2, 2] });
  if (status === 0) return;
  if (signal) process.exit(128 + constants.signals[signal]);
  console.error(`opengslb: ${error ? `${error.message}; ` : ''}${remedy}`);
  process.exit(1);
}

/** npm is asked through the same npm that runs us, so that a machine without `npm` in its path (or with `npm.cmd`) works. */
function runNpm(args, remedy) {
  const npm = process.env.npm_execpath;
  if (npm !== undefined && basename(npm) === 'npm-cli.js') run(process.execPath, [npm, ...args], remedy);
  else run('npm', args, remedy);
}

export function install() {
  const reason = reasonToInstall();
  if (reason !== undefined) {
    console.error(`opengslb: installing dependencies, because ${reason} (npm ci)`);
    // Where NODE_ENV is production, npm would leave out the compiler and the test tools.
    runNpm(['ci', '--include=dev'], 'npm ci failed: is the npm registry reachable? Its own message is above');
  }
  const digest = digestOf([lockFile]);
  if (contentOf(installStamp) === digest) return;
  mkdirSync(modules, { recursive: true });
  writeFileSync(installStamp, `${digest}\n`);
}

/** Compiled files whose source has gone would otherwise stay importable. */
function removeOrphans() {
  for (const path of filesBelow(output)) {
    if (!/\.js(\.map)?$/.test(path)) continue;
    const source = join(root, 'src', relative(output, path).replace(/\.js(\.map)?$/, '.ts'));
    if (!existsSync(source)) rmSync(path);
  }
}

export function build() {
  const sources = digestOf(sourceFiles());
  const reason = reasonToBuild(sources);
  if (reason === undefined) return;
  console.error(`opengslb: building, because ${reason} (tsc -p tsconfig.build.json)`);
  rmSync(buildStamp, { force: true });
  run(
    process.execPath,
    [join(modules, 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    'the build failed: the compiler says above where and why',
  );
  removeOrphans();
  // npx makes it so only when it first meets this folder, and not after a later build.
  chmodSync(join(output, 'cli', 'main.js'), 0o755);
  writeFileSync(buildStamp, `${sources}\n`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  install();
  if (process.argv.includes('--build')) build();
}
