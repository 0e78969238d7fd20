/**
 * One measurement: a server is woken, asked until it is warm, asked for some seconds while its processor time is taken,
 * checked for having said the right thing, and put to sleep again, so that it takes nothing from the next one.
 */
import { setTimeout } from 'node:timers/promises';
import type { Case } from './cases.ts';
import { costOfFamily, familyOf } from './cpu.ts';
import type { BenchServer } from './server.ts';
import { cores, pinned, run } from './tools.ts';

export interface Programs {
  readonly load: string;
  readonly 'load-tcp': string;
  /** Undefined where this machine has it not. */
  readonly dnsperf: string | undefined;
}

export interface Measured {
  readonly usEach: number;
  readonly perSecond: number;
  /** Share of a core that the server was busy. Well below 1 means that the load was the limit. */
  readonly busy: number;
  /** Of a reply; undefined where nobody counted. */
  readonly bytesEach: number | undefined;
  /** Share of the queries that were given up. */
  readonly lost: number;
}

interface Replies {
  readonly replies: number;
  readonly ms: number;
  readonly bytes?: number;
  readonly lost?: number;
}

interface Counted extends Required<Replies> {
  readonly sent: number;
  readonly answers: number;
  readonly truncated: number;
  readonly strange: number;
  readonly rcodes: readonly number[];
}

/** One that has ended meanwhile hears nothing; that it is gone shows when it is asked. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** The same round asks all servers in the same order. */
export async function measure(
  server: BenchServer,
  one: Case,
  { programs, namesFile, ms, warmMs, seed }: { programs: Programs; namesFile: string; ms: number; warmMs: number; seed: number },
): Promise<Measured> {
  const family = familyOf(server.pid);
  const ask = (forMs: number) => askFor(forMs, server, one, programs, namesFile, seed);
  signal(family, 'SIGCONT');
  try {
    await ask(warmMs);
    const before = costOfFamily(family);
    const replies = await ask(ms);
    const cpuMs = costOfFamily(family).cpuMs - before.cpuMs;
    return {
      usEach: (1_000 * cpuMs) / replies.replies,
      perSecond: (1_000 * replies.replies) / replies.ms,
      busy: cpuMs / replies.ms,
      bytesEach: replies.bytes === undefined ? undefined : replies.bytes / replies.replies,
      lost: (replies.lost ?? 0) / replies.replies,
    };
  } finally {
    signal(family, 'SIGSTOP');
    // The kernel stops it when it gets its turn; the next one begins after that.
    await setTimeout(20);
  }
}

async function askFor(
  ms: number,
  { name, port }: BenchServer,
  one: Case,
  programs: Programs,
  names: string,
  seed: number,
): Promise<Replies> {
  if (one.by === 'dnsperf') return askByDnsperf(ms, port, programs.dnsperf as string, names);
  const command = pinned(cores.load, [programs[one.by], ...one.load, '-S', String(seed), String(port), String(Math.ceil(ms)), names]);
  const counted = JSON.parse((await run(command[0] as string, command.slice(1))).stdout) as Counted;
  const right = one.expect === 'answers' ? Math.min(counted.answers, counted.rcodes[0] as number) : (counted.rcodes[3] as number);
  const isRight = counted.replies > 0 && right === counted.replies && counted.strange === 0 && counted.truncated === 0;
  if (!isRight) throw new Error(`${name} did not say what ${one.id} expects (${one.expect}): ${JSON.stringify(counted)}`);
  return counted;
}

/** It wants whole seconds, and a type behind each name. */
async function askByDnsperf(ms: number, port: number, dnsperf: string, names: string): Promise<Replies> {
  const options = ['-s', '127.0.0.1', '-p', String(port), '-d', `${names}.dnsperf`, '-c', '1', '-T', '1', '-q', '256'];
  const command = pinned(cores.load, [dnsperf, ...options, '-l', String(Math.max(1, Math.round(ms / 1_000)))]);
  const { stdout } = await run(command[0] as string, command.slice(1));
  const [replies, seconds] = [/Queries completed:\s+(\d+)/, /Run time \(s\):\s+([\d.]+)/].map((words) => Number(words.exec(stdout)?.[1]));
  if (!replies || !seconds) throw new Error(`dnsperf said nothing that is understood here: ${stdout}`);
  return { replies, ms: 1_000 * seconds };
}
