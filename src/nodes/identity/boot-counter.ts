/**
 * The number of this start: higher than that of every start before, on the disk before anybody hears it, so that what
 * was said in an earlier life is never taken for news. It refuses nothing but a disk that cannot be written.
 *
 *     the file          the number of this start
 *     is not there      seconds since 1970
 *     is damaged        seconds since 1970
 *     holds a number    one more, or seconds since 1970 where that is higher
 *
 * Seconds run faster than any supervisor restarts, so the number rises as well where the file was lost, or came back from
 * an old copy, as long as the clock was not set back as far.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeSyncedFolder, replaceSynced } from '../synced-files.ts';
import { unavailable } from './identity-error.ts';

/** Counts this start in the file at `path`. Throws `IdentityError` where that cannot be kept. */
export function countBoot(path: string, now: number): number {
  try {
    makeSyncedFolder(dirname(path));
    const boot = Math.max(previousBoot(path) + 1, Math.floor(now / 1000), 1);
    replaceSynced(path, `${boot}\n`, 0o600);
    return boot;
  } catch (error) {
    throw unavailable(path, error);
  }
}

/** 0 where there is none. */
function previousBoot(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  const boot = /^\d{1,15}\n$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(boot) ? boot : 0;
}
