/**
 * How long it takes from an event to the changed answer, as a client sees it while many others ask: a claim of an agent
 * (from its datagram on), which is answered before it is on disk, and an override (from the request on), which is on disk
 * first. Another program asks the name that changes all the time, and tells by the clock of the machine when it did.
 *
 * LevelDB writes one batch after another, and twenty times a second one is synced: what comes meanwhile waits for
 * the disk. So the same disk is timed beside it, by itself; `TMPDIR=/dev/shm` leaves it out of the figures.
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

const askedPerSecond = 100_000;
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
  readonly claims: Spread;
  readonly overrides: Spread;
  /** A small write to a file beside the log, brought to the disk. */
  readonly bareSyncs: Spread;
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
    const load = start(pinned(cores.load, [programs.load, '-r', String(askedPerSecond), port, '3600000', namesFile]));
    const ended = once(load.lines, 'line') as Promise<[string]>;
    await setTimeout(1_000);

    const { beat } = agents;
    const claims = await timed(count, changes, (isDown) => beat(0, { healthy: !isDown }));
    const standing = `${overwatch.apiUrl}/overrides/${timedService}/${timedAgents[1]?.address}:80`;
    const overrides = await timed(count, changes, async (isDown) => {
      const { status, body } = await (isDown ? api(standing, 'PUT', { action: 'down', reason: 'bench' }) : api(standing, 'DELETE'));
      if (status >= 300) throw new Error(`the override was refused: ${JSON.stringify(body)}`);
    });
    const bareSyncs = await timedSyncs(count, join(own, 'bare'));
    load.child.kill('SIGTERM');
    const asked = JSON.parse((await ended)[0]) as { replies: number; ms: number; medianUs: number; p99Us: number };
    return {
      ...{ claims, overrides, bareSyncs, answeredPerSecond: (1_000 * asked.replies) / asked.ms },
      ...{ replyMedianUs: asked.medianUs, replyP99Us: asked.p99Us },
    };
  } finally {
    for (const child of children) await endChild(child);
    await agents?.close();
    await overwatch.end('SIGTERM');
  }
}

export function latencyText({ claims, overrides, bareSyncs, answeredPerSecond, replyMedianUs, replyP99Us }: Latency): string {
  const line = (what: string, { count, medianMs, p99Ms, longestMs }: Spread) =>
    `  ${what.padEnd(36)}median ${medianMs.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, longest ${longestMs.toFixed(2)} ms of ${count}`;
  const meanwhile = `${answeredPerSecond.toFixed(0)} of ${askedPerSecond} queries a second answered, median ${replyMedianUs} µs, p99 ${replyP99Us} µs`;
  return [
    line("an agent's claim, changed answer", claims),
    line('an override, changed answer', overrides),
    line('a bare write and sync of this disk', bareSyncs),
    `  ${'meanwhile'.padEnd(36)}${meanwhile}`,
  ].join('\n');
}

/** There and back, each time at a moment that no timer of the overwatch keeps to. */
async function timed(count: number, changes: Changes, change: (isDown: boolean) => void | Promise<void>): Promise<Spread> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const isDown = index % 2 === 0;
    const seen = changes.until(isDown ? 1 : 2);
    const began = process.hrtime.bigint();
    const [at] = await Promise.all([seen, change(isDown)]);
    times.push(Number(at - began) / 1e6);
    await setTimeout(20 + 30 * Math.random());
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
