/** Snapshots on a real disk: what a start takes, what it passes over with a warning, and what stays in the folder. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type EventLog, noHash } from '../../src/events/log.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { virtualClock } from '../../src/nodes/clock.ts';
import { createEngine, type Engine } from '../../src/nodes/engine.ts';
import { createSnapshotKeeper } from '../../src/nodes/snapshot-keeper.ts';
import { openSnapshotFolder } from '../../src/nodes/snapshots.ts';
import { digest } from '../../src/projections/digest.ts';
import { initialState } from '../../src/projections/state.ts';
import { a, applying, b, checked, oneDomain, order, settingOverride } from '../given.ts';

const start = 1_000_000;
let folder: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-snapshots-'));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

const snapshotsIn = (path: string) => openSnapshotFolder(path, (sentence) => warnings.push(sentence));
const files = async () => (await readdir(folder)).sort();
const newest = async () => join(folder, (await files()).at(-1) as string);
const unexpected = (error: unknown) => assert.fail(String(error));
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A node with a history of `results` checks, each a batch, that takes a snapshot after every ten events. */
async function history(results: number, log: EventLog = openMemoryLog({ node: 'ow-1' })) {
  const clock = virtualClock(start);
  let written: Promise<void> | undefined;
  const snapshots = snapshotsIn(folder);
  const watched = { ...snapshots, write: (...of: Parameters<typeof snapshots.write>) => (written = snapshots.write(...of)) };
  const keeper = createSnapshotKeeper({ folder: watched, log, from: 0, warn: (it) => warnings.push(it), every: 10 });
  const engine = createEngine({ clock, chance: () => 0, log }, [keeper.listener], unexpected);
  engine.start();
  await engine.execute(order(applying(oneDomain([a, b]), { force: true })));
  await engine.execute(order(settingOverride(a, 'drain', { expiresInMs: 3_000 }), 'key'));
  for (let index = 0; index < results; index++) {
    await clock.moveTo(start + index);
    engine.observe(checked(b, index % 5 < 3 ? 'ok' : 'failed'));
    await settled();
    await written;
  }
  await engine.stop();
  await keeper.stop(engine.state);
  return { log, engine };
}

/** The state that a start on this log ends with, at the moment of the other engine's. */
async function startedFrom(log: EventLog, like: Engine) {
  const restored = await snapshotsIn(folder).restore(log);
  const clock = virtualClock(like.state.at);
  const engine = createEngine({ clock, chance: () => 0, log }, [], unexpected, restored && { state: restored });
  const from = engine.state.position;
  await engine.fold(log);
  engine.start();
  await engine.stop();
  return { from, digest: digest(engine.state) };
}

describe('a start', () => {
  it('begins with the newest snapshot, folds the tail, and ends where the node was', async () => {
    const { log, engine } = await history(57);
    const again = await startedFrom(log, engine);
    assert.ok(again.from > 40 && again.from < engine.state.position, `from ${again.from} of ${engine.state.position}`);
    assert.equal(again.digest, digest(engine.state));
    assert.deepEqual(warnings, []);
  });

  it('without snapshots folds from zero, and has nothing to warn of', async () => {
    const { log, engine } = await history(3);
    assert.deepEqual(await startedFrom(log, engine), { from: 0, digest: digest(engine.state) });
    assert.equal(await snapshotsIn(join(folder, 'not', 'there')).restore(log), undefined);
    assert.deepEqual(warnings, []);
  });

  it('passes over what is no sound snapshot of its log, with one warning, and takes the one before', async () => {
    const { log, engine } = await history(57);
    const sound = await readFile(await newest());
    const change = (part: string, to: string) => Buffer.from(sound.toString('latin1').replace(part, to), 'latin1');
    const rows: readonly [bytes: Buffer, warning: RegExp][] = [
      [Buffer.concat([sound.subarray(0, -1), Buffer.of((sound.at(-1) as number) ^ 1)]), /its bytes are damaged/],
      [sound.subarray(0, -1), /its bytes are damaged/],
      [sound.subarray(0, 100), /cannot be read|does not begin/],
      [Buffer.alloc(0), /cannot be read|does not begin/],
      [change('"foldVersion":', '"foldVersion":99'), /fold version 99\d* made it/],
      [change('"node":"ow-1"', '"node":"ow-2"'), /it is of node ow-2/],
      [change('"batchHash":"', `"batchHash":"${'0'.repeat(64)}","x":"`), /another batch at position/],
      [change('"position":', '"position":9'), /the log ends at position/],
      [change('"at":', '"at":9'), /what follows in the log is earlier/],
    ];
    for (const [bytes, warning] of rows) {
      await writeFile(await newest(), bytes);
      warnings = [];
      const again = await startedFrom(log, engine);
      assert.equal(again.digest, digest(engine.state));
      assert.ok(
        again.from > 30 && again.from < engine.state.position - 10,
        `it began from ${again.from} of ${engine.state.position}: ${warning}`,
      );
      assert.equal(warnings.length, 1, `${warning}`);
      assert.match(warnings[0] as string, warning);
    }
  });

  it('folds from zero where none is of use', async () => {
    const { log, engine } = await history(57);
    for (const name of await files()) await writeFile(join(folder, name), 'x');
    assert.equal((await startedFrom(log, engine)).from, 0);
    assert.match(warnings[0] as string, /the whole log is folded \(.*; .*\)/);
  });
});

describe('the folder', () => {
  it('keeps the newest two, under their positions, and nothing half written', async () => {
    await history(57);
    const names = await files();
    assert.equal(names.length, 2);
    for (const name of names) assert.match(name, /^\d{16}\.snapshot$/);
  });

  it('gets no snapshot at a stop that would save little, and one that would save much', async () => {
    const log = openMemoryLog({ node: 'ow-1' });
    const keeper = () => createSnapshotKeeper({ folder: snapshotsIn(folder), log, from: 0, warn: assert.fail });
    await log.append(
      Array.from({ length: 999 }, () => checked(a, 'ok')),
      1,
      { sync: true },
    );
    const engine = createEngine({ clock: virtualClock(1), chance: () => 0, log }, [], unexpected);
    await engine.fold(log);
    await keeper().stop(engine.state);
    assert.deepEqual(await files(), []);
    await log.append([checked(a, 'ok')], 1, { sync: true });
    await keeper().stop(engine.state);
    assert.deepEqual(await files(), [], 'a state that is not the end of the log is nothing to start from');
    await engine.fold(log);
    await keeper().stop(engine.state);
    assert.equal((await files()).length, 1);
  });

  it('that cannot be written costs a warning', async () => {
    await writeFile(join(folder, 'file'), '');
    const blocked = openSnapshotFolder(join(folder, 'file'), assert.fail);
    const end = { position: 0, at: 0, hash: noHash };
    await assert.rejects(blocked.write({ ...initialState(), position: 1 }, 'ow-1', end), /EEXIST|ENOTDIR/);
    const log = openMemoryLog({ node: 'ow-1' });
    await log.append(
      Array.from({ length: 1_000 }, () => checked(a, 'ok')),
      1,
      { sync: true },
    );
    const engine = createEngine({ clock: virtualClock(1), chance: () => 0, log }, [], unexpected);
    await engine.fold(log);
    await createSnapshotKeeper({ folder: blocked, log, from: 0, warn: (it) => warnings.push(it) }).stop(engine.state);
    assert.match(warnings[0] as string, /a snapshot was not written/);
  });
});
