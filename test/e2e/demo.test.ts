/**
 * The demo as a newcomer runs it: the built program, real processes, real sockets. However it ends (by itself, by
 * Ctrl-C, by SIGKILL, by a failing overwatch), no process and no folder of it stays.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentSummary } from '../../src/nodes/demo/agents/summary.ts';
import type { DemoSummary } from '../../src/nodes/demo/summary.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'dist', 'cli', 'main.js');
const limitMs = 60_000;

before(async () => {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'ready.mjs'), '--build'], { cwd: root });
});

/** One run of the demo, with a folder of its own for temporary files, which also marks its processes. */
function startDemo(...words: readonly string[]) {
  const temporary = mkdtempSync(join(tmpdir(), 'opengslb-e2e-'));
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(process.execPath, [program, 'demo', ...words], {
    cwd: root,
    env: { ...environment, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  started.push(temporary);
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output += piece;
    child.emit('printed');
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    temporary,
    ended,
    output: () => output,
    errors: () => errors,
    async until(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = pattern.exec(output);
        if (found !== null) return found;
        const how = await Promise.race([once(child, 'printed'), ended.then(() => 'ended')]);
        if (how === 'ended') assert.match(output, pattern, errors);
      }
    },
  };
}

const started: string[] = [];
after(() => {
  for (const folder of started) rmSync(folder, { recursive: true, force: true });
});

/** The processes whose temporary files lie in this folder, by what they were started with. Linux only. */
function processesOf(temporary: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${temporary}`)) continue;
      readlinkSync(`/proc/${pid}/exe`); // Fails for a process that has ended and only waits to be noticed.
      found.set(Number(pid), readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // It is gone, or not ours.
    }
  }
  return found;
}

async function untilNoneIsLeft(temporary: string): Promise<void> {
  const until = Date.now() + 10_000;
  while (processesOf(temporary).size > 0) {
    assert.ok(Date.now() < until, `still running: ${[...processesOf(temporary).values()].join('; ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function assertNothingLeft(temporary: string): void {
  assert.deepEqual([...processesOf(temporary).values()], []);
  assert.deepEqual(readdirSync(temporary), []);
}

const linuxOnly = { skip: process.platform !== 'linux' && 'processes are found through /proc' };

test('it shows every step to the client, and tells in JSON what that client saw', linuxOnly, async () => {
  const demo = startDemo('--json');
  const [code] = await demo.ended;
  assert.equal(demo.errors(), '');
  const summary = JSON.parse(demo.output()) as DemoSummary;
  assert.equal(code, 0, demo.output());
  assertNothingLeft(demo.temporary);

  assert.equal(summary.ok, true);
  assert.deepEqual(
    summary.steps.map(({ name, ok }) => [name, ok]),
    ['warm-up', 'kill', 'return', 'override', 'direct', 'clear'].map((name) => [name, true]),
  );
  const [one, two, three] = ['127.0.0.21', '127.0.0.22', '127.0.0.23'] as const;
  const all = [one, two, three];
  // A machine that is very busy may let a check time out, and there is a set more; what was done shows all the same.
  let next = 0;
  const done = [all, [one, three], all, [one, two], all];
  for (const set of summary.seen) if (set.join() === done[next]?.join()) next += 1;
  assert.equal(next, done.length, JSON.stringify(summary.seen));
  assert.equal(summary.replay?.agrees, true);

  const { total, failed, byServer } = summary.requests;
  const served = Object.values(byServer).reduce((sum, count) => sum + count, 0);
  assert.equal(served + failed, total);
  assert.deepEqual(Object.keys(byServer).sort(), ['web1', 'web2', 'web3']);
  assert.equal(summary.dns.failed, 0);

  const kill = summary.steps.find(({ name }) => name === 'kill');
  assert.ok(kill?.toAnswerMs != null && kill.toLastFailedRequestMs != null);
  assert.ok(kill.failedRequests > 0, 'a killed server costs requests until the client has heard of it');
  assert.ok(kill.toAnswerMs < 10_000);
  const others = summary.steps.filter(({ name }) => name !== 'kill');
  assert.deepEqual(
    others.map(({ failedRequests }) => failedRequests),
    others.map(() => 0),
    'nothing else costs any',
  );
});

test('Ctrl-C in the middle ends it in order', linuxOnly, async () => {
  const demo = startDemo();
  await demo.until(/step kill/);
  assert.ok(processesOf(demo.temporary).size >= 4, 'its processes can be seen');
  demo.child.kill('SIGINT');
  assert.deepEqual(await demo.ended, [1, null]);
  assert.match(demo.errors(), /stopped before its end/);
  assertNothingLeft(demo.temporary);
});

test('SIGKILL in the middle leaves no process', linuxOnly, async () => {
  const demo = startDemo();
  await demo.until(/step kill/);
  const children = processesOf(demo.temporary).size - 1;
  assert.ok(children >= 3, `${children} children`);
  demo.child.kill('SIGKILL');
  await demo.ended;
  await untilNoneIsLeft(demo.temporary);
});

test('an overwatch that dies makes it fail with a sentence', linuxOnly, async () => {
  const demo = startDemo();
  await demo.until(/step kill/);
  const [pid] = [...processesOf(demo.temporary)].find(([, words]) => words.includes('overwatch --config')) ?? [];
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  const [code] = await demo.ended;
  assert.equal(code, 1);
  assert.match(demo.output(), /step kill: NOT SEEN, .*the overwatch ended with SIGKILL/);
  assertNothingLeft(demo.temporary);
});

test('--keep leaves it running, and what it says to try works when it is pasted', linuxOnly, async () => {
  const demo = startDemo('--keep');
  await demo.until(/Ctrl-C ends it/);
  const lines = demo
    .output()
    .split('\n')
    .map((line) => line.trim());
  const run = async (line: RegExp) => {
    const command = lines.find((text) => line.test(text));
    assert.ok(command !== undefined, `a line like ${line}`);
    return (await promisify(execFile)('bash', ['-c', command])).stdout;
  };
  assert.match(await run(/^curl .*answers$/), /"address":"127\.0\.0\.21"/);
  if (await hasDig()) assert.deepEqual((await run(/^dig /)).trim().split('\n').sort(), ['127.0.0.21', '127.0.0.22', '127.0.0.23']);
  assert.match(await run(/^curl -sX PUT /), /"action":"down"/);
  await demo.until(/DNS answers 127\.0\.0\.21 127\.0\.0\.22$/m);
  assert.equal(await run(/^curl -sX DELETE /), '');
  assert.match(await run(/^copy=.*replay/), /override on 127\.0\.0\.23 cleared/);
  demo.child.kill('SIGINT');
  assert.deepEqual(await demo.ended, [0, null]);
  assertNothingLeft(demo.temporary);
});

async function hasDig(): Promise<boolean> {
  return promisify(execFile)('dig', ['-v']).then(
    () => true,
    () => false,
  );
}

test('--json and --keep exclude each other', async () => {
  const demo = startDemo('--json', '--keep');
  assert.deepEqual(await demo.ended, [2, null]);
  assert.match(demo.errors(), /choose one/);
});

test('the demo of agents: dying costs the client requests, being drained first costs none', linuxOnly, async () => {
  const demo = startDemo('agents', '--json');
  const [code] = await demo.ended;
  assert.equal(demo.errors(), '');
  const { ok, reactive, proactive, dns, steps } = JSON.parse(demo.output()) as AgentSummary;
  assert.deepEqual([code, ok], [0, true], demo.output());
  assertNothingLeft(demo.temporary);
  assert.deepEqual(
    steps.map((step) => [step.name, step.ok]),
    ['warm-up', 'die', 'return', 'drain', 'direct', 'stop', 'end'].map((name) => [name, true]),
  );
  assert.ok(reactive !== null && proactive !== null);
  assert.ok(reactive.failedRequests > 0, 'a server that dies costs requests until the client has heard of it');
  assert.equal(proactive.failedRequests, 0);
  assert.ok(proactive.requests > 80, 'it was asked all the while');
  assert.ok(reactive.toDnsMs !== null && proactive.toDnsMs !== null);
  assert.equal(dns.failed, 0);
});

test('the demo of agents, killed in the middle, leaves no process', linuxOnly, async () => {
  const demo = startDemo('agents');
  await demo.until(/step die/);
  const children = processesOf(demo.temporary).size - 1;
  assert.ok(children >= 6, `${children} children`);
  demo.child.kill('SIGKILL');
  await demo.ended;
  await untilNoneIsLeft(demo.temporary);
});

test('Ctrl-C ends the demo of agents in order', linuxOnly, async () => {
  const demo = startDemo('agents');
  await demo.until(/step die/);
  demo.child.kill('SIGINT');
  assert.deepEqual(await demo.ended, [1, null]);
  assert.match(demo.errors(), /stopped before its end/);
  assertNothingLeft(demo.temporary);
});
