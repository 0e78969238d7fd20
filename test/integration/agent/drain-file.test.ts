import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchDrainFile } from '../../../src/nodes/agent/drain-file.ts';
import { virtualClock } from '../../../src/nodes/clock.ts';

/** A watched file in a folder of its own; `next` is what is told next, in order. */
async function watched(context: TestContext, name = 'drain') {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-drain-file-'));
  const path = join(folder, name);
  const clock = virtualClock(0);
  const told: (string | null)[] = [];
  let onTold = () => {};
  const file = watchDrainFile({
    path,
    clock,
    told: (reason) => {
      told.push(reason);
      onTold();
    },
  });
  context.after(async () => {
    await file.close();
    await rm(folder, { recursive: true });
  });
  const next = async () => {
    while (told.length === 0) await new Promise<void>((resolve) => (onTold = resolve));
    return told.shift() as string | null;
  };
  /** Moved into its place, so that it is never seen half written. */
  const put = async (text: string) => {
    await writeFile(join(folder, 'aside'), text);
    await rename(join(folder, 'aside'), path);
  };
  await file.ready;
  return { folder, path, clock, file, told, next, put };
}

test('the kernel tells of the file while the clock stands still: there, gone, there again', async (context) => {
  const { path, next, put } = await watched(context);
  await put('kernel update\nsecond line\n');
  assert.equal(await next(), 'kernel update');
  await rm(path);
  assert.equal(await next(), null);
  await put('');
  assert.equal(await next(), `${path} exists`);
  await put('another reason');
  assert.equal(await next(), 'another reason');
});

test('a file that is there at the start is told before the first look is over', async (context) => {
  const { path } = await watched(context);
  await writeFile(path, 'since before');
  const told: (string | null)[] = [];
  const again = watchDrainFile({ path, clock: virtualClock(0), told: (reason) => told.push(reason) });
  await again.ready;
  assert.deepEqual(told, ['since before']);
  await again.close();
});

test('a folder that is not there yet, or is replaced, is looked at every second', async (context) => {
  const { folder, clock, next, told, put } = await watched(context, 'later/drain');
  await clock.moveTo(5_000);
  assert.deepEqual(told, []);
  await mkdir(join(folder, 'later'));
  await put('made later');
  await clock.moveTo(6_000);
  assert.equal(await next(), 'made later');
  await rename(join(folder, 'later'), join(folder, 'moved'));
  await clock.moveTo(7_000);
  assert.equal(await next(), null);
});

test('what cannot be read is there all the same: a folder, a dangling link, a long line, an odd one', async (context) => {
  const { path, clock, next, put } = await watched(context);
  const look = async () => {
    await clock.moveTo(clock.now() + 1_000);
    return next();
  };
  await mkdir(path);
  assert.equal(await look(), `${path} exists`);
  await rm(path, { recursive: true });
  assert.equal(await look(), null);
  await symlink('/nonexistent', path);
  assert.equal(await look(), `${path} exists`);
  await rm(path);
  assert.equal(await look(), null);
  await put(`\u001b[31m${'x'.repeat(10_000)}`);
  const reason = await look();
  assert.match(reason as string, /^\\u\{1b\}\[31mx+$/);
  assert.equal(reason?.length, 170);
  await rm(path);
  assert.equal(await look(), null);
  await put('closed');
  await chmod(path, 0o000);
  // Root reads it, and anybody else knows that it is there.
  assert.match((await look()) as string, /^closed$| exists$/);
});

test('nothing is told once it is closed', async (context) => {
  const { path, file, clock, told } = await watched(context);
  await file.close();
  await writeFile(path, 'too late');
  await clock.moveTo(10_000);
  assert.deepEqual(told, []);
});
