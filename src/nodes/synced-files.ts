/**
 * Files that must be whole and on the disk before anything is said that relies on them: written aside, synced, renamed,
 * and the folder synced, so that after a crash there is the old content or the new one and nothing between.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Makes the folder for this user alone, and those above it, and syncs each that is new. */
export function makeSyncedFolder(folder: string): void {
  const path = resolve(folder);
  const outermost = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (outermost === undefined) return;
  // Each new folder is an entry in the one above it, and survives power loss only with that one.
  for (let made = path; made.length >= outermost.length; made = dirname(made)) {
    syncFolder(made);
    syncFolder(dirname(made));
  }
}

/** Puts `content` in the place of what is at `path`, or leaves that as it is and throws. */
export function replaceSynced(path: string, content: Uint8Array | string, mode: number): void {
  writeSynced(`${path}.new`, content, mode);
  renameSynced(`${path}.new`, path);
}

/** The same for many new files of one folder, which is synced once for all of them. */
export function addAllSynced(folder: string, files: ReadonlyMap<string, Uint8Array | string>, mode: number): void {
  for (const [name, content] of files) writeFile(join(folder, `${name}.new`), content, mode);
  syncFolder(folder);
  for (const name of files.keys()) renameSync(join(folder, `${name}.new`), join(folder, name));
  syncFolder(folder);
}

/** A whole file on the disk, at a name where no reader looks: it is not whole at once. */
export function writeSynced(path: string, content: Uint8Array | string, mode: number): void {
  writeFile(path, content, mode);
  syncFolder(dirname(resolve(path)));
}

function writeFile(path: string, content: Uint8Array | string, mode: number): void {
  // A left-over of a crash may have another mode, which opening would keep.
  rmSync(path, { force: true });
  const descriptor = openSync(path, 'wx', mode);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function renameSynced(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(resolve(to)));
}

/** Windows has no such call; there, the file system's journal keeps the entry. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
