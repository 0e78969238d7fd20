/**
 * An overwatch under a supervisor: what systemd would be told by a real process over a real socket, whether that is true
 * at that moment, and whether the unit that is shipped is one that systemd takes.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSupervisorSocket, type SupervisorSocket } from '../supervisor-socket.ts';
import { api, makeFolder, program, type RunningOverwatch, resolve, startOverwatchProcess, until } from './overwatch-process.ts';

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has such supervisors' };

describe('an overwatch under a supervisor', linuxOnly, () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let systemd: SupervisorSocket;
  let overwatch: RunningOverwatch;
  let starting: Promise<RunningOverwatch>;
  const lines = () => systemd.received().flatMap((message) => message.split('\n'));
  const heard = (line: string, after = 0) =>
    until(line, () => {
      const index = lines().indexOf(line, after);
      return index === -1 ? undefined : index;
    });

  before(async () => {
    folder = await makeFolder({ addresses: ['127.0.0.41'], port: 9, dnsPort: 0 });
    systemd = openSupervisorSocket(join(folder.folder, 'notify'));
    const env = { NOTIFY_SOCKET: join(folder.folder, 'notify'), WATCHDOG_USEC: '200000' };
    starting = startOverwatchProcess(folder.configFile, { env });
  });
  after(async () => {
    await overwatch?.end('SIGKILL');
    systemd.close();
    await folder.remove();
  });

  test('says that it is ready when DNS answers, and where', async () => {
    await heard('READY=1');
    overwatch = await starting;
    assert.notEqual(await resolve(overwatch.dnsPort, 'demo.local', 'SOA'), 'SERVFAIL');
    const all = lines();
    assert.equal(all[0], 'STATUS=Folding the log');
    assert.match(
      all[all.indexOf('READY=1') + 1] ?? '',
      new RegExp(`^STATUS=Serving: dns port ${overwatch.dnsPort}, api port \\d+, metrics off, gossip off$`),
    );
  });

  test('gives signs of life', async () => {
    const beats = () => lines().filter((line) => line === 'WATCHDOG=1').length;
    const first = beats();
    await until('three more signs of life', () => (beats() >= first + 3 ? true : undefined));
  });

  test('says when a reload begins, by the clock that systemd compares with, and when it is over', async () => {
    const before = process.hrtime.bigint() / 1_000n;
    process.kill(overwatch.pid, 'SIGHUP');
    const begun = await heard('RELOADING=1');
    const over = await heard('READY=1', begun);
    const [, moment] = /^MONOTONIC_USEC=(\d+)$/.exec(lines()[begun + 1] ?? '') ?? [];
    assert(BigInt(moment ?? 0) >= before && BigInt(moment ?? 0) <= process.hrtime.bigint() / 1_000n, moment);
    assert(over > begun);
    await until('the reload is told', () => (overwatch.output().includes('configuration reloaded') ? true : undefined));
  });

  test('says that it stops, before it has stopped', async () => {
    const { code } = await overwatch.end('SIGTERM');
    assert.equal(code, 0);
    const all = lines();
    assert(all.includes('STOPPING=1'));
    assert(!all.slice(all.indexOf('STOPPING=1')).includes('READY=1'));
  });
});

test('an overwatch whose supervisor has gone says so once, and serves', linuxOnly, async () => {
  const { configFile, folder, remove } = await makeFolder({ addresses: ['127.0.0.41'], port: 9 });
  const overwatch = await startOverwatchProcess(configFile, { env: { NOTIFY_SOCKET: join(folder, 'gone'), WATCHDOG_USEC: '20000' } });
  try {
    assert.equal(overwatch.output().split('the service supervisor is told nothing').length, 2);
    assert.notEqual(await resolve(overwatch.dnsPort, 'demo.local', 'SOA'), 'SERVFAIL');
  } finally {
    assert.equal((await overwatch.end('SIGTERM')).code, 0);
    await remove();
  }
});

describe('the unit', () => {
  const shipped = fileURLToPath(new URL('../../config/systemd/', import.meta.url));
  const hasSystemd = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
  const skip = hasSystemd.status === 0 ? false : 'systemd-analyze is not installed';
  let folder: string;
  let unit: string;
  let agentUnit: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-unit-'));
    const copied = async (name: string) => {
      // The program stands where npm puts it, which is not on this machine.
      const text = await readFile(join(shipped, name), 'utf8');
      await writeFile(join(folder, name), text.replace(/^ExecStart=opengslb /m, 'ExecStart=/bin/true '));
      return join(folder, name);
    };
    unit = await copied('opengslb-overwatch.service');
    agentUnit = await copied('opengslb-agent.service');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const analyze = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', timeout: 20_000 });
    return { status, said: stdout + stderr };
  };

  test('is taken by systemd without a word', { skip }, () => {
    assert.deepEqual(analyze('verify', unit), { status: 0, said: '' });
    assert.deepEqual(analyze('verify', agentUnit), { status: 0, said: '' });
  });

  test('is taken with its drop-in, where systemd knows notify-reload', { skip }, async () => {
    const version = Number(/^systemd (\d+)/.exec(hasSystemd.stdout)?.[1]);
    await mkdir(`${unit}.d`);
    await copyFile(join(shipped, 'opengslb-overwatch.service.d/notify-reload.conf'), join(`${unit}.d`, 'notify-reload.conf'));
    const { status, said } = analyze('verify', unit);
    if (version >= 253) assert.deepEqual({ status, said }, { status: 0, said: '' });
    else assert.match(said, /notify-reload\.conf:3: Failed to parse service type, ignoring: notify-reload/);
  });

  test('leaves little to attack', { skip }, () => {
    for (const file of [unit, agentUnit]) assert.equal(analyze('security', '--offline=true', '--threshold=20', file).status, 0);
  });

  const hasStrace = spawnSync('strace', ['-V']).status === 0;
  test('permits every call to the kernel that a run makes', { skip: skip || (!hasStrace && 'strace is not installed') }, async () => {
    const { configFile, remove } = await makeFolder({ addresses: ['127.0.0.41'], port: 9 });
    const trace = join(folder, 'trace');
    const command = ['strace', '-f', '-qq', '-o', trace, process.execPath, program];
    const tracer = await startOverwatchProcess(configFile, {
      command,
      env: { NOTIFY_SOCKET: join(folder, 'gone'), WATCHDOG_USEC: '200000' },
    });
    try {
      await resolve(tracer.dnsPort, 'demo.local', 'SOA');
      await api(`${tracer.apiUrl}/services`);
    } finally {
      // strace ignores the signal and leaves it to the program that it watches, whose id begins its lines.
      process.kill(Number(/^\d+/.exec(await readFile(trace, 'utf8'))?.[0]), 'SIGTERM');
      await tracer.end('SIGTERM');
      await remove();
    }
    const text = await readFile(unit, 'utf8');
    const groups = /^SystemCallFilter=(.+)$/m.exec(text)?.[1]?.split(' ') ?? [];
    const permitted = new Set(groups.flatMap(callsIn));
    const made = new Set([...(await readFile(trace, 'utf8')).matchAll(/^\d+ +([a-z_0-9]+)\(/gm)].map(([, call]) => call as string));
    assert(made.size > 30 && made.has('fdatasync') && made.has('accept4'), [...made].join(' '));
    assert.deepEqual(
      [...made].filter((call) => !permitted.has(call)),
      [],
    );
  });

  /** Groups hold groups. */
  function callsIn(group: string): string[] {
    const lines = analyze('syscall-filter', group)
      .said.split('\n')
      .map((line) => line.trim());
    const names = lines.filter((line) => line !== '' && line !== group && !line.startsWith('#'));
    return names.flatMap((name) => (name.startsWith('@') ? callsIn(name) : [name]));
  }

  test('starts the command that there is, and keeps the log where the configuration has it by default', async () => {
    const text = await readFile(join(shipped, 'opengslb-overwatch.service'), 'utf8');
    assert.match(text, /^ExecStart=opengslb overwatch --config \/etc\/opengslb\/config\.yaml$/m);
    assert.match(text, /^StateDirectory=opengslb$/m);
    assert.match(text, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  });

  test('of an agent starts the command that there is, and leaves it time to drain before it is killed', async () => {
    const text = await readFile(join(shipped, 'opengslb-agent.service'), 'utf8');
    assert.match(text, /^ExecStart=opengslb agent --config \/etc\/opengslb\/agent\.yaml$/m);
    assert.match(text, /^StateDirectory=opengslb$/m);
    // Twice the default TTL of 60 s, and the stop itself.
    assert.match(text, /^TimeoutStopSec=5min$/m);
  });
});
