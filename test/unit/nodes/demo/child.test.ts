import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Child, siblingFile, startChild } from '../../../../src/nodes/demo/child.ts';
import { freePort } from '../../../../src/nodes/demo/ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'opengslb-child-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let scripts = 0;

/** A child that runs this text. */
function run(text: string): Child {
  scripts += 1;
  const file = join(folder, `child-${scripts}.mjs`);
  writeFileSync(file, text);
  return startChild([file], { folder, environment: process.env });
}

test('its output, its complaint and how it ended are kept', async () => {
  const child = run(`console.log('said'); console.error('complained'); process.exitCode = 7;`);
  assert.deepEqual(await child.ended, { code: 7, signal: null });
  assert.deepEqual([child.output(), child.complaint()], ['said\n', 'complained\n']);
  assert.deepEqual(child.end, { code: 7, signal: null });
});

test('of a long complaint the end is kept', async () => {
  const child = run(`process.stderr.write('x'.repeat(100_000) + 'the end');`);
  await child.ended;
  assert.equal(child.complaint().length, 4_096);
  assert.match(child.complaint(), /xthe end$/);
});

test('stopping is asking first: it may end in its own way', async () => {
  const child = run(`process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1e6); process.send('ready');`);
  assert.equal(await child.said, 'ready');
  assert.deepEqual(await child.stop(), { code: 3, signal: null });
});

test('what does not stop in time is killed', async () => {
  const child = run(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); process.send('ready');`);
  await child.said;
  assert.deepEqual(await child.stop(50), { code: null, signal: 'SIGKILL' });
});

test('a child that ends without a word says so', async () => {
  assert.equal(await run('').said, undefined);
});

test('a child whose parent is killed stops too, as if it had been told to', async () => {
  const childFile = join(folder, 'orphan.mjs');
  const lastWords = join(folder, 'last-words');
  writeFileSync(
    childFile,
    `import { writeFileSync } from 'node:fs';
    process.on('SIGTERM', () => process.exit(writeFileSync(${JSON.stringify(lastWords)}, 'in order')));
    setInterval(() => {}, 1e6);
    process.send(process.pid);`,
  );
  const parent = run(`
    import { startChild } from ${JSON.stringify(new URL('../../../../src/nodes/demo/child.ts', import.meta.url).href)};
    const child = startChild([${JSON.stringify(childFile)}], { folder: ${JSON.stringify(folder)}, environment: process.env });
    process.send(await child.said);
  `);
  const pid = (await parent.said) as number;
  process.kill(pid, 0);
  await parent.kill();
  const until = Date.now() + 10_000;
  while (isRunning(pid)) {
    assert.ok(Date.now() < until, 'the orphan is still running');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(readFileSync(lastWords, 'utf8'), 'in order');
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("the demo's web server says its name, and that it is well", async () => {
  const port = await freePort(['127.0.0.1']);
  const child = startChild([siblingFile('web-server'), 'web7', '127.0.0.1', String(port)], { folder, environment: process.env });
  try {
    assert.equal(await child.said, 'listening');
    const answers = await Promise.all(
      ['/', '/health', '/other'].map(async (path) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        return [response.status, await response.text()];
      }),
    );
    assert.deepEqual(answers, [
      [200, 'web7\n'],
      [200, 'ok\n'],
      [404, 'there is / and /health\n'],
    ]);
  } finally {
    await child.stop();
  }
});
