/** Processes of a bench: programs of this folder, and what any process costs, as the kernel counts it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly pid: number;
  /** The number that it counts. */
  count(): Promise<number>;
  end(): Promise<void>;
}

/** Starts a program of this folder, and waits until it says that it is ready. */
export async function startChild(program: string, args: readonly number[]): Promise<Child> {
  const child: ChildProcess = fork(fileURLToPath(new URL(program, import.meta.url)), args.map(String));
  await once(child, 'message');
  return {
    pid: child.pid as number,
    async count() {
      child.send('count');
      const [count] = (await once(child, 'message')) as [number];
      return count;
    },
    async end() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

export interface Cost {
  /** By the process since it began, in user and kernel mode. */
  readonly cpuMs: number;
  readonly rssMiB: number;
}

/** Linux counts CPU in hundredths of a second. */
const tickMs = 10;

export function costOf(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const rssKiB = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs, rssMiB: rssKiB / 1024 };
}
