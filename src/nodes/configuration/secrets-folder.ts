/**
 * `DATA_DIR/secrets`: what must never be in the log. Here it is opened, or made with the right modes, and the key is
 * kept under which secrets are replaced by digests. What others may read or write is refused, not quietly mended: who
 * could read it may have read it. A key is on the disk before anything is said under it.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeSyncedFolder, replaceSynced } from '../synced-files.ts';

/** One stable code a cause; programs match on the code. */
export type SecretsErrorCode =
  /** The folder or a file cannot be made, read or written. */
  | 'secrets-unavailable'
  /** Others than this user may read or write it. */
  | 'secrets-exposed'
  /** It is there, and is not what it should be. */
  | 'secrets-damaged';

export class SecretsError extends Error {
  readonly code: SecretsErrorCode;
  readonly remedy: string;
  constructor(code: SecretsErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SecretsError';
    this.code = code;
    this.remedy = remedy;
  }
}

export interface SecretsFolder {
  readonly path: string;
  /** 32 bytes that this node alone has: for `withoutSecrets`. */
  readonly redactionKey: Uint8Array;
}

const keyBytes = 32;
const hasModes = process.platform !== 'win32';

/** Opens the folder at `folder`, or makes it and those above it. Throws `SecretsError`. */
export function openSecretsFolder(folder: string): SecretsFolder {
  const path = resolve(folder);
  try {
    makeFolder(path);
    return { path, redactionKey: readKey(join(path, 'redaction.key')) ?? makeKey(path, 'redaction.key') };
  } catch (error) {
    if (error instanceof SecretsError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SecretsError('secrets-unavailable', `${path} cannot be used: ${reason}`, 'let this user write to overwatch.data_dir', error);
  }
}

function makeFolder(path: string): void {
  makeSyncedFolder(path);
  const status = lstatSync(path);
  if (!status.isDirectory()) throw new SecretsError('secrets-damaged', `${path} is no folder`, 'move it away');
  refuseExposed(path, status.mode, '700');
}

export function refuseExposed(path: string, mode: number, right: string): void {
  if (!hasModes || (mode & 0o077) === 0) return;
  throw new SecretsError(
    'secrets-exposed',
    `${path} is open to other users (mode ${(mode & 0o777).toString(8)})`,
    `chmod ${right} ${path}`,
  );
}

/** The key, or undefined where there is none yet. */
function readKey(file: string): Uint8Array | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    refuseExposed(file, status.mode, '600');
    if (status.isFile() && status.size === keyBytes) return new Uint8Array(readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
  const remedy = 'restore it from a backup; without it, remove it, and every secret counts as changed once';
  throw new SecretsError('secrets-damaged', `${file} does not hold ${keyBytes} bytes`, remedy);
}

function makeKey(folder: string, name: string): Uint8Array {
  const key = new Uint8Array(randomBytes(keyBytes));
  replaceSynced(join(folder, name), key, 0o600);
  return key;
}
