/** Retention on a real disk: forty days of a node's life in moments, and a flood; what stays, what goes, and what is said of it. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { stringify } from 'yaml';
import type { Fact } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import type { EventLog } from '../../src/events/log.ts';
import { type VirtualClock, virtualClock } from '../../src/nodes/clock.ts';
import { readConfiguration } from '../../src/nodes/configuration/read.ts';
import { createEngine, type Engine } from '../../src/nodes/engine.ts';
import { startOverwatch } from '../../src/nodes/overwatch/overwatch.ts';
import { createRetentionKeeper, type DroppedReport, type RetentionLimits } from '../../src/nodes/retention-keeper.ts';
import { createSnapshotKeeper } from '../../src/nodes/snapshot-keeper.ts';
import { openSnapshotFolder } from '../../src/nodes/snapshots.ts';
import { answersDigest } from '../../src/projections/answers.ts';
import { digest } from '../../src/projections/digest.ts';
import { evolve } from '../../src/projections/evolve.ts';
import { initialState } from '../../src/projections/state.ts';
import { a, app, applying, b, c, checked, inForce, oneDomain, order, restated, settingOverride, times } from '../given.ts';

const start = Date.UTC(2026, 9, 1);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const configuration = oneDomain([a, b, { address: c, weight: 30 }], {
  routing_algorithm: 'weighted',
  slow_start: '1h',
  when_all_unhealthy: 'last_healthy',
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-retention-'));
  await mkdir(join(folder, 'log'));
});
afterEach(() => rm(folder, { recursive: true }));

const unexpected = (error: unknown) => assert.fail(String(error));
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const openLog = () => openLevelLog({ directory: join(folder, 'log'), node: 'ow-1', writeBufferBytes: 64 * 1024 });

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await holds()); await settled()) {
    assert.ok(performance.now() - began < 30_000, `never came about: ${what}`);
  }
}

async function bytesOnDisk(): Promise<number> {
  const path = join(folder, 'log');
  // LevelDB removes files while they are looked at.
  const sizes = await Promise.all((await readdir(path)).map((name) => stat(join(path, name)).catch(() => ({ size: 0 }))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

interface RunningNode {
  readonly log: EventLog;
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly reports: DroppedReport[];
  observe(facts: readonly Fact[]): Promise<void>;
  stop(): Promise<void>;
}

async function runNode(limits: RetentionLimits): Promise<RunningNode> {
  const log = await openLog();
  const clock = virtualClock(start);
  const reports: DroppedReport[] = [];
  const snapshots = openSnapshotFolder(join(folder, 'snapshots'), unexpected);
  const snapshotKeeper = createSnapshotKeeper({ folder: snapshots, log, from: 0, warn: unexpected, every: 3_000 });
  const keeper = createRetentionKeeper({
    ...{ log, clock, engine: () => engine, limits: () => limits, lookEveryMs: hourMs, warn: unexpected },
    removeSnapshotsBefore: snapshots.removeBefore,
    onDropped: (report) => reports.push(report),
  });
  const engine = createEngine({ clock, chance: () => 0, log }, [keeper.listener, snapshotKeeper.listener], unexpected);
  engine.start();
  keeper.start();
  await engine.execute(order(applying(configuration, { force: true })));
  return {
    ...{ log, clock, engine, reports },
    async observe(facts) {
      for (const fact of facts) engine.observe(fact);
      await until('everything is appended', () => engine.waiting.observations === 0);
    },
    async stop() {
      keeper.stop();
      await engine.stop();
      await snapshotKeeper.stop(engine.state);
      await log.close();
    },
  };
}

/** The state that a start without any snapshot comes to, at the moment at which another engine stands. */
async function fromLogAlone({ state }: Engine): Promise<{ readonly digest: string; readonly answers: string; readonly oldest: number }> {
  const log = await openLog();
  const again = createEngine({ clock: virtualClock(state.at), chance: () => 0, log }, [], unexpected);
  await again.fold(log);
  again.start();
  await again.stop();
  await log.close();
  return { digest: digest(again.state), answers: answersDigest(again.state), oldest: log.oldest.position };
}

describe('a log', () => {
  it('of forty days holds the last thirty and what they begin with, on a disk that no longer grows', async () => {
    const node = await runNode({ retentionMs: 30 * dayMs, bytesMax: 2 ** 40 });
    const { log, clock, engine, reports } = node;
    await engine.execute(order(settingOverride(b, 'drain', { expiresInMs: 39 * dayMs })));
    let afterRetention = 0;
    for (let hour = 1; hour <= 40 * 24; hour++) {
      await clock.moveTo(start + hour * hourMs);
      const result = hour % 7 === 0 ? 'failed' : 'ok';
      await node.observe([...times(40, checked(a, result)), ...times(20, checked(c, 'ok'))]);
      const checkpointBy = clock.now() - dayMs - hourMs;
      await until('a checkpoint a day', () => (engine.state.checkpoint?.at ?? start) >= checkpointBy);
      if (hour === 32 * 24) afterRetention = await bytesOnDisk();
    }
    const goesBefore = clock.now() - 30 * dayMs;
    await until('what is older goes', () => log.oldest.at > goesBefore - dayMs - 2 * hourMs);
    const told = () => reports.reduce((sum, { events }) => sum + events, 0);
    await until('all of it is gone, and told', () => told() === log.oldest.position - 1);
    assert.ok(log.oldest.at <= goesBefore, 'and no more than that');
    assert.ok((await bytesOnDisk()) < 1.2 * afterRetention, `${await bytesOnDisk()} bytes after 40 days, ${afterRetention} after 32`);
    for (const name of await readdir(join(folder, 'snapshots'))) assert.ok(Number.parseInt(name, 10) >= log.oldest.position, name);

    await assert.rejects(log.read({ from: 1 })[Symbol.asyncIterator]().next(), (error: Error) => {
      const begins = `position ${log.oldest.position}, ${new Date(log.oldest.at).toISOString()}`;
      assert.equal(error.message, `The log no longer holds position 1: it begins at ${begins}.`);
      return true;
    });
    await node.stop();
    const again = await fromLogAlone(engine);
    assert.deepEqual(again, { digest: digest(engine.state), answers: answersDigest(engine.state), oldest: log.oldest.position });
    const restored = await withLog((log) => openSnapshotFolder(join(folder, 'snapshots'), unexpected).restore(log));
    assert.ok((restored?.position ?? 0) > log.oldest.position);
  });

  it('under a flood stays within its bytes, from checkpoint to checkpoint', async () => {
    const bytesMax = 2 ** 20;
    const node = await runNode({ retentionMs: 30 * dayMs, bytesMax });
    const { log, clock, engine, reports } = node;
    let most = 0;
    for (let wave = 1; wave <= 80; wave++) {
      await clock.moveTo(start + wave * 1_000);
      // No two are alike, or LevelDB would make little of many.
      const facts = Array.from({ length: 5_000 }, (_, index) =>
        checked(a, 'ok', { totalUs: ((wave * 5_000 + index) * 2_654_435_761) % 2 ** 32 }),
      );
      await node.observe(facts);
      await until('there is room again', async () => (await log.size()) <= 1.5 * bytesMax);
      most = Math.max(most, await bytesOnDisk());
    }
    assert.ok(reports.length > 2, `${reports.length} times something went`);
    assert.ok(most < 3 * bytesMax, `${most} bytes at most`);
    await until('the newest checkpoint is held', () => (engine.state.checkpoint?.position ?? 0) >= log.oldest.position);
    await node.stop();
    assert.ok(log.oldest.position > engine.state.position / 2);
    const again = await fromLogAlone(engine);
    assert.deepEqual(again, { digest: digest(engine.state), answers: answersDigest(engine.state), oldest: log.oldest.position });
  });
});

it('an overwatch that was away for long lets go of what is too old, says so, and takes a checkpoint again', async () => {
  const path = join(folder, 'config.yaml');
  const now = Date.now();
  const settings = {
    overwatch: { data_dir: folder, identity: { node_id: 'ow-1' }, validation: { enabled: false } },
    dns: { listen_address: '127.0.0.1:0' },
    regions: [{ name: 'eu', servers: [{ service: app, address: a }] }],
    domains: [{ name: app, regions: ['eu'] }],
    log: { retention: '72h' },
  };
  await writeFile(path, stringify(settings), { mode: 0o600 });
  await withLog(async (log) => {
    for (const [index, days] of [10, 9, 5, 4].entries()) {
      const state = initialState();
      if (index > 0) for await (const { events } of log.read()) for (const event of events) evolve(state, event);
      const facts =
        index === 0 ? inForce(oneDomain([a, b], {}, { log: { retention: '72h' } })) : index === 2 ? [restated(state)] : [checked(a, 'ok')];
      await log.append(facts, now - days * dayMs, { sync: true });
    }
  });
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const { configuration } = readConfiguration({ path, environment: {} });
  const overwatch = await startOverwatch({ path, configuration, version: '1.2.3', logger });
  const told = () => lines.map((line) => JSON.parse(line)).find(({ oldest }) => oldest !== undefined);
  await until('it says what went', () => told() !== undefined).finally(() => overwatch.stop('the test is over'));
  const { events, oldest } = told();
  assert.deepEqual([events, oldest], [4, { position: 5, at: now - 5 * dayMs }]);
  await withLog(async (log) => {
    assert.deepEqual(log.oldest, oldest);
    const types: string[] = [];
    for await (const batch of log.read()) types.push(...batch.events.map(({ type }) => type));
    assert.equal(types.filter((type) => type === 'log.checkpoint').length, 2);
  });
});

async function withLog<T>(work: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openLog();
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}
