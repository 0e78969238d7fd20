/**
 * Runs the tests of some folders:
 *
 *     node scripts/run-tests.mjs --folders test/unit,test/property [--together test/unit] [--minutes 10] [word ...]
 *
 * Words choose the files whose path holds one of them. Files are listed here, because `node --test` takes no patterns
 * on Node 20. A run without a file, without a test, or with a file that holds no test has failed: green means that something was tested.
 *
 * Each file has a process of its own. Below the folders of `--together`, all files of one folder share one instead: most of
 * what a small test takes is the start of a process and the reading of modules. For tests that leave nothing behind.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { killGroup, runNode } from './foreground.mjs';
import { filesBelow, root } from './ready.mjs';

const { values, positionals: words } = parseArgs({
  options: { folders: { type: 'string' }, together: { type: 'string', default: '' }, minutes: { type: 'string', default: '10' } },
  allowPositionals: true,
});

function fail(sentence) {
  console.error(`run-tests: ${sentence}`);
  process.exit(1);
}

function testFiles(folders) {
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) fail(`there is no folder ${missing}`);
  const all = folders.flatMap((folder) => filesBelow(resolve(folder))).filter((path) => path.endsWith('.test.ts'));
  if (all.length === 0) fail(`no file *.test.ts in ${folders.join(', ')}, so nothing was tested`);
  const chosen = words.length === 0 ? all : all.filter((path) => words.some((word) => relative(root, path).includes(word)));
  if (chosen.length === 0) fail(`none of ${all.length} test files has ${words.join(' or ')} in its path, so nothing was tested`);
  return chosen;
}

/** Of two modules that are read at once, one may be run on behalf of the other, and its tests would stand under the wrong name. */
const oneByOne = `import { describe } from 'node:test';
const read = (name, next) =>
  new Promise((isRead) => {
    describe(name, async () => {
      await next().finally(isRead);
    });
  });
`;

/** What node is given: the files themselves, or one that stands for all of a folder, each as a suite with its path as its name. */
function entriesOf(files, together, folder) {
  const shares = (path) => together.some((each) => path.startsWith(each + sep));
  const byFolder = new Map();
  for (const path of files.filter(shares)) byFolder.set(dirname(path), [...(byFolder.get(dirname(path)) ?? []), path]);
  const entries = files.filter((path) => !shares(path));
  for (const [shared, paths] of byFolder) {
    const suites = paths.map((path) => {
      const [name, url] = [relative(root, path), pathToFileURL(path).href].map((text) => JSON.stringify(text));
      return `await read(${name}, () => import(${url}));\n`;
    });
    const entry = join(folder, `${relative(root, shared).replaceAll(sep, '.')}.mjs`);
    writeFileSync(entry, [oneByOne, ...suites].join(''));
    entries.push(entry);
  }
  return entries;
}

/** What the reporter's lines say about the run as a whole. */
function summary(files) {
  const counts = new Map();
  const empty = [];
  const unfinished = new Set(files.map((path) => relative(root, path)));
  return {
    counts,
    empty,
    unfinished,
    read(line) {
      const count = /^# (\w+) (\d+)(?:\.\d+)?$/.exec(line);
      if (count !== null) counts.set(count[1], Number(count[2]));
      const none = /^# no test in (.+)$/.exec(line);
      if (none !== null) empty.push(none[1]);
      const done = /^[✔✖] (.+) \([\d.]+ s\)$/.exec(line);
      if (done !== null) unfinished.delete(done[1]);
    },
  };
}

/** Why a run that node calls good is not: it tested less than it seems. */
function emptiness({ counts, empty }) {
  if (empty.length > 0) return `no test in ${empty.join(', ')}`;
  const ran = ['pass', 'fail', 'cancelled'].reduce((total, name) => total + (counts.get(name) ?? 0), 0);
  return ran === 0 ? 'no test ran, so nothing was tested' : undefined;
}

const minutes = Number(values.minutes);
if (!(minutes > 0)) fail(`--minutes takes a number above 0, not ${values.minutes}`);
if (values.folders === undefined) fail('--folders is missing: name the folders, separated by commas');
const files = testFiles(values.folders.split(','));
const together = values.together
  .split(',')
  .filter(Boolean)
  .map((each) => resolve(each));
const folder = mkdtempSync(join(tmpdir(), 'opengslb-tests-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

// A runner that finds itself inside another one runs nothing and calls that a success.
const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
const reporter = join(root, 'scripts', 'test-reporter.mjs');
const { child, ended } = runNode(
  [
    '--import',
    'tsx',
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    `--test-reporter=${reporter}`,
    ...entriesOf(files, together, folder),
  ],
  { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'inherit'] },
);
const run = summary(files);
createInterface({ input: child.stdout }).on('line', (line) => {
  run.read(line);
  console.log(line);
});
let late = false;
const limit = setTimeout(() => {
  late = true;
  killGroup(child);
}, minutes * 60_000);
const code = await ended;
clearTimeout(limit);
if (late) fail(`not done after ${minutes} minutes; unfinished: ${[...run.unfinished].join(', ')}`);
if (code !== 0) process.exit(code);
const reason = emptiness(run);
if (reason !== undefined) fail(reason);
