/**
 * How long it takes from an event to the changed answer, as a client sees it while others ask: a claim of an agent (from
 * its datagram on), which is answered before it is on disk, and an override (from the request on), which is on disk first.
 * Another program asks the name that changes all the time, and tells by the clock of the machine when it did.
 *
 * With two cores, whoever asks 100,000 times a second fills one of them and the answers half of the other, so threads
 * wait for their turn there; few questions beside it show what is left without that. LevelDB writes one batch after
 * another, and what comes while one is synced waits for the disk. So the same disk is timed by itself; `TMPDIR=/dev/shm`
 * leaves it out of the figures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { api } from '../../e2e/overwatch-process.ts';
import { benchToken, timedAgents, timedService } from '../load/agent-names.ts';
import { type SimulatedAgents, startSimulatedAgents } from '../load/simulated-agents.ts';
import type { Programs } from './measure.ts';
import { startPinned } from './overwatch.ts';
import { endChild } from './server.ts';
import { cores, pinned } from './tools.ts';
import { addressesAt } from './worlds.ts';

/** How many questions a second others ask meanwhile; the last is what the goal is about. */
const rates = [1_000, 100_000] as const;
/** Changes before anything is timed: what has never run is slow the first times. */
const warmUps = 500;
const names = 1_000;
const watchEveryUs = 200;
const patienceMs = 5_000;
const serviceAt = (index: number) => `svc-${index}.bench.local`;

export interface Spread {
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

export interface Latency {
  readonly loads: readonly UnderLoad[];
  /** A small write to a file beside the log, brought to the disk. */
  readonly bareSyncs: Spread;
}

export interface UnderLoad {
  readonly askedPerSecond: number;
  readonly claims: Spread;
  readonly overrides: Spread;
  /** Of the others meanwhile. */
  readonly answeredPerSecond: number;
  readonly replyMedianUs: number;
  readonly replyP99Us: number;
}

export async function measureLatency(folder: string, programs: Programs & { readonly watch: string }, count: number): Promise<Latency> {
  const own = join(folder, 'latency');
  await mkdir(own, { recursive: true });
  const key = randomBytes(32).toString('base64');
  const overwatch = await startPinned(await writeOwnConfiguration(own, key));
  const children: ChildProcess[] = [];
  const start = (command: readonly string[]) => {
    const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return { child, lines: createInterface({ input: child.stdout }) };
  };
  let agents: SimulatedAgents | undefined;
  try {
    agents = await startSimulatedAgents({
      agents: timedAgents,
      key,
      gossipPort: gossipPortIn(overwatch.output()),
      token: benchToken,
    });
    const namesFile = join(own, 'names');
    await writeFile(namesFile, Array.from({ length: names }, (_, index) => `${serviceAt(index)}\n`).join(''));
    const port = String(overwatch.dnsPort);
    const changes = watching(start(pinned(cores.load, [programs.watch, port, timedService, String(watchEveryUs)])).lines);
    await changes.until(2);
    const { beat } = agents;
    const claim = (isDown: boolean) => beat(0, { healthy: !isDown });
    const standing = `${overwatch.apiUrl}/overrides/${timedService}/${timedAgents[1]?.address}:80`;
    const override = async (isDown: boolean) => {
      const { status, body } = await (isDown ? api(standing, 'PUT', { action: 'down', reason: 'bench' }) : api(standing, 'DELETE'));
      if (status >= 300) throw new Error(`the override was refused: ${JSON.stringify(body)}`);
    };
    for (const change of [claim, override]) await timed(warmUps, changes, change, () => 0);

    const loads: UnderLoad[] = [];
    for (const askedPerSecond of rates) {
      const load = start(pinned(cores.load, [programs.load, '-r', String(askedPerSecond), port, '3600000', namesFile]));
      const ended = once(load.lines, 'line') as Promise<[string]>;
      await setTimeout(1_000);
      const claims = await timed(count, changes, claim);
      const overrides = await timed(count, changes, override);
      load.child.kill('SIGTERM');
      const asked = JSON.parse((await ended)[0]) as { replies: number; ms: number; medianUs: number; p99Us: number };
      loads.push({
        ...{ askedPerSecond, claims, overrides, answeredPerSecond: (1_000 * asked.replies) / asked.ms },
        ...{ replyMedianUs: asked.medianUs, replyP99Us: asked.p99Us },
      });
    }
    return { loads, bareSyncs: await timedSyncs(count, join(own, 'bare')) };
  } finally {
    for (const child of children) await endChild(child);
    await agents?.close();
    await overwatch.end('SIGTERM');
  }
}

/** Under the load that the goal is about. */
export function mostLoaded({ loads }: Latency): UnderLoad {
  return loads.at(-1) as UnderLoad;
}

export function latencyText({ loads, bareSyncs }: Latency): string {
  const line = (what: string, { count, medianMs, p99Ms, longestMs }: Spread) =>
    `  ${what.padEnd(36)}median ${medianMs.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, longest ${longestMs.toFixed(2)} ms of ${count}`;
  const underLoad = ({ askedPerSecond, claims, overrides, answeredPerSecond, replyMedianUs, replyP99Us }: UnderLoad) => [
    `  while ${answeredPerSecond.toFixed(0)} of ${askedPerSecond} queries a second are answered, median ${replyMedianUs} µs, p99 ${replyP99Us} µs:`,
    line("  an agent's claim, changed answer", claims),
    line('  an override, changed answer', overrides),
  ];
  return [...loads.flatMap(underLoad), line('a bare write and sync of this disk', bareSyncs)].join('\n');
}

/** A moment that no timer of the overwatch keeps to. */
const anyPause = () => 20 + 30 * Math.random();

/** There and back. `pauseMs`: between two changes. */
async function timed(
  count: number,
  changes: Changes,
  change: (isDown: boolean) => void | Promise<void>,
  pauseMs = anyPause,
): Promise<Spread> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const isDown = index % 2 === 0;
    const seen = changes.until(isDown ? 1 : 2);
    const began = process.hrtime.bigint();
    const [at] = await Promise.all([seen, change(isDown)]);
    times.push(Number(at - began) / 1e6);
    await setTimeout(pauseMs());
  }
  return spreadOf(times);
}

async function timedSyncs(count: number, path: string): Promise<Spread> {
  const file = await open(path, 'w');
  const times: number[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const began = process.hrtime.bigint();
      await file.write(randomBytes(200));
      await file.datasync();
      times.push(Number(process.hrtime.bigint() - began) / 1e6);
      await setTimeout(20);
    }
  } finally {
    await file.close();
  }
  return spreadOf(times);
}

function spreadOf(times: number[]): Spread {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))] as number;
  return { count: times.length, medianMs: at(0.5), p99Ms: at(0.99), longestMs: at(1) };
}

interface Changes {
  /** When there were so many addresses in the answer: now, or the next time. */
  until(addresses: number): Promise<bigint>;
}

function watching(lines: NodeJS.EventEmitter): Changes {
  let last = { at: 0n, addresses: -1 };
  let wake = () => {};
  lines.on('line', (line: string) => {
    const [at = '0', addresses] = line.split(' ');
    last = { at: BigInt(at), addresses: Number(addresses) };
    wake();
  });
  return {
    async until(addresses) {
      const deadline = AbortSignal.timeout(patienceMs);
      while (last.addresses !== addresses) {
        if (deadline.aborted) throw new Error(`the answer had not ${addresses} addresses within ${patienceMs} ms, but ${last.addresses}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          deadline.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      return last.at;
    },
  };
}

function gossipPortIn(output: string): number {
  const line = output.split('\n').find((one) => one.includes('"serving"')) ?? '{}';
  return Number(/\d+$/.exec((JSON.parse(line) as { readonly gossip: string }).gossip)?.[0]);
}

/** YAML holds JSON. */
async function writeOwnConfiguration(folder: string, key: string): Promise<string> {
  const services = Array.from({ length: names }, (_, index) => serviceAt(index));
  const servers = services.flatMap((service, index) => addressesAt(index).map((address) => ({ service, address, port: 443 })));
  const domains = services.map((name) => ({ name, regions: ['r'], answers: 'single' }));
  const configuration = {
    overwatch: {
      identity: { node_id: 'bench' },
      data_dir: join(folder, 'data'),
      validation: { enabled: false },
      agent_tokens: { [timedService]: benchToken },
      gossip: { bind_address: '127.0.0.1:0', encryption_key: key, preset: 'local' },
    },
    dns: {
      listen_address: '127.0.0.1:0',
      zones: [{ name: 'bench.local', nameservers: [{ name: 'ns1.bench.local', address: '127.0.0.1' }] }],
      workers: 1,
    },
    regions: [{ name: 'r', servers }],
    domains: [...domains, { name: timedService, regions: ['r'], answers: 'all' }],
    api: { enabled: true, address: '127.0.0.1:0' },
  };
  const file = join(folder, 'config.yaml');
  await writeFile(file, JSON.stringify(configuration), { mode: 0o600 });
  return file;
}
