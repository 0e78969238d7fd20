/** What a node tells its supervisor and when, over a real socket, with a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { virtualClock } from '../../../src/nodes/clock.ts';
import { openSupervisor, type Supervisor, type SupervisorOptions } from '../../../src/nodes/supervisor.ts';
import { openSupervisorSocket, type SupervisorSocket } from '../../supervisor-socket.ts';

const whereToLook = '; look at NOTIFY_SOCKET, and at NotifyAccess= of the unit';

describe('the supervisor', { skip: process.platform !== 'linux' && 'only Linux has such supervisors' }, () => {
  let folder: string;
  let address: string;
  let systemd: SupervisorSocket;
  let warnings: string[];
  let supervisor: Supervisor | undefined;
  const clock = virtualClock(1_000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'opengslb-supervisor-'));
    address = join(folder, 'notify');
    systemd = openSupervisorSocket(address);
    warnings = [];
  });
  afterEach(() => {
    supervisor?.close();
    systemd.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(environment: SupervisorOptions['environment'] = {}): Promise<Supervisor> {
    const warn = (sentence: string) => warnings.push(sentence);
    supervisor = await openSupervisor({
      environment: { NOTIFY_SOCKET: address, ...environment },
      clock,
      warn,
      pid: 77,
      monotonicUs: () => 5n,
    });
    return supervisor;
  }
  /** What came since the last look. */
  let seen = 0;
  const news = () => {
    const messages = systemd.received().slice(seen);
    seen += messages.length;
    return messages;
  };
  beforeEach(() => {
    seen = 0;
  });

  test('is told how a start, a trouble and a stop go', async () => {
    const told = await open();
    told.ready('Serving: dns port 53');
    told.trouble('The log cannot be written:\n  no space.');
    told.trouble(undefined);
    told.stopping();
    assert.deepEqual(news(), [
      'STATUS=Folding the log',
      'READY=1\nSTATUS=Serving: dns port 53',
      'STATUS=The log cannot be written: no space.',
      'STATUS=Serving: dns port 53',
      'STOPPING=1\nSTATUS=Stopping',
    ]);
  });

  test('is told of a reload before it begins and after it, however it ends', async () => {
    const told = await open();
    told.ready('Serving');
    news();
    const outcome = await told.whileReloading(async () => {
      assert.deepEqual(news(), ['RELOADING=1\nMONOTONIC_USEC=5']);
      return 'done';
    });
    assert.equal(outcome, 'done');
    assert.deepEqual(news(), ['READY=1\nSTATUS=Serving']);
    await assert.rejects(
      told.whileReloading(() => Promise.reject(new Error('fault'))),
      /fault/,
    );
    assert.deepEqual(news().at(-1), 'READY=1\nSTATUS=Serving');
  });

  test('is told that reloads are over when the last of them is', async () => {
    const told = await open();
    news();
    const ends: (() => void)[] = [];
    const reload = () => told.whileReloading(() => new Promise<void>((resolve) => ends.push(resolve)));
    const both = [reload(), reload()];
    ends[0]?.();
    await both[0];
    assert.deepEqual(
      news().map((message) => message.split('\n')[0]),
      ['RELOADING=1', 'RELOADING=1'],
    );
    ends[1]?.();
    await both[1];
    assert.deepEqual(news(), ['READY=1\nSTATUS=']);
  });

  test('gets a sign of life twice in the time that it waits for one', async () => {
    await open({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '77' });
    const start = clock.now();
    assert.deepEqual(news(), ['STATUS=Folding the log', 'WATCHDOG=1']);
    await clock.moveTo(start + 14_999);
    assert.deepEqual(news(), []);
    await clock.moveTo(start + 45_000);
    assert.deepEqual(news(), ['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
    supervisor?.close();
    await clock.moveTo(start + 90_000);
    assert.deepEqual(news(), []);
  });

  const silent: readonly SupervisorOptions['environment'][] = [
    {},
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'soon' },
    { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '78' },
  ];
  for (const environment of silent) {
    test(`gets none where it waits for none of this process: ${JSON.stringify(environment)}`, async () => {
      await open(environment);
      await clock.moveTo(clock.now() + 60_000);
      assert.deepEqual(news(), ['STATUS=Folding the log']);
    });
  }

  test('a long status is one line of at most 200 characters', async () => {
    (await open()).trouble('long '.repeat(100));
    const status = news().at(-1) ?? '';
    assert.equal(status.length, 'STATUS='.length + 200);
    assert.match(status, /\.\.\.$/);
  });

  test('that has gone costs one line, and nothing else', async () => {
    systemd.close();
    const told = await open({ WATCHDOG_USEC: '1000000' });
    told.ready('Serving');
    told.stopping();
    assert.deepEqual(warnings, [
      `the service supervisor is told nothing: nothing can be sent to ${address}: no such file or directory (ENOENT)${whereToLook}`,
    ]);
  });

  test('with an address that is none costs one line, and nothing else', async () => {
    const told = await open({ NOTIFY_SOCKET: 'vsock:2:1234' });
    told.ready('Serving');
    assert.deepEqual(warnings, [
      `the service supervisor is told nothing: vsock:2:1234 is neither an absolute path nor an abstract name (@name)${whereToLook}`,
    ]);
  });

  test('that is not there is told nothing, and nobody is warned', async () => {
    for (const NOTIFY_SOCKET of [undefined, '']) {
      const told = await open({ NOTIFY_SOCKET, WATCHDOG_USEC: '1000000' });
      told.ready('Serving');
      await told.whileReloading(async () => {});
    }
    assert.deepEqual([news(), warnings], [[], []]);
  });
});
