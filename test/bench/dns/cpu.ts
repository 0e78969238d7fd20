/** What a server costs: the processor time of its process, of all its threads and of those that it started. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Cost, costOf } from '../load/child.ts';

/** Of a process that is there; undefined of one that has gone meanwhile. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name, in brackets, and may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** A process and those below it. */
export function familyOf(pid: number): readonly number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((name) => [Number(name), parentOf(Number(name))]));
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

export function costOfFamily(pids: readonly number[]): Cost {
  const costs = pids.map(costOf);
  return {
    cpuMs: costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    rssMiB: costs.reduce((sum, { rssMiB }) => sum + rssMiB, 0),
  };
}

const lookEveryMs = 500;
const restLimitMs = 120_000;

/** Resolves when the process does next to nothing: what its start left to be done, collecting garbage above all, costs no query. */
export async function atRest(pid: number): Promise<void> {
  const deadline = performance.now() + restLimitMs;
  for (let [before, still] = [costOf(pid).cpuMs, 0]; still < 3; ) {
    if (performance.now() > deadline) throw new Error(`process ${pid} was still busy ${restLimitMs / 1_000} s after its start`);
    await setTimeout(lookEveryMs);
    const { cpuMs } = costOf(pid);
    still = cpuMs - before < 0.1 * lookEveryMs ? still + 1 : 0;
    before = cpuMs;
  }
}
