/**
 * What a node costs that checks thousands of servers: a real overwatch, real web servers on addresses of this machine, and
 * the servers' own count of how often they were asked. Beside it, in the same run, a process that asks the same
 * questions as often and does nothing else; the ratio is its CPU for one question to the overwatch's for one check.
 *
 *     steady     every server every ten seconds, as configured by default
 *     pressed    more than the node can do: the wall
 *
 * BENCH_SECONDS is how long each case is measured; `npm run bench servers 1000` measures that many servers alone.
 */
import { setTimeout } from 'node:timers/promises';
import { api, freePort, until } from '../e2e/overwatch-process.ts';
import { benchAddress } from './load/addresses.ts';
import { type Child, costOf, startChild } from './load/child.ts';
import { latencyText, probeDns } from './load/dns-latency.ts';
import { startLoadedOverwatch } from './load/overwatch.ts';

const seconds = Number(process.env.BENCH_SECONDS ?? 20);
const serversPerProcess = 2_500;
const serversPerService = 10;
const concurrent = 256;
const asked = process.argv.slice(2).map(Number);

const cases = [
  { name: 'steady', servers: 1_000, intervalMs: 10_000 },
  { name: 'pressed', servers: 1_000, intervalMs: 100 },
  { name: 'steady', servers: 10_000, intervalMs: 10_000 },
  { name: 'pressed', servers: 10_000, intervalMs: 1_000 },
] as const;

interface Measured {
  readonly checksPerSecond: number;
  readonly cpuMsPerCheck: number;
  readonly cpuShare: number;
  readonly rssMiB: number;
}

/** `pid` while the web servers are asked for some seconds; they say how often they were. */
async function measure(pid: number, webServers: readonly Child[]): Promise<Measured> {
  const count = async () => (await Promise.all(webServers.map((child) => child.count()))).reduce((sum, one) => sum + one, 0);
  const [before, asked, began] = [costOf(pid), await count(), performance.now()];
  await setTimeout(seconds * 1_000);
  const [after, checks, ms] = [costOf(pid), (await count()) - asked, performance.now() - began];
  const cpuMs = after.cpuMs - before.cpuMs;
  return { checksPerSecond: (checks * 1_000) / ms, cpuMsPerCheck: cpuMs / checks, cpuShare: cpuMs / ms, rssMiB: after.rssMiB };
}

function tell(who: string, { checksPerSecond, cpuMsPerCheck, cpuShare, rssMiB }: Measured, rest: string): void {
  const numbers = [
    `${checksPerSecond.toFixed(0)} checks/s`.padStart(14),
    `${cpuMsPerCheck.toFixed(3)} ms CPU a check`,
    `${(cpuShare * 100).toFixed(0)} % of a core`.padStart(15),
    `${rssMiB.toFixed(0)} MiB`.padStart(8),
  ];
  console.log(`  ${who.padEnd(10)}${numbers.join('  ')}  ${rest}`);
}

for (const { name, servers: serverCount, intervalMs } of cases) {
  if (asked.length > 0 && !asked.includes(serverCount)) continue;
  const port = await freePort();
  const parts = Array.from({ length: Math.ceil(serverCount / serversPerProcess) }, (_, part) => part * serversPerProcess);
  const webServers: Child[] = [];
  console.log(`${name}: ${serverCount} servers, each every ${intervalMs} ms`);
  try {
    for (const from of parts) {
      webServers.push(await startChild('./web-servers.ts', [from, Math.min(serversPerProcess, serverCount - from), port]));
    }
    const services = Array.from({ length: serverCount / serversPerService }, (_, index) => `app${index}.bench.local`);
    const servers = Array.from({ length: serverCount }, (_, index) => ({
      service: services[index % services.length] as string,
      ...{ address: benchAddress(index), port },
    }));
    const check = { interval: `${intervalMs}ms`, timeout: `${Math.min(intervalMs, 2_000)}ms`, maxConcurrent: concurrent };
    const overwatch = await startLoadedOverwatch({ servers, services, check });
    try {
      const isReady = async () => ((await api<{ ready: boolean }>(`${overwatch.apiUrl}/ready`)).status === 200 ? true : undefined);
      await until('every server was checked once', isReady, 120_000);
      const probe = probeDns(overwatch.dnsPort, services[0] as string);
      const measured = await measure(overwatch.pid, webServers);
      tell('overwatch', measured, `DNS ${latencyText(await probe.end())}`);
      await overwatch.end('SIGTERM');
      const bare = await startChild('./bare-checks.ts', [serverCount, port, intervalMs, concurrent]);
      const alone = await measure(bare.pid, webServers);
      await bare.end();
      tell('bare', alone, `ratio ${(alone.cpuMsPerCheck / measured.cpuMsPerCheck).toFixed(2)}`);
    } finally {
      await overwatch.end('SIGKILL');
      await overwatch.remove();
    }
  } finally {
    for (const child of webServers) await child.end();
  }
}
