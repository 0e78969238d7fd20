/** What a measurement finds on this machine: a C compiler for the floor and the load, other servers, pinning. Nothing is installed. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { cpus } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);

const otherFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The whole path of a program; undefined where there is none. */
export function found(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...otherFolders];
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The server on one core and whoever asks it on another, where there are two; a server with two workers on two, where there are three. */
export const cores = {
  server: '0',
  load: cpus().length > 1 ? '1' : '0',
  servers: cpus().length > 2 ? '0,2' : '0',
};

/** A command that runs on this core only. */
export const pinned = (core: string, command: readonly string[]): readonly string[] => ['taskset', '-c', core, ...command];

/** Puts all threads that a process has on these cores. */
export async function pin(pid: number, core: string): Promise<void> {
  await run('taskset', ['-a', '-c', '-p', core, String(pid)]);
}

const source = (name: string) => fileURLToPath(new URL(`${name}.c`, import.meta.url));

/** Compiles a program of this folder into another; its path. */
export async function compile(name: string, folder: string): Promise<string> {
  const compiler = found('cc') ?? found('gcc') ?? found('clang');
  if (compiler === undefined) throw new Error('this bench needs a C compiler (cc, gcc or clang) for the floor and the load generator');
  const program = join(folder, name);
  await run(compiler, ['-O2', '-o', program, source(name), '-lm']);
  return program;
}

/** Without these nothing can be measured. */
export function checkMachine(): void {
  if (process.platform !== 'linux') throw new Error(`this bench needs Linux: recvmmsg, /proc and taskset; this is ${process.platform}`);
  if (found('taskset') === undefined) throw new Error('this bench needs taskset, which Debian has in util-linux');
}
