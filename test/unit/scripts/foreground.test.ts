/** What `npm run demo` promises of signals and exit codes, with real processes. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const script = new URL('../../../scripts/foreground.mjs', import.meta.url).href;

/** Counts the interrupts that it gets, says so, and ends with their number when it is terminated. */
const counting = `
  let count = 0;
  process.on('SIGINT', () => console.log('got', ++count));
  process.on('SIGTERM', () => process.exit(40 + count));
  setTimeout(() => process.exit(1), 10_000);
  console.log('up');
`;

/** The leader of a process group, as at a terminal, that does no more than run `program` in the foreground. */
function inForeground(program: string): ChildProcessWithoutNullStreams {
  const parent = `import { runNode } from '${script}'; process.exitCode = await runNode(['-e', ${JSON.stringify(program)}]).ended;`;
  return spawn(process.execPath, ['--input-type=module', '-e', parent], { detached: true });
}

/** Waits until the program's output ends with this line. */
async function until(child: ChildProcessWithoutNullStreams, line: string): Promise<void> {
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.endsWith(`${line}\n`)) return;
  }
  assert.fail(`ended without saying ${line}, after: ${text}`);
}

test('an interrupt arrives once, though it is sent to the whole group, and the exit code comes through', async () => {
  const child = inForeground(counting);
  await until(child, 'up');
  process.kill(-(child.pid as number), 'SIGINT');
  await until(child, 'got 1');
  // Passed on after the interrupt, if that is passed on at all.
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [41, null]);
});

test('the echo of a key press is told from the next press', async () => {
  const { echoFilter } = (await import(script)) as { echoFilter: () => (signal: string, now: number) => boolean };
  const isFresh = echoFilter();
  assert.deepEqual(
    [isFresh('SIGINT', 0), isFresh('SIGINT', 20), isFresh('SIGTERM', 25), isFresh('SIGINT', 700)],
    [true, false, true, true],
  );
});

test('a program that ends by a signal ends its parent with 128 and the number', async () => {
  const child = inForeground("process.kill(process.pid, 'SIGTERM')");
  assert.deepEqual(await once(child, 'exit'), [143, null]);
});
