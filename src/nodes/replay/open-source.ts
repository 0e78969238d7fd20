/** What `opengslb replay` can be given: an NDJSON file, a stopped node's data folder, or the log in it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openLevelLog } from '../../events/level-log.ts';
import type { EventSource } from '../../events/log.ts';
import { copyDirectory } from './copied-directory.ts';
import { type BadLine, ndjsonSource } from './ndjson-source.ts';

export interface OpenedSource {
  readonly source: EventSource;
  /** Bytes read, and in all; undefined where that is not known. */
  progress(): { readonly read: number; readonly all: number } | undefined;
  bad(): { readonly count: number; readonly first: readonly BadLine[] };
  close(): Promise<void>;
}

class NoSourceError extends Error {
  readonly remedy = 'give an NDJSON file, or the data_dir of a node that is stopped';
}

export async function openSource(path: string, options: { readonly skipBad: boolean }): Promise<OpenedSource> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new NoSourceError(`there is no file or folder ${path}`);
  if (found.isFile()) {
    const source = ndjsonSource(path, options);
    return {
      source,
      progress: () => ({ read: source.bytesRead, all: found.size }),
      bad: () => source.bad,
      close: async () => {},
    };
  }
  const copied = await copyDirectory(await logDirectory(path));
  try {
    const log = await openLevelLog({ directory: copied.path, createIfMissing: false });
    return {
      source: log,
      progress: () => undefined,
      bad: () => ({ count: 0, first: [] }),
      close: async () => {
        await log.close();
        await copied.remove();
      },
    };
  } catch (error) {
    await copied.remove();
    throw error;
  }
}

export async function logDirectory(path: string): Promise<string> {
  for (const directory of [path, join(path, 'log')]) {
    if (await stat(join(directory, 'CURRENT')).catch(() => undefined)) return directory;
  }
  throw new NoSourceError(`${path} holds no log`);
}
