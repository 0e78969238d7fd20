/**
 * One file from the disk: its text, and who else may read it. What is no ordinary file, too large, not UTF-8 or open to
 * everybody's writing is refused here, in words; nothing else of the configuration touches a file's bytes.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { configurationLimits } from './limits.ts';

export interface SourceFile {
  readonly text: string;
  readonly bytes: number;
  /** Whether every user of the machine may read it. */
  readonly worldReadable: boolean;
}

/** Takes what is wrong with a file as a whole, or with one of its lines. */
export type Complain = (message: string, remedy: string, line?: number) => void;

const reasons: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  ENOTDIR: ['there is no such file', 'check the path: a part of it is no folder'],
  EACCES: ['may not be read by this user', 'give this user the right to read it'],
  EPERM: ['may not be read by this user', 'give this user the right to read it'],
  ELOOP: ['is a symbolic link that leads to itself', 'mend the link'],
};

/** The text, or undefined where it cannot be had. A file that anybody may write is complained about, and read on. */
export function readSourceFile(file: string, complain: Complain): SourceFile | undefined {
  let descriptor: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    complain(...reasonOf(error));
    return undefined;
  }
  try {
    return readOpenFile(file, descriptor, complain);
  } catch (error) {
    complain(...reasonOf(error));
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function readOpenFile(file: string, descriptor: number, complain: Complain): SourceFile | undefined {
  const status = fstatSync(descriptor);
  if (!status.isFile()) {
    complain(status.isDirectory() ? 'is a folder' : 'is no ordinary file', 'name a YAML file');
    return undefined;
  }
  const limit = configurationLimits.fileBytesMax;
  const bytes = status.size > limit ? undefined : readFileSync(descriptor);
  if (bytes === undefined || bytes.length > limit) {
    complain(`is larger than ${limit / 1024 / 1024} MiB`, 'split it with includes:');
    return undefined;
  }
  // Windows has no such modes; Node makes them up there.
  const mode = process.platform === 'win32' ? 0 : status.mode;
  if ((mode & 0o002) !== 0) complain('may be written by every user of this machine', `chmod o-w ${file}`);
  if (!isUtf8(bytes)) {
    complain('is not UTF-8', 'save it as UTF-8', firstLineNotUtf8(bytes));
    return undefined;
  }
  return { text: new TextDecoder().decode(bytes), bytes: bytes.length, worldReadable: (mode & 0o004) !== 0 };
}

function firstLineNotUtf8(bytes: Buffer): number {
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

function reasonOf(error: unknown): readonly [message: string, remedy: string] {
  const code = String((error as NodeJS.ErrnoException | undefined)?.code ?? error);
  return reasons[code] ?? [`cannot be read (${code})`, 'check the path'];
}

/** What two paths to one file have in common. */
export function fileIdentity(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
