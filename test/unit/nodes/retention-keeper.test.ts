/** When a checkpoint is taken and what goes, on a log in memory whose every byte is known. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogError } from '../../../src/events/log.ts';
import { openMemoryLog } from '../../../src/events/memory-log.ts';
import { virtualClock } from '../../../src/nodes/clock.ts';
import { createEngine, type Engine } from '../../../src/nodes/engine.ts';
import { createRetentionKeeper, type DroppedReport, type RetentionLimits } from '../../../src/nodes/retention-keeper.ts';
import { a, applying, b, checked, oneDomain, order, times } from '../../given.ts';

const start = 1_000_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
};

/** Without `limits`, those of the configuration. */
async function running(limits?: RetentionLimits, log_?: { readonly retention?: string; readonly max_bytes?: string }) {
  let refusal: LogError | undefined;
  const log = openMemoryLog({ node: 'test', refusal: () => refusal });
  const clock = virtualClock(start);
  const reports: DroppedReport[] = [];
  const warnings: string[] = [];
  const snapshots: number[] = [];
  const keeper = createRetentionKeeper({
    ...{ log, clock, engine: () => engine, ...(limits && { limits: () => limits }) },
    removeSnapshotsBefore: async (position) => void snapshots.push(position),
    onDropped: (report) => reports.push(report),
    warn: (sentence) => warnings.push(sentence),
  });
  const engine = createEngine({ clock, chance: () => 0, log }, [keeper.listener], () => {});
  engine.start();
  keeper.start();
  await engine.execute(order(applying(oneDomain([a, b], {}, { log: log_ ?? {} }), { force: true })));
  const refuse = (is: boolean) => {
    refusal = is ? new LogError('log-unavailable', 'The log cannot be written: it is full.', 'Make room.') : undefined;
  };
  const pass = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await clock.moveTo(Math.min(end, clock.now() + hourMs));
      await settled();
    }
  };
  return { log, clock, engine, keeper, reports, warnings, snapshots, refuse, pass };
}

/** Of the last checkpoint; 0: there is none. */
const positionOf = ({ state: { checkpoint } }: Engine) => checkpoint?.position ?? 0;

const plenty = { retentionMs: 1_000 * dayMs, bytesMax: 2 ** 40 };

describe('a checkpoint', () => {
  it('is taken a day after the beginning, and then a day after the one before', async () => {
    const { engine, pass } = await running(plenty);
    await pass(dayMs - hourMs);
    assert.equal(engine.state.checkpoint, undefined);
    await pass(hourMs);
    assert.deepEqual(engine.state.checkpoint, { position: 4, at: start + dayMs });
    await pass(dayMs);
    assert.deepEqual(engine.state.checkpoint, { position: 5, at: start + 2 * dayMs });
  });

  it('is taken when a quarter of the bytes was written since', async () => {
    const { engine, log, pass } = await running({ ...plenty, bytesMax: 200_000 });
    for (let wave = 0; log.end.position < 2_000; wave++) {
      for (const fact of times(100, checked(a, 'ok', { totalUs: wave }))) engine.observe(fact);
      await pass(60_000);
      const position = engine.state.checkpoint?.position ?? 1;
      // It looks while a wave comes in, and sees it the next time.
      assert.ok((await log.size(position)) < 70_000, `${await log.size(position)} bytes since position ${position}`);
    }
    assert.ok((engine.state.checkpoint?.position ?? 0) > 900);
  });

  it('is not taken while the disk refuses, and is when it is back', async () => {
    const { engine, refuse, pass, log, warnings } = await running(plenty);
    refuse(true);
    engine.observe(checked(a, 'ok'));
    await pass(2 * dayMs);
    assert.equal(engine.state.checkpoint, undefined);
    assert.deepEqual(warnings, []);
    refuse(false);
    await pass(hourMs);
    assert.equal(engine.refusing, undefined);
    assert.equal(positionOf(engine), log.synced.position);
  });

  it('is not taken any more once it is stopped', async () => {
    const { engine, keeper, pass } = await running(plenty);
    keeper.stop();
    await pass(3 * dayMs);
    assert.equal(engine.state.checkpoint, undefined);
  });
});

describe('what goes', () => {
  it('by age: all before the newest checkpoint that is older than the retention, by the configuration in force', async () => {
    const { engine, log, pass, reports, snapshots } = await running(undefined, { retention: '48h' });
    await pass(2 * dayMs);
    assert.equal(log.oldest.position, 1);
    await pass(dayMs);
    // Checkpoints are at one, two and three days: the first is two days old.
    assert.deepEqual(log.oldest, { position: 4, at: start + dayMs });
    assert.deepEqual([reports.length, reports[0]?.events, reports[0]?.oldest, snapshots], [1, 3, log.oldest, [4]]);
    assert.ok((reports[0]?.bytes ?? 0) > 0);
    await engine.execute(order(applying(oneDomain([a, b], {}, { log: { retention: '1h' } }), { force: true })));
    await pass(dayMs + hourMs);
    assert.equal(log.oldest.at, start + 4 * dayMs, 'a reload shortens it');
  });

  it('by size: no more than has to, and never the newest checkpoint', async () => {
    const { engine, log, pass } = await running({ ...plenty, bytesMax: 100_000 });
    for (let wave = 0; wave < 60; wave++) {
      for (const fact of times(100, checked(a, 'ok', { totalUs: wave }))) engine.observe(fact);
      await pass(60_000);
      assert.ok((await log.size()) < 115_000, `${await log.size()} bytes`);
    }
    assert.ok((await log.size()) > 50_000, 'what there is room for stays');
    assert.ok(log.oldest.position > 3_000 && (engine.state.checkpoint?.position ?? 0) > log.oldest.position);
    for (const fact of times(3_000, checked(a, 'ok'))) engine.observe(fact);
    await pass(hourMs);
    assert.equal(log.oldest.position, engine.state.checkpoint?.position);
  });

  it('what a killed process noted and did not remove goes at the start, and a failing disk is told', async () => {
    const { log, pass, refuse, warnings } = await running({ ...plenty, retentionMs: dayMs });
    refuse(false);
    await pass(2 * dayMs);
    assert.ok(log.oldest.position > 1);
    const removed: number[] = [];
    const watched = Object.create(log, { dropBefore: { value: async (position: number) => void removed.push(position) } });
    const clock = virtualClock(start + 2 * dayMs);
    const engine = createEngine({ clock, chance: () => 0, log }, [], () => {});
    await engine.fold(log);
    engine.start();
    const again = createRetentionKeeper({
      ...{ log: watched, clock, engine: () => engine, limits: () => plenty },
      removeSnapshotsBefore: async () => {},
      onDropped: () => {},
      warn: (sentence) => warnings.push(sentence),
    });
    again.start();
    await clock.moveTo(clock.now() + 1);
    await settled();
    assert.deepEqual(removed, [log.oldest.position]);
    await clock.moveTo(clock.now() + hourMs);
    await settled();
    assert.equal(removed.length, 1, 'once');
    assert.deepEqual(warnings, []);
  });
});
