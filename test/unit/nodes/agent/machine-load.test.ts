import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CpuFolders, cpuPercent, memoryPercent, readCpu } from '../../../../src/nodes/agent/machine-load.ts';

const files = (texts: Readonly<Record<string, string>>) => (path: string) => texts[path];

/** Four processors: in total 400 ticks in each second. */
const stat = (busy: number, idle: number) =>
  `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 1 0 0 1\ncpu1 1 0 0 1\ncpu2 1 0 0 1\ncpu3 1 0 0 1\nintr 5\n`;
const meminfo = 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n';

describe('the processors of the machine', () => {
  const percentOf = (before: string, after: string) =>
    cpuPercent(readCpu(files({ '/proc/stat': before }), undefined, 0), readCpu(files({ '/proc/stat': after }), undefined, 1_000));

  test('what was not idle, of all that passed', () => assert.equal(percentOf(stat(100, 100), stat(200, 400)), 25));
  test('waiting for a disk is not work, and guests are counted once', () =>
    assert.equal(percentOf('cpu  10 0 0 0 0 0 0 0 10 0\n', 'cpu  60 0 0 30 20 0 0 0 60 0\n'), 50));
  test('no time between the readings', () => assert.equal(percentOf(stat(100, 100), stat(100, 100)), undefined));
  test('a kernel that does not tell', () => assert.equal(percentOf('', ''), undefined));
});

describe('the processors of a limited group', () => {
  const version2 = { version: 2, limits: ['/g/own', '/g'], usages: ['/g/own', '/g'] } as const;
  const version1 = { version: 1, limits: ['/cpu/own'], usages: ['/cpuacct/own'] } as const;
  const percentOf = (folders: CpuFolders, before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) =>
    cpuPercent(
      readCpu(files({ '/proc/stat': stat(0, 0), ...before }), folders, 0),
      readCpu(files({ '/proc/stat': stat(300, 100), ...after }), folders, 1_000),
    );
  const usage = (us: number) => `usage_usec ${us}\nuser_usec 1\nsystem_usec 1\n`;

  test('version 2: its share of its quota', () => {
    const limit = { '/g/own/cpu.max': '150000 100000\n' };
    const [before, after] = [
      { ...limit, '/g/own/cpu.stat': usage(0) },
      { ...limit, '/g/own/cpu.stat': usage(750_000) },
    ];
    assert.equal(percentOf(version2, before, after), 50);
  });

  test('version 1: the count is kept in another tree, in nanoseconds', () => {
    const limit = { '/cpu/own/cpu.cfs_quota_us': '50000\n', '/cpu/own/cpu.cfs_period_us': '100000\n' };
    const [before, after] = [
      { ...limit, '/cpuacct/own/cpuacct.usage': '7\n' },
      { ...limit, '/cpuacct/own/cpuacct.usage': '100000007\n' },
    ];
    assert.equal(percentOf(version1, before, after), 20);
  });

  test('of two limits around it, the fuller one', () => {
    const limits = { '/g/own/cpu.max': '100000 100000', '/g/cpu.max': '200000 100000' };
    const before = { ...limits, '/g/own/cpu.stat': usage(0), '/g/cpu.stat': usage(0) };
    assert.equal(percentOf(version2, before, { ...limits, '/g/own/cpu.stat': usage(100_000), '/g/cpu.stat': usage(1_800_000) }), 90);
  });

  for (const [name, limit] of [
    ['no limit', { '/g/own/cpu.max': 'max 100000\n' }],
    ['a limit of as much as the machine has', { '/g/own/cpu.max': '400000 100000\n' }],
    ['no file that tells', {}],
  ] as const) {
    test(`${name}: the machine is measured`, () => {
      const [before, after] = [
        { ...limit, '/g/own/cpu.stat': usage(0) },
        { ...limit, '/g/own/cpu.stat': usage(1) },
      ];
      assert.equal(percentOf(version2, before, after), 75);
    });
  }

  test('version 1 without limit: the machine is measured', () => {
    const none = { '/cpu/own/cpu.cfs_quota_us': '-1\n', '/cpu/own/cpu.cfs_period_us': '100000\n', '/cpuacct/own/cpuacct.usage': '1\n' };
    assert.equal(percentOf(version1, none, none), 75);
  });

  test('a burst beyond the quota is 100, and a counter that went back says nothing', () => {
    const limit = { '/g/own/cpu.max': '100000 100000\n' };
    const at = (us: number) => ({ ...limit, '/g/own/cpu.stat': usage(us) });
    assert.equal(percentOf(version2, at(0), at(3_000_000)), 100);
    assert.equal(percentOf(version2, at(9), at(3)), undefined);
  });
});

describe('memory', () => {
  const machine = { '/proc/meminfo': meminfo };
  const version2 = { version: 2, folders: ['/g/own', '/g'] } as const;
  const version1 = { version: 1, folders: ['/m/own'] } as const;
  const kib = (count: number) => String(count * 1024);

  test('of the machine: what is not available', () => assert.equal(memoryPercent(files(machine), undefined), 60));
  test('a kernel that does not tell', () => assert.equal(memoryPercent(files({}), undefined), undefined));

  test('version 2: what is used but for cache that is given back, of the limit', () => {
    const group = {
      '/g/own/memory.max': kib(200),
      '/g/own/memory.current': kib(150),
      '/g/own/memory.stat': `anon 5\ninactive_file ${kib(90)}\n`,
    };
    assert.equal(memoryPercent(files({ ...machine, ...group }), version2), 30);
  });

  test('version 1', () => {
    const group = {
      '/m/own/memory.limit_in_bytes': kib(200),
      '/m/own/memory.usage_in_bytes': kib(150),
      '/m/own/memory.stat': `inactive_file 1\ntotal_inactive_file ${kib(50)}\n`,
    };
    assert.equal(memoryPercent(files({ ...machine, ...group }), version1), 50);
  });

  test('of two limits around it, the fuller one', () => {
    const own = { '/g/own/memory.max': kib(200), '/g/own/memory.current': kib(20) };
    const around = { '/g/memory.max': kib(400), '/g/memory.current': kib(380) };
    assert.equal(memoryPercent(files({ ...machine, ...own, ...around }), version2), 95);
  });

  for (const [name, folders, texts] of [
    ['version 2 without limit', version2, { '/g/own/memory.max': 'max\n', '/g/own/memory.current': kib(1) }],
    [
      'version 1 without limit',
      version1,
      { '/m/own/memory.limit_in_bytes': '9223372036854771712\n', '/m/own/memory.usage_in_bytes': kib(1) },
    ],
    ['a limit above what the machine has', version2, { '/g/own/memory.max': kib(1_001), '/g/own/memory.current': kib(1) }],
    ['no file that tells', version2, {}],
  ] as const) {
    test(`${name}: the machine is measured`, () => assert.equal(memoryPercent(files({ ...machine, ...texts }), folders), 60));
  }
});
