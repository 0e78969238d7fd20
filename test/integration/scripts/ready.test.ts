/** From a clone to something that runs: the real npm and the real compiler on a small project of the same shape. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'ready-'));
after(() => rmSync(project, { recursive: true }));

function write(name: string, content: unknown): void {
  const path = join(project, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

/** A lock file as npm writes it for one dependency that comes from a folder, so that nothing is downloaded. */
const lock = (version: string) => ({
  name: 'tiny',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': { name: 'tiny', version, dependencies: { part: 'file:part' } },
    part: { version: '1.0.0' },
    'node_modules/part': { resolved: 'part', link: true },
  },
});

function manifest(version: string): void {
  write('package.json', { name: 'tiny', version, type: 'module', dependencies: { part: 'file:part' } });
  write('package-lock.json', lock(version));
}

cpSync(join(repository, 'scripts'), join(project, 'scripts'), { recursive: true });
cpSync(join(repository, 'tsconfig.build.json'), join(project, 'tsconfig.build.json'));
write('part/package.json', { name: 'part', version: '1.0.0' });
write('tsconfig.json', { compilerOptions: { module: 'nodenext', target: 'ES2023', types: [], rewriteRelativeImportExtensions: true } });
write('src/cli/main.ts', "import { word } from '../word.ts';\nconsole.log(word);\n");
write('src/word.ts', "export const word: string = 'one';\n");
manifest('1.0.0');

function ready(...args: readonly string[]): { readonly code: number | null; readonly said: readonly string[] } {
  const { status, stderr } = spawnSync(process.execPath, [join(project, 'scripts', 'ready.mjs'), ...args], { encoding: 'utf8' });
  return { code: status, said: stderr.split('\n').filter((line) => line.startsWith('opengslb:')) };
}

const said = (...args: readonly string[]) => ready(...args).said;

describe('installing', () => {
  test('happens in a clone without node_modules, and then no more', () => {
    assert.deepEqual(said(), ['opengslb: installing dependencies, because node_modules is missing (npm ci)']);
    assert.ok(existsSync(join(project, 'node_modules', 'part')));
    assert.deepEqual(said(), []);
  });

  test('happens again when the content of the lock file changes, and not when only its time does', () => {
    const later = new Date(Date.now() + 3_600_000);
    utimesSync(join(project, 'package-lock.json'), later, later);
    assert.deepEqual(said(), []);
    manifest('1.0.1');
    utimesSync(join(project, 'package-lock.json'), later, later);
    assert.deepEqual(said(), ['opengslb: installing dependencies, because package-lock.json has changed (npm ci)']);
  });

  test('is not repeated after npm ci by hand', () => {
    const earlier = new Date(Date.now() - 3_600_000);
    utimesSync(join(project, 'package-lock.json'), earlier, earlier);
    rmSync(join(project, 'node_modules', '.opengslb-installed'));
    assert.deepEqual(said(), []);
  });
});

describe('building', () => {
  const output = () => spawnSync(process.execPath, [join(project, 'dist', 'cli', 'main.js')], { encoding: 'utf8' }).stdout;

  test('happens without dist, when a source changes, and else not', () => {
    symlinkSync(join(repository, 'node_modules', 'typescript'), join(project, 'node_modules', 'typescript'));
    symlinkSync(join(repository, 'node_modules', '@types'), join(project, 'node_modules', '@types'));
    assert.deepEqual(said('--build'), ['opengslb: building, because dist is missing or unfinished (tsc -p tsconfig.build.json)']);
    assert.equal(output(), 'one\n');
    assert.deepEqual(said('--build'), []);
    write('src/word.ts', "export const word: string = 'two';\n");
    assert.deepEqual(said('--build'), ['opengslb: building, because sources have changed (tsc -p tsconfig.build.json)']);
    assert.equal(output(), 'two\n');
  });

  test('removes what was compiled from a source that has gone', () => {
    write('src/word.ts', "export * from './words/word.ts';\n");
    write('src/words/word.ts', "export const word: string = 'three';\n");
    ready('--build');
    rmSync(join(project, 'src', 'words'), { recursive: true });
    write('src/word.ts', "export const word: string = 'four';\n");
    ready('--build');
    assert.ok(!existsSync(join(project, 'dist', 'words', 'word.js')));
    assert.equal(output(), 'four\n');
  });

  test('fails with the compiler, and is due again', () => {
    write('src/word.ts', 'export const word: string = 4;\n');
    const { code, said: lines } = ready('--build');
    assert.equal(code, 1);
    assert.match(lines[1] ?? '', /the build failed/);
    assert.deepEqual(ready('--build').said[0], 'opengslb: building, because dist is missing or unfinished (tsc -p tsconfig.build.json)');
  });
});
