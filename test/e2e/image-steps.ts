/**
 * Follows a Dockerfile without a container: each stage is a folder that stands for the root of its file system, and holds
 * what the steps put there and nothing else. Paths in steps are taken below that folder; base images and users are the
 * machine's own. For a test that fails where a file or a step is missing.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { promisify } from 'node:util';

/** What the last stage says about itself, and where its files are. */
export interface Image {
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  /** A path of the image, on this machine. */
  on(path: string): string;
}

interface Stage {
  readonly root: string;
  workdir: string;
  readonly env: Record<string, string>;
  readonly said: Record<string, readonly string[]>;
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Folders of an image that its steps may name; below the stage's folder here. */
const ownFolders = /(?<![\w.}])\/(?:build|opt|usr\/local|var\/lib|etc\/opengslb)(?![\w-])/g;

export async function followDockerfile(repository: string, folder: string): Promise<Image> {
  const context = join(folder, 'context');
  await copyContext(repository, context);
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { name, rest } of instructions(await readFile(join(repository, 'Dockerfile'), 'utf8'))) {
    if (name === 'FROM') {
      const own = /\bAS (\S+)$/i.exec(rest)?.[1] ?? 'last';
      stage = { root: join(folder, own), workdir: '/', env: {}, said: {} };
      await mkdir(join(stage.root, 'usr/local/bin'), { recursive: true });
      await mkdir(join(stage.root, 'var/lib'), { recursive: true });
      stages.set(own, stage);
      continue;
    }
    assert(stage !== undefined, 'a Dockerfile begins with FROM');
    await follow(stage, { name, rest }, { context, stages });
  }
  const last = stages.get('last');
  assert(last !== undefined, 'the last stage of the Dockerfile has a name');
  const { root, said } = last;
  return {
    root,
    entrypoint: said.ENTRYPOINT ?? [],
    command: said.CMD ?? [],
    healthcheck: said.HEALTHCHECK ?? [],
    on: (path) => join(root, path),
  };
}

async function follow(
  stage: Stage,
  { name, rest }: Instruction,
  around: { readonly context: string; readonly stages: ReadonlyMap<string, Stage> },
): Promise<void> {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = rest;
      await mkdir(join(stage.root, rest), { recursive: true });
      return;
    case 'ENV':
      for (const [, key = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) stage.env[key] = value;
      return;
    case 'COPY':
      return copy(stage, rest.split(' '), around);
    case 'RUN':
      return run(stage, rest);
    case 'ENTRYPOINT':
    case 'CMD':
      stage.said[name] = JSON.parse(rest) as string[];
      return;
    case 'HEALTHCHECK':
      stage.said[name] = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
      return;
    case 'USER':
    case 'EXPOSE':
    case 'VOLUME':
      return;
    default:
      assert.fail(`the Dockerfile has ${name}, which this test cannot follow`);
  }
}

async function copy(
  { root, workdir }: Stage,
  words: readonly string[],
  { context, stages }: { readonly context: string; readonly stages: ReadonlyMap<string, Stage> },
): Promise<void> {
  const from = words[0]?.startsWith('--from=') ? words[0].slice('--from='.length) : undefined;
  const names = words.slice(from === undefined ? 0 : 1, -1);
  const origin = from === undefined ? context : stages.get(from)?.root;
  assert(origin !== undefined, `COPY --from=${from} names no stage`);
  const target = join(root, posix.resolve(workdir, words.at(-1) ?? ''));
  for (const name of names) {
    const source = join(origin, name);
    // What a folder holds goes into the target; a file keeps its name where the target is a folder.
    const isFile = (await stat(source)).isFile();
    const isIntoFolder = names.length > 1 || (words.at(-1) ?? '').endsWith('/');
    await cp(source, isFile && isIntoFolder ? join(target, basename(name)) : target, { recursive: true, verbatimSymlinks: true });
  }
}

async function run({ root, workdir, env }: Stage, command: string): Promise<void> {
  // There may be no user `node` on this machine.
  const here = command.replace(ownFolders, (path) => root + path).replace(' -o node -g node', '');
  const { NODE_TEST_CONTEXT: _, NODE_ENV: __, ...ours } = process.env;
  await promisify(execFile)('sh', ['-ec', here], {
    cwd: join(root, workdir),
    // What the tests were installed from is in npm's cache.
    env: { ...ours, npm_config_prefer_offline: 'true', npm_config_ignore_scripts: 'true', ...env },
    timeout: 240_000,
    maxBuffer: 16 * 1024 * 1024,
  });
}

function instructions(text: string): Instruction[] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return { name: name.toUpperCase(), rest };
  });
}

/** What `.dockerignore` lets through: it keeps everything out (`*`), and lets in by name. */
async function copyContext(repository: string, context: string): Promise<void> {
  const lines = (await readFile(join(repository, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(lines[0], '*', 'this test follows a .dockerignore that begins with *');
  await mkdir(context, { recursive: true });
  for (const line of lines.slice(1)) {
    assert(line.startsWith('!'), `${line} in .dockerignore takes away again what was let in`);
    await cp(join(repository, line.slice(1)), join(context, line.slice(1)), { recursive: true });
  }
}
