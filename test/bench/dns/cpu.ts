/** What a server costs: the processor time of its process, of all its threads and of those that it started. */
import { readdirSync, readFileSync } from 'node:fs';
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
