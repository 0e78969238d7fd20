/** The test runner must not say green when nothing was tested: each way in which a run can be empty, for real. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../scripts/run-tests.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'run-tests-'));
after(() => rmSync(folder, { recursive: true }));

const head = "import test, { describe } from 'node:test';\n";
const passing = `${head}test('passes', () => { console.log('# tests 99'); });\n`;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs the script on a new folder that holds these files. */
function runOn(name: string, files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Outcome> {
  const suite = join(folder, name);
  mkdirSync(suite);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(suite, file), text);
  return run('--folders', suite, ...args);
}

function run(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let error = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, error }));
  });
}

describe('a run fails', { concurrency: true }, () => {
  test('on a folder that is not there', async () => {
    const { code, error } = await run('--folders', join(folder, 'nowhere'));
    assert.equal(code, 1);
    assert.match(error, /there is no folder .*nowhere/);
  });

  test('on an empty folder', async () => {
    const { code, error } = await runOn('empty', { 'not-a-test.ts': passing });
    assert.equal(code, 1);
    assert.match(error, /no file \*\.test\.ts/);
  });

  test('when no file has the word in its path', async () => {
    const { code, error } = await runOn('words', { 'a.test.ts': passing }, 'zebra');
    assert.equal(code, 1);
    assert.match(error, /has zebra in its path/);
  });

  test('on a file without a test, even beside one that has some', async () => {
    const { code, out, error } = await runOn('hollow', { 'a.test.ts': passing, 'b.test.ts': 'export const x: number = 1;\n' });
    assert.match(out, /^# fail 0$/m, 'node itself calls this a success');
    assert.equal(code, 1);
    assert.match(error, /no test in .*b\.test\.ts$/m);
  });

  test('when every test was skipped', async () => {
    const { code, error } = await runOn('skipped', { 'a.test.ts': `${head}test.skip('later', () => {});\n` });
    assert.equal(code, 1);
    assert.match(error, /no test ran/);
  });

  test('when a suite holds no test', async () => {
    const { code, error } = await runOn('suite', { 'a.test.ts': `${head}describe('of nothing', () => {});\n` });
    assert.equal(code, 1);
    assert.match(error, /no test ran/);
  });

  test('with a failing test, which is shown with its path and its message', async () => {
    const failing = `${head}describe('suite', () => { test('fails', () => { throw new Error('because'); }); });\n`;
    const { code, out } = await runOn('failing', { 'a.test.ts': failing });
    assert.equal(code, 1);
    assert.match(out, /✖ suite > fails\n/);
    assert.match(out, /^ {4}Error: because$/m);
    assert.match(out, /^# fail 1$/m);
  });

  test('when it takes too long, and names what is unfinished', async () => {
    const endless = `${head}test('waits', () => new Promise(() => { setInterval(() => {}, 1000); }));\n`;
    const { code, error } = await runOn('endless', { 'a.test.ts': endless }, '--minutes', '0.02');
    assert.equal(code, 1);
    assert.match(error, /not done after 0\.02 minutes; unfinished: .*a\.test\.ts/);
  });
});

describe('files that share a process', { concurrency: true }, () => {
  const failing = `${head}describe('suite', () => { test('fails', () => { throw new Error('because'); }); });\n`;
  const together = ['--together', folder] as const;

  test('are told of one by one', async () => {
    const { code, out } = await runOn('shared', { 'a.test.ts': passing, 'b.test.ts': passing }, ...together);
    assert.equal(code, 0);
    assert.deepEqual(
      out
        .split('\n')
        .filter((line) => line.startsWith('✔'))
        .map((line) => /(\w)\.test\.ts \(/.exec(line)?.[1]),
      ['a', 'b'],
    );
    assert.match(out, /^# tests 2$/m);
  });

  test('do share it', async () => {
    const setting = `${head}test('sets', () => { globalThis.wasHere = true; });\n`;
    const asking = `${head}import assert from 'node:assert';\ntest('asks', () => assert.ok(globalThis.wasHere));\n`;
    const files = { 'a.test.ts': setting, 'b.test.ts': asking };
    assert.equal((await runOn('in-one', files, ...together)).code, 0);
    assert.equal((await runOn('each-its-own', files)).code, 1);
  });

  test('fail with their own path', async () => {
    const { code, out } = await runOn('shared-failing', { 'a.test.ts': passing, 'b.test.ts': failing }, ...together);
    assert.equal(code, 1);
    assert.match(out, /✖ suite > fails\n {2}in .*b\.test\.ts\n {4}Error: because$/m);
  });

  test('fail where one cannot be read, and the others are tested', async () => {
    const files = { 'a.test.ts': "import 'node:nothing';\n", 'b.test.ts': passing };
    const { code, out } = await runOn('unreadable', files, ...together);
    assert.equal(code, 1);
    assert.match(out, /✖ .*a\.test\.ts\n {2}in .*a\.test\.ts\n {4}.*No such built-in module: node:nothing/);
    assert.match(out, /^# pass 1$/m);
  });

  test('fail where one holds no test', async () => {
    const { code, error } = await runOn(
      'shared-hollow',
      { 'a.test.ts': passing, 'b.test.ts': 'export const x: number = 1;\n' },
      ...together,
    );
    assert.equal(code, 1);
    assert.match(error, /no test in .*b\.test\.ts$/m);
  });

  test('are all unfinished where one takes too long', async () => {
    const endless = `${head}test('waits', () => new Promise(() => { setInterval(() => {}, 1000); }));\n`;
    const { code, error } = await runOn('shared-endless', { 'a.test.ts': endless, 'b.test.ts': passing }, '--minutes', '0.03', ...together);
    assert.equal(code, 1);
    assert.match(error, /unfinished: .*a\.test\.ts.*b\.test\.ts/);
  });
});

describe('a run succeeds', { concurrency: true }, () => {
  test("and ends with node's own closing lines, which no test can forge", async () => {
    const { code, out } = await runOn('good', { 'a.test.ts': passing });
    assert.equal(code, 0);
    assert.deepEqual(
      out.split('\n').filter((line) => /^# (tests|pass|fail|cancelled) /.test(line)),
      ['# tests 1', '# pass 1', '# fail 0', '# cancelled 0'],
    );
    assert.match(out, /^ {2}\| # tests 99$/m);
  });

  test('and shows the figures that tests report', async () => {
    const figures = `${head}describe('a', () => { test('b', (t) => { t.diagnostic('# pass 7 in 3 ms'); }); });\n`;
    const { out } = await runOn('figures', { 'a.test.ts': figures });
    assert.match(out, /^ {2}· # pass 7 in 3 ms$/m);
    assert.match(out, /^# pass 1$/m);
  });

  test('on the files that a word chooses, and on no other', async () => {
    const { code, out } = await runOn('choice', { 'dns.test.ts': passing, 'log.test.ts': 'throw new Error();\n' }, 'dns');
    assert.equal(code, 0);
    assert.match(out, /✔ .*dns\.test\.ts/);
  });
});
