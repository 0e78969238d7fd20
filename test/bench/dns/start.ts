/**
 * What it takes to start an overwatch with many names, and what it weighs when it has: a real one, a process of its own,
 * first with an empty log and then with the one that it left. Resident sizes are the kernel's, read when they stand still.
 *
 *     npm run bench -- dns start [names]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type RunningOverwatch, startOverwatchProcess } from '../../e2e/overwatch-process.ts';
import { query } from '../../unit/nodes/dns/demo.ts';
import { exchange } from './exchange.ts';
import { nameAt, type World, writeConfiguration } from './worlds.ts';

const world: World = { names: Number(process.argv[2] ?? 100_000), routing: 'round-robin', workers: 1 };
const goalMiB = 400;
const startLimitMs = 15 * 60_000;

interface Sizes {
  readonly residentMiB: number;
  readonly peakMiB: number;
}

async function sizesOf(pid: number): Promise<Sizes> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mib = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { residentMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
}

/** When the start has given back what it took: when nothing has changed for some seconds. */
async function settledSizes(pid: number): Promise<Sizes> {
  for (let [before, still] = [0, 0]; ; ) {
    const sizes = await sizesOf(pid);
    still = Math.abs(sizes.residentMiB - before) < 1 ? still + 1 : 0;
    if (still === 5) return sizes;
    before = sizes.residentMiB;
    await setTimeout(1_000);
  }
}

/** The reply's first records bear a signature where it has more than one. */
async function askSigned(port: number): Promise<number> {
  const reply = await exchange(port, query(nameAt(world.names - 1), { edns: { flags: 0x8000 } }));
  return reply?.readUInt16BE(6) ?? 0;
}

const print = (what: string, value: string) => console.log(`  ${what.padEnd(44)}${value}`);

async function measure(title: string, configFile: string): Promise<Sizes> {
  const began = performance.now();
  const running: RunningOverwatch = await startOverwatchProcess(configFile, { limitMs: startLimitMs });
  try {
    const records = await askSigned(running.dnsPort);
    const tookMs = performance.now() - began;
    const lines = running.output().split('\n');
    const signing = lines
      .filter((line) => line.includes('is signed"'))
      .map((line) => JSON.parse(line) as { signatures: number; ms: number });
    console.log(title);
    print('seconds to the first answer', `${(tookMs / 1000).toFixed(1)}, ${records > 1 ? 'signed' : 'NOT SIGNED'}`);
    for (const { signatures, ms } of signing)
      print('of these for signatures', `${(ms / 1000).toFixed(1)} (${signatures.toLocaleString('en')} of them)`);
    const sizes = await settledSizes(running.pid);
    print('resident, in MiB', `${sizes.residentMiB.toFixed(0)}, at most ${sizes.peakMiB.toFixed(0)} on the way`);
    return sizes;
  } finally {
    await running.end('SIGTERM');
  }
}

const folder = await mkdtemp(join(tmpdir(), 'opengslb-start-'));
try {
  const configFile = await writeConfiguration(folder, world);
  console.log(`${world.names.toLocaleString('en')} names with three servers each`);
  const sizes = [await measure('with an empty log', configFile), await measure('again, with what it left', configFile)];
  const most = Math.max(...sizes.map(({ residentMiB }) => residentMiB));
  if (world.names === 100_000) print(`goal: below ${goalMiB} MiB`, most < goalMiB ? 'met' : 'NOT MET');
} finally {
  await rm(folder, { recursive: true, force: true });
}
