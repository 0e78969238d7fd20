/**
 * Says when a snapshot is due: after so many events, and at an orderly stop if it saves the next start anything. It looks
 * only between turns of the loop, when the state ends where the log does; a snapshot that fails costs a warning.
 */
import type { EventLog } from '../events/log.ts';
import type { State } from '../projections/state.ts';
import type { Listener } from './engine.ts';
import type { SnapshotFolder } from './snapshots.ts';

/** A hundred thousand events are folded in a fraction of a second. */
export const snapshotEvery = 100_000;
/** Fewer are not worth a file at a stop. */
const worthAtStop = 1_000;

export interface SnapshotKeeper {
  readonly listener: Listener;
  /** Resolves when none is being written. */
  idle(): Promise<void>;
  /** Waits for a snapshot that is being written, and writes the last one if it is worth it. */
  stop(state: State): Promise<void>;
}

export interface SnapshotKeeperOptions {
  readonly folder: SnapshotFolder;
  readonly log: EventLog;
  /** Position of the snapshot that the start began with; 0: none. */
  readonly from: number;
  readonly warn: (sentence: string) => void;
  /** Default: `snapshotEvery`. */
  readonly every?: number;
}

export function createSnapshotKeeper({ folder, log, from, warn, every = snapshotEvery }: SnapshotKeeperOptions): SnapshotKeeper {
  let newest = from;
  let writing: Promise<void> | undefined;
  let isDue = false;

  /** What the disk has not taken yet may never be in the log, so it waits for the next time. */
  function write(state: State): Promise<void> | undefined {
    const { end } = log;
    if (state.position !== end.position || state.position === newest) return undefined;
    newest = state.position;
    return folder.write(state, log.node, end).catch((error: unknown) => warn(`a snapshot was not written: ${(error as Error).message}`));
  }

  return {
    listener: ({ cause }, state) => {
      if (isDue || writing !== undefined || !('event' in cause) || state.position - newest < every) return;
      isDue = true;
      // The batch is folded whole before this runs.
      queueMicrotask(() => {
        isDue = false;
        writing = write(state)?.finally(() => {
          writing = undefined;
        });
      });
    },
    async idle() {
      await writing;
    },
    async stop(state) {
      await writing;
      if (state.position - newest >= worthAtStop) await write(state);
    },
  };
}
