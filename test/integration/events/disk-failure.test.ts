/** A disk that fails for real: a small tmpfs that is full, then read-only, then well again, under a node that goes on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isRefusal } from '../../../src/commands/command.ts';
import { openLevelLog } from '../../../src/events/level-log.ts';
import type { EventLog } from '../../../src/events/log.ts';
import { virtualClock } from '../../../src/nodes/clock.ts';
import { createEngine } from '../../../src/nodes/engine.ts';
import { digest } from '../../../src/projections/digest.ts';
import { a, app, applying, b, checked, oneDomain, order, settingOverride } from '../../given.ts';

const run = (...words: readonly [string, ...string[]]) => spawnSync(words[0], words.slice(1)).status === 0;

let folder: string;
let mounted = false;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-disk-'));
  mounted = process.getuid?.() === 0 && run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder);
});
after(async () => {
  if (mounted) assert.ok(run('umount', '-l', folder), `${folder} could not be unmounted`);
  await rm(folder, { recursive: true, force: true });
});

const start = 1_000_000;
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

async function until(what: string, holds: () => boolean, then: () => Promise<void>): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 20_000, `never came about: ${what}`);
    await then();
  }
}

async function digestFromZero(log: EventLog, at: number): Promise<string> {
  const engine = createEngine({ clock: virtualClock(at), chance: () => 0, log: { ...log, node: log.node } }, [], (error) =>
    assert.fail(String(error)),
  );
  await engine.fold(log);
  engine.start();
  await settled();
  return digest(engine.state);
}

test('the disk is full, then read-only, then well again: DNS follows the checks, and nothing is missing in the log', async (t) => {
  if (!mounted) return t.skip('only root can mount a tmpfs');
  const directory = join(folder, 'log');
  await mkdir(directory);
  const log = await openLevelLog({ directory, node: 'ow-1', writeBufferBytes: 256 * 1024 });
  const clock = virtualClock(start);
  const troubles: string[] = [];
  let recoveries = 0;
  const engine = createEngine({ clock, chance: () => 0, log }, [], (error) => troubles.push((error as Error).message), {
    onRecovery: () => {
      recoveries += 1;
    },
  });
  const command = (target: string) => engine.execute(order(settingOverride(target, 'drain', { force: true })));
  const statusOfA = () => engine.state.health.get(app)?.get(`${a}:80`)?.status;
  engine.start();
  const check = { failure_threshold: 1, success_threshold: 1 };
  await engine.execute(order(applying(oneDomain([a, b].map((address) => ({ address, health_check: check }))), { force: true })));
  engine.observe(checked(a, 'ok'));

  let moment = start;
  const observeSome = async () => {
    await clock.moveTo((moment += 60));
    for (let index = 0; index < 50; index++) engine.observe(checked(b, 'ok', { error: 'e'.repeat(200), totalUs: moment + index }));
    await settled();
  };
  await until('a full disk', () => engine.refusing !== undefined, observeSome);
  assert.match(troubles[0] ?? '', /The log cannot be written: .*No space left/);
  assert.equal(statusOfA(), 'up');
  engine.observe(checked(a, 'failed'));
  await settled();
  assert.equal(statusOfA(), 'down');
  const refused = await command(b);
  assert.ok(isRefusal(refused) && refused.refused === 'log-unavailable');
  const syncedWhenFull = log.synced.position;

  // The handle is closed by the first try to open it again, so that the mount can become read-only.
  await until(
    'a mount without writers',
    () => run('mount', '-o', 'remount,ro', folder),
    async () => {
      await clock.moveTo((moment += 1_000));
      await settled();
    },
  );
  engine.observe(checked(a, 'ok'));
  await clock.moveTo((moment += 40_000));
  await until('the reason is another', () => /[Rr]ead-only/.test(engine.refusing?.message ?? ''), settled);
  assert.equal(statusOfA(), 'up');
  assert.equal(log.synced.position, syncedWhenFull);

  assert.ok(run('mount', '-o', 'remount,rw,size=16m', folder));
  await clock.moveTo((moment += 40_000));
  await until('recovery', () => engine.refusing === undefined, settled);
  assert.equal(recoveries, 1);
  const outcome = await command(b);
  assert.ok(!isRefusal(outcome));
  assert.ok(log.synced.position > syncedWhenFull && outcome.events[0]?.position === log.synced.position);
  assert.equal(await digestFromZero(log, engine.state.at), digest(engine.state));
  await engine.stop();
  await log.close();
  await writeFile(join(folder, 'done'), '');
  const again = await openLevelLog({ directory, node: 'ow-1' });
  assert.equal(again.end.position, engine.state.position);
  assert.equal(await digestFromZero(again, engine.state.at), digest(engine.state));
  await again.close();
});
