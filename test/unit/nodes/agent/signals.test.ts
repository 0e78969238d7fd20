import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createErrorRate } from '../../../../src/nodes/agent/error-rate.ts';
import { loadReader, type Signals, watchSignals } from '../../../../src/nodes/agent/signals.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';

test('this very machine is measured', { skip: !existsSync('/proc/stat') }, () => {
  let now = 0;
  const read = loadReader({ monotonic: () => now });
  const { cpu: none, memory } = read();
  assert.equal(none, undefined, 'one reading says nothing of the processors');
  assert(memory !== undefined && memory > 0 && memory <= 100, `${memory}`);
  // The kernel counts in hundredths of a second: work until it has counted some.
  let cpu: number | undefined;
  for (let rounds = 0; cpu === undefined && rounds < 1_000_000; rounds++) {
    for (let spin = 0; spin < 1_000_000; spin++) now += 1e-6;
    cpu = read().cpu;
  }
  assert(cpu !== undefined && cpu >= 0 && cpu <= 100, `${cpu}`);
});

test('a limited container is measured by its own files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'opengslb-signals-'));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  try {
    await write('proc/self/cgroup', '0::/app\n');
    await write('proc/self/mountinfo', '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n');
    await write('proc/stat', 'cpu  0 0 0 100 0 0 0 0 0 0\ncpu0 0 0 0 1\ncpu1 0 0 0 1\n');
    await write('proc/meminfo', 'MemTotal:  1000 kB\nMemAvailable:  900 kB\n');
    await write('sys/fs/cgroup/app/cpu.max', '50000 100000\n');
    await write('sys/fs/cgroup/app/cpu.stat', 'usage_usec 0\n');
    await write('sys/fs/cgroup/app/memory.max', '102400\n');
    await write('sys/fs/cgroup/app/memory.current', '81920\n');
    let now = 5_000;
    const read = loadReader({ root, monotonic: () => now });
    assert.deepEqual(read(), { memory: 80 });
    now += 2_000;
    await write('sys/fs/cgroup/app/cpu.stat', 'usage_usec 250000\n');
    assert.deepEqual(read(), { cpu: 25, memory: 80 });
  } finally {
    await rm(root, { recursive: true });
  }
});

test('a machine that tells nothing gives no percentages', () => {
  const read = loadReader({ root: '/nonexistent', monotonic: () => 0 });
  assert.deepEqual([read(), read()], [{}, {}]);
});

test('failures of backends a minute: over the window, and out of it again', () => {
  const rate = createErrorRate(120_000);
  assert.equal(rate.perMinute(1_000_000), 0);
  for (let failures = 0; failures < 10; failures++) rate.failed(1_000_000);
  rate.failed(1_060_000);
  assert.equal(rate.perMinute(1_060_000), 5.5);
  assert.equal(rate.perMinute(1_118_000), 5.5);
  assert.equal(rate.perMinute(1_122_000), 0.5);
  assert.equal(rate.perMinute(1_182_000), 0);
  rate.failed(9_000_000);
  assert.equal(rate.perMinute(9_000_000), 0.5);
});

test('signals are measured at once and at each interval, until they are called off', async () => {
  const clock = virtualClock(0);
  const seen: (Signals & { at: number })[] = [];
  const callOff = watchSignals({
    clock,
    intervalMs: 10_000,
    readLoad: () => ({ cpu: clock.now() / 1_000 }),
    failuresPerMinute: (at) => at / 10_000,
    measured: (signals) => seen.push({ ...signals, at: clock.now() }),
  });
  await clock.moveTo(20_000);
  callOff();
  await clock.moveTo(90_000);
  assert.deepEqual(seen, [
    { cpu: 0, errorRate: 0, at: 0 },
    { cpu: 10, errorRate: 1, at: 10_000 },
    { cpu: 20, errorRate: 2, at: 20_000 },
  ]);
});
