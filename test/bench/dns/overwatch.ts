/**
 * The overwatch under measurement: the built program with a configuration of its own, started on all cores and then put
 * on the one of servers. What it cannot do yet is asked of itself, never assumed: it may refuse a configuration, leave
 * answers unsigned, or a client subnet unused.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, type OptAnswer } from 'dns-packet';
import { type RunningOverwatch, startOverwatchProcess } from '../../e2e/overwatch-process.ts';
import { query, subnetOption } from '../../unit/nodes/dns/demo.ts';
import { atRest } from './cpu.ts';
import { exchange } from './exchange.ts';
import { signal } from './measure.ts';
import type { BenchServer } from './server.ts';
import { cores, pin } from './tools.ts';
import { nameAt, type World, writeConfiguration } from './worlds.ts';

const startLimitMs = 15 * 60_000;

export interface BenchOverwatch extends BenchServer {
  /** Why what it says is not signed; undefined where it is. */
  readonly whyUnsigned: string | undefined;
  readonly whyNoSubnet: string | undefined;
}

/** Resolves when its start is over. Also used for one that a bench configures itself. */
export async function startPinned(configFile: string, core = cores.server): Promise<RunningOverwatch> {
  const running = await startOverwatchProcess(configFile, { limitMs: startLimitMs });
  await pin(running.pid, core);
  await atRest(running.pid);
  return running;
}

/** A sentence where this version refuses such a world. */
export async function startOverwatch(folder: string, name: string, world: World): Promise<BenchOverwatch | string> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  const configFile = await writeConfiguration(own, world);
  let running: RunningOverwatch;
  try {
    running = await startPinned(configFile, world.workers > 1 ? cores.servers : cores.server);
  } catch (error) {
    const notBuilt = /[^\n:]* is not built yet/.exec(String(error))?.[0];
    if (notBuilt === undefined) throw error;
    return notBuilt.trim();
  }
  const end = async () => {
    signal([running.pid], 'SIGCONT');
    await running.end('SIGTERM');
  };
  const { dnsPort: port, pid } = running;
  return { name: 'overwatch', port, pid, end, ...(await found(port)) };
}

async function found(port: number): Promise<Pick<BenchOverwatch, 'whyUnsigned' | 'whyNoSubnet'>> {
  const signed = await records(port, query(nameAt(0), { edns: { flags: 0x8000 } }));
  const isSigned = signed.answers.some(({ type }) => type === 'RRSIG');
  const located = await records(port, query(nameAt(0), { edns: { options: subnetOption(1, 24, 0, [10, 0, 0]) } }));
  const opt = located.additionals.find(({ type }) => type === 'OPT') as OptAnswer | undefined;
  const scope = opt?.options.find((option) => option.code === 8) as { readonly scopePrefixLength?: number } | undefined;
  return {
    whyUnsigned: isSigned ? undefined : 'its answers bear no signatures',
    whyNoSubnet: (scope?.scopePrefixLength ?? 0) > 0 ? undefined : 'its answers do not depend on the client subnet',
  };
}

async function records(port: number, question: Buffer) {
  const reply = await exchange(port, question);
  if (reply === undefined) throw new Error('the overwatch does not answer on its DNS port');
  const { answers = [], additionals = [] } = decode(reply);
  return { answers, additionals };
}
