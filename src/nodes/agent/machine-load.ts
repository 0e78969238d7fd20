/**
 * How much of the processors and of the memory is in use, from the texts of the kernel's files. Where a control group
 * limits this process, what counts is its share of that limit, because trouble begins there; of several limits, one
 * inside the other, the fullest counts. Elsewhere the whole machine is measured. Pure: a percentage that cannot be told
 * is undefined, never a guess.
 */

/** Gives the text of a file, undefined where it is not there or may not be read. */
export type ReadText = (path: string) => string | undefined;

/** What was counted at one moment; two of them make a percentage. */
export interface CpuReading {
  /** Milliseconds that never jump. */
  readonly atMs: number;
  /** Undefined where the kernel does not tell. */
  readonly host: { readonly busy: number; readonly total: number } | undefined;
  /** Groups with a limit that is less than the machine. */
  readonly groups: readonly { readonly folder: string; readonly usedUs: number; readonly processors: number }[];
}

/** A folder of the group, with the folder in which its usage is counted (version 1 may keep that elsewhere). */
export interface CpuFolders {
  readonly version: 1 | 2;
  readonly limits: readonly string[];
  readonly usages: readonly string[];
}

export interface MemoryFolders {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

export function readCpu(read: ReadText, folders: CpuFolders | undefined, atMs: number): CpuReading {
  const stat = read('/proc/stat');
  const processors = [...(stat ?? '').matchAll(/^cpu\d+ /gm)].length;
  const groups = (folders?.limits ?? []).flatMap((folder, index) => {
    const usage = folders?.usages[index];
    const limit = folders?.version === 2 ? quotaOfVersion2(read, folder) : quotaOfVersion1(read, folder);
    if (usage === undefined || limit === undefined || (processors > 0 && limit >= processors)) return [];
    const usedUs = folders?.version === 2 ? usedUsOfVersion2(read, usage) : usedUsOfVersion1(read, usage);
    return usedUs === undefined ? [] : [{ folder, usedUs, processors: limit }];
  });
  return { atMs, host: hostTicks(stat), groups };
}

/**
 *     between the two readings                        percent
 *     a limited group was there all the time          of its limit, the fullest where there are several
 *     no group is limited                             of the machine
 *     no time passed, or nothing was counted          undefined
 */
export function cpuPercent(before: CpuReading, after: CpuReading): number | undefined {
  const elapsedUs = (after.atMs - before.atMs) * 1000;
  if (elapsedUs <= 0) return undefined;
  const shares = after.groups.flatMap(({ folder, usedUs, processors }) => {
    const earlier = before.groups.find((group) => group.folder === folder);
    // A counter that went back belongs to another group of the same name.
    if (earlier === undefined || usedUs < earlier.usedUs) return [];
    return [(usedUs - earlier.usedUs) / (elapsedUs * processors)];
  });
  if (after.groups.length > 0) return shares.length === 0 ? undefined : percent(Math.max(...shares));
  if (before.host === undefined || after.host === undefined) return undefined;
  const total = after.host.total - before.host.total;
  return total <= 0 ? undefined : percent((after.host.busy - before.host.busy) / total);
}

/** The page cache that the kernel would give back at once is not counted as used. */
export function memoryPercent(read: ReadText, folders: MemoryFolders | undefined): number | undefined {
  const meminfo = read('/proc/meminfo');
  const total = kibibytes(meminfo, 'MemTotal');
  const shares = (folders?.folders ?? []).flatMap((folder) => {
    const group = folders?.version === 2 ? memoryOfVersion2(read, folder) : memoryOfVersion1(read, folder);
    // "Unlimited" of version 1 is a number of nineteen digits, and any limit above the machine's memory is none.
    if (group === undefined || (total !== undefined && group.limit >= total)) return [];
    return [group.used / group.limit];
  });
  if (shares.length > 0) return percent(Math.max(...shares));
  const available = kibibytes(meminfo, 'MemAvailable');
  return total === undefined || available === undefined || total === 0 ? undefined : percent((total - available) / total);
}

/** `cpu.max`: "150000 100000" is one and a half processors, "max 100000" all of them. */
function quotaOfVersion2(read: ReadText, folder: string): number | undefined {
  const [quota, period] = (read(`${folder}/cpu.max`) ?? '').trim().split(' ');
  return processorsOf(Number(quota), Number(period));
}

/** A quota of -1 is no limit. */
function quotaOfVersion1(read: ReadText, folder: string): number | undefined {
  return processorsOf(wholeNumber(read(`${folder}/cpu.cfs_quota_us`)), wholeNumber(read(`${folder}/cpu.cfs_period_us`)));
}

function processorsOf(quotaUs: number | undefined, periodUs: number | undefined): number | undefined {
  if (quotaUs === undefined || periodUs === undefined) return undefined;
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : undefined;
}

function usedUsOfVersion2(read: ReadText, folder: string): number | undefined {
  return entryIn(read(`${folder}/cpu.stat`), 'usage_usec');
}

function usedUsOfVersion1(read: ReadText, folder: string): number | undefined {
  const nanoseconds = wholeNumber(read(`${folder}/cpuacct.usage`));
  return nanoseconds === undefined ? undefined : nanoseconds / 1000;
}

/** The first eight columns; those of guests are part of them already. Waiting for a disk is not work. */
function hostTicks(stat: string | undefined): CpuReading['host'] {
  const columns = /^cpu +(.*)$/m
    .exec(stat ?? '')?.[1]
    ?.split(' ')
    .slice(0, 8)
    .map(Number);
  if (columns === undefined || columns.length < 4 || columns.some(Number.isNaN)) return undefined;
  const total = columns.reduce((sum, column) => sum + column, 0);
  const [, , , idle = 0, waiting = 0] = columns;
  return { busy: total - idle - waiting, total };
}

interface GroupMemory {
  readonly used: number;
  readonly limit: number;
}

function memoryOfVersion2(read: ReadText, folder: string): GroupMemory | undefined {
  const limit = wholeNumber(read(`${folder}/memory.max`));
  return groupMemory(limit, wholeNumber(read(`${folder}/memory.current`)), entryIn(read(`${folder}/memory.stat`), 'inactive_file'));
}

function memoryOfVersion1(read: ReadText, folder: string): GroupMemory | undefined {
  const used = wholeNumber(read(`${folder}/memory.usage_in_bytes`));
  const stat = read(`${folder}/memory.stat`);
  return groupMemory(wholeNumber(read(`${folder}/memory.limit_in_bytes`)), used, entryIn(stat, 'total_inactive_file'));
}

function groupMemory(limit: number | undefined, used: number | undefined, givenBack = 0): GroupMemory | undefined {
  return limit === undefined || limit === 0 || used === undefined ? undefined : { used: Math.max(0, used - givenBack), limit };
}

function kibibytes(meminfo: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo ?? '')?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

function entryIn(stat: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(stat ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Undefined for what is no number, such as `max`. */
function wholeNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  return /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** In tenths: more digits would make every message a different one, and say nothing. */
function percent(share: number): number {
  return Math.round(Math.min(Math.max(share, 0), 1) * 1000) / 10;
}
