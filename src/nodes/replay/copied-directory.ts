/**
 * A log directory can be read only by opening it, and opening writes. So a stopped node's directory is read through a
 * copy: its table files never change and are linked where the file system allows, the few others are copied.
 */
import { constants } from 'node:fs';
import { copyFile, link, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogError } from '../../events/log.ts';

export interface CopiedDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** Copies a log directory that no process has open. Rejects with `log-in-use` where one has. */
export async function copyDirectory(directory: string): Promise<CopiedDirectory> {
  await refuseWhileOpen(directory);
  const path = await mkdtemp(join(tmpdir(), 'opengslb-replay-'));
  const remove = () => rm(path, { recursive: true, force: true });
  try {
    for (const name of await readdir(directory)) {
      if (name === 'LOCK' || name.startsWith('LOG')) continue;
      await (name.endsWith('.ldb') ? linkOrCopy : copy)(join(directory, name), join(path, name));
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

async function copy(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copy(from, to));
}

/** LevelDB holds a lock on the file LOCK as long as it is open; Linux lists it by the file's inode. */
async function refuseWhileOpen(directory: string): Promise<void> {
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  if (locks === '') return;
  const { ino } = await stat(join(directory, 'LOCK')).catch(() => ({ ino: -1 }));
  if (!locks.split('\n').some((line) => line.split(/\s+/)[5]?.endsWith(`:${ino}`))) return;
  throw new LogError(
    'log-in-use',
    `${directory} belongs to a running node`,
    'stop the node first, or ask it: GET /api/v1/events gives its events',
  );
}
