/** The log of a node that is stopped, opened through a copy and closed again, whatever becomes of the work. */
import { openLevelLog } from '../../events/level-log.ts';
import type { EventLog } from '../../events/log.ts';
import { copyDirectory } from '../replay/copied-directory.ts';
import { logDirectory } from '../replay/open-source.ts';

/** `path` is a node's data folder, or the log in it. */
export async function withStoppedLog<T>(path: string, work: (log: EventLog) => Promise<T>): Promise<T> {
  const copied = await copyDirectory(await logDirectory(path));
  try {
    const log = await openLevelLog({ directory: copied.path, createIfMissing: false });
    try {
      return await work(log);
    } finally {
      await log.close();
    }
  } finally {
    await copied.remove();
  }
}
