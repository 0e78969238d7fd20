/**
 * Signals of trouble to come: processors, memory, and failures of backends a minute, measured at an interval of their own. What
 * the machine does not tell is left out. The files are read from below `root`, so that a test can show it any machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../world.ts';
import { groupFolders } from './cgroup.ts';
import { type CpuFolders, type CpuReading, cpuPercent, memoryPercent, type ReadText, readCpu } from './machine-load.ts';

export interface Signals {
  /** Percent of the processors since the measurement before. */
  readonly cpu?: number;
  /** Percent of the memory. */
  readonly memory?: number;
  /** How often a minute a backend turned from healthy to unhealthy. */
  readonly errorRate: number;
}

export interface LoadReaderOptions {
  /** Default: the machine's own. */
  readonly root?: string;
  /** Milliseconds that never jump. Default: the machine's. */
  readonly monotonic?: () => number;
}

/** Each call measures; the processors need two calls before there is something to say. */
export type ReadLoad = () => Omit<Signals, 'errorRate'>;

export function loadReader({ root = '/', monotonic = () => performance.now() }: LoadReaderOptions = {}): ReadLoad {
  const read: ReadText = (path) => {
    try {
      return readFileSync(join(root, path), 'utf8');
    } catch {
      // A file that is not there is an answer: this kernel, or this group, does not tell.
      return undefined;
    }
  };
  let before: CpuReading | undefined;
  return () => {
    // Looked up each time: a process can be moved to another group.
    const groups = read('/proc/self/cgroup') ?? '';
    const mounts = read('/proc/self/mountinfo') ?? '';
    const reading = readCpu(read, cpuFolders(groups, mounts), monotonic());
    const cpu = before === undefined ? undefined : cpuPercent(before, reading);
    before = reading;
    const memory = memoryPercent(read, groupFolders('memory', groups, mounts));
    return { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
  };
}

/** Version 1 limits by `cpu` and counts by `cpuacct`; where these are different groups, the count is not the limit's. */
function cpuFolders(groups: string, mounts: string): CpuFolders | undefined {
  const limits = groupFolders('cpu', groups, mounts);
  if (limits === undefined || limits.version === 2) return limits && { version: 2, limits: limits.folders, usages: limits.folders };
  const usages = groupFolders('cpuacct', groups, mounts);
  if (usages?.version !== 1 || usages.folders.length !== limits.folders.length) return undefined;
  return { version: 1, limits: limits.folders, usages: usages.folders };
}

export interface SignalsOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly readLoad: ReadLoad;
  readonly failuresPerMinute: (at: number) => number;
  readonly measured: (signals: Signals) => void;
}

/** Measures at once and then at each interval. Returns how to call it off. */
export function watchSignals({ clock, intervalMs, readLoad, failuresPerMinute, measured }: SignalsOptions): () => void {
  let callOff = () => {};
  const measure = () => {
    callOff = clock.wakeAt(clock.now() + intervalMs, measure);
    measured({ ...readLoad(), errorRate: failuresPerMinute(clock.now()) });
  };
  measure();
  return () => callOff();
}
