/**
 * A file that drains the host while it exists, for scripts that can do nothing but touch a file; its first line is the
 * reason. The kernel tells of changes in its folder at once, and every second it is looked at all the same: the folder
 * may not be there yet, may be replaced, or lie on a file system that tells nothing.
 */
import { constants, type FSWatcher, watch } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Clock } from '../world.ts';
import { reasonCharactersMax, reasonText } from './drains.ts';

const lookEveryMs = 1_000;

export interface DrainFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Called with the reason where the file exists, and with null where it does not, whenever that changed. */
  readonly told: (reason: string | null) => void;
}

export interface DrainFile {
  /** Resolves when the file has been looked at once. */
  readonly ready: Promise<void>;
  /** Resolves when nothing is under way any more; nothing is told from here on. */
  close(): Promise<void>;
}

export function watchDrainFile({ path, clock, told }: DrainFileOptions): DrainFile {
  const file = resolve(path);
  let last: string | null = null;
  let isClosed = false;
  let watcher: FSWatcher | undefined;
  let callOff = () => {};
  /** Looks follow one another, so that an old look never overtakes a new one. */
  let looking = Promise.resolve();
  let isWaiting = false;

  const look = (): Promise<void> => {
    // A look that has not begun yet will see what this one would.
    if (isWaiting) return looking;
    isWaiting = true;
    looking = looking.then(async () => {
      isWaiting = false;
      const reason = await reasonIn(file);
      if (isClosed || reason === last) return;
      last = reason;
      told(reason);
    });
    return looking;
  };

  const openWatcher = () => {
    try {
      watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
        if (name === null || name === basename(file)) void look();
      });
      watcher.on('error', closeWatcher);
    } catch {
      // The folder is not there, or the kernel has no watch left: the next look tries again.
    }
  };
  const closeWatcher = () => {
    watcher?.close();
    watcher = undefined;
  };

  const tick = () => {
    callOff = clock.wakeAt(clock.now() + lookEveryMs, tick);
    // A watch stays with a folder that was moved away or removed; a new one follows the path.
    closeWatcher();
    openWatcher();
    void look();
  };

  openWatcher();
  callOff = clock.wakeAt(clock.now() + lookEveryMs, tick);
  return {
    ready: look(),
    close() {
      isClosed = true;
      callOff();
      closeWatcher();
      return looking;
    },
  };
}

/** Null: there is no such file. One that exists and cannot be read drains all the same: somebody put it there. */
async function reasonIn(file: string): Promise<string | null> {
  const unnamed = reasonText(`${file} exists`);
  try {
    // Without waiting: it may be a pipe that nobody writes to.
    const opened = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const { bytesRead, buffer } = await opened.read(Buffer.alloc(4 * reasonCharactersMax), 0, 4 * reasonCharactersMax, 0);
      const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n');
      return reasonText(line) || unnamed;
    } finally {
      await opened.close();
    }
  } catch {
    return (await isThere(file)) ? unnamed : null;
  }
}

/** Where not even this can be told, silence is no drain. */
function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
