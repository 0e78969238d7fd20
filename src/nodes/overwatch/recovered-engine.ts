/**
 * The engine of an overwatch, with all that its log holds folded: from the newest usable snapshot on. It runs when this
 * returns, and what it needs to go on (snapshots, the watch on time) runs with it.
 */
import { join } from 'node:path';
import type { EventLog } from '../../events/log.ts';
import { type ClockStep, systemClock, watchTime } from '../clock.ts';
import type { Closer } from '../closers.ts';
import { createEngine, type Engine, type Listener } from '../engine.ts';
import type { Logger } from '../logger.ts';
import { createRetentionKeeper } from '../retention-keeper.ts';
import { createSnapshotKeeper } from '../snapshot-keeper.ts';
import { openSnapshotFolder } from '../snapshots.ts';
import type { Supervisor } from '../supervisor.ts';
import type { World } from '../world.ts';

export interface EngineParts {
  /** The node's own folder. */
  readonly folder: string;
  readonly logger: Logger;
  readonly supervisor: Supervisor;
  /** How to close what keeps facts, in the order of opening. */
  readonly inside: Closer[];
}

export interface RecoveredEngine {
  readonly engine: Engine;
  readonly world: World;
  /** Whom the engine tells of changes: whoever is put in hears of the next one. */
  readonly listeners: Listener[];
  /** Resolves when what follows from the start is on the disk as well. */
  readonly atRest: () => Promise<void>;
}

export async function recoverEngine(log: EventLog, { folder, logger, supervisor, inside }: EngineParts): Promise<RecoveredEngine> {
  const onStep = (step: ClockStep) => {
    logger.warn(step, 'the wall clock was set; moments go on as before');
    engine.observe({ type: 'clock.stepped', data: step });
  };
  const world: World = { clock: systemClock({ onStep }), chance: Math.random, log };
  const warn = (sentence: string) => logger.warn(sentence);
  const snapshots = openSnapshotFolder(join(folder, 'snapshots'), warn);
  const restored = await snapshots.restore(log);
  const keeper = createSnapshotKeeper({ folder: snapshots, log, from: restored?.position ?? 0, warn });
  const retention = createRetentionKeeper({
    ...{ log, clock: world.clock, warn, engine: () => engine },
    removeSnapshotsBefore: snapshots.removeBefore,
    onDropped: (report) => logger.info(report, 'what is older than the retention, or more than log.max_bytes, was dropped from the log'),
  });
  const listeners: Listener[] = [keeper.listener, retention.listener];
  const onTrouble = (error: unknown) => {
    logger.error({ err: error }, 'the log cannot be written; DNS goes on');
    supervisor.trouble((error as Error).message);
  };
  const onRecovery = () => {
    logger.info({ position: log.synced.position }, 'the log is written again');
    supervisor.trouble(undefined);
  };
  const engine = createEngine(world, listeners, onTrouble, { onRecovery, ...(restored && { state: restored }) });
  await engine.fold(log);
  engine.start();
  retention.start();
  const unwatch = watchTime(world.clock, (forMs) => {
    logger.warn({ forMs }, 'the process stood still');
    engine.observe({ type: 'node.stalled', data: { forMs } });
  });
  inside.push(() => keeper.stop(engine.state));
  inside.push(() => engine.stop());
  inside.push(retention.stop);
  inside.push(unwatch);
  return { engine, world, listeners, atRest: keeper.idle };
}
