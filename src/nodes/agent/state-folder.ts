/**
 * The agent's own folder (`agent.state_dir`, mode 0700), and the small JSON files in it of what an agent must not forget:
 * which drains an operator asked for, which overwatches it trusts. A file is whole or as it was before, on stable storage
 * when writing it returns. What is damaged stops the start: to forget a drain, or a pin, is worse than not to start.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { makeSyncedFolder, replaceSynced } from '../synced-files.ts';

class StateFolderError extends Error {
  /** `state-exposed`: others may read or write it. `state-damaged`: it is there, and is not what it should be. */
  readonly code: 'state-unavailable' | 'state-exposed' | 'state-damaged';
  readonly remedy: string;
  constructor(code: StateFolderError['code'], message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StateFolderError';
    this.code = code;
    this.remedy = remedy;
  }
}

export interface StateFolder {
  readonly path: string;
  /** What was last kept under this name; undefined: nothing was. Throws `StateFolderError`. */
  read<T>(name: string, schema: z.ZodType<T>): T | undefined;
  /** Returns when it is on stable storage. Throws `StateFolderError`. */
  write(name: string, value: unknown): void;
}

/** No file of an agent comes near this; one that does is not read. */
const fileBytesMax = 1_048_576;

/** Opens the folder, or makes it and those above it. Throws `StateFolderError`. */
export function openStateFolder(folder: string): StateFolder {
  const path = resolve(folder);
  inSentence(path, () => makeFolder(path));
  return {
    path,
    read: (name, schema) => inSentence(join(path, name), () => readWhole(join(path, name), schema)),
    write: (name, value) => inSentence(join(path, name), () => replaceSynced(join(path, name), `${JSON.stringify(value)}\n`, 0o600)),
  };
}

function inSentence<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof StateFolderError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StateFolderError('state-unavailable', `${path} cannot be used: ${reason}`, 'let this user write to agent.state_dir', error);
  }
}

function makeFolder(path: string): void {
  makeSyncedFolder(path);
  const status = lstatSync(path);
  if (!status.isDirectory()) throw new StateFolderError('state-damaged', `${path} is no folder`, 'move it away');
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8);
    throw new StateFolderError('state-exposed', `${path} is open to other users (mode ${mode})`, `chmod 700 ${path}`);
  }
}

function readWhole<T>(file: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    if (lstatSync(file).size > fileBytesMax) throw damaged(file);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw damaged(file);
  return parsed.data;
}

function damaged(file: string): StateFolderError {
  return new StateFolderError(
    'state-damaged',
    `${file} is not as the agent wrote it`,
    'restore it from a backup; without it, remove it, and what it kept is forgotten',
  );
}

/** Undefined, which no schema here takes, where the text is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
