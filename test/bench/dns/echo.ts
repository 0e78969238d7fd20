/**
 * Processor time for a datagram that is answered by itself: in C, by batches of the kernel from a worker thread, and by
 * node:dgram. The server has one core and the load another; all take their turns, and each is compared with the C of its
 * own round. `npm run bench -- dns echo [--rounds N] [--window N] [--slots N] [--plain]`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { costOfFamily, familyOf } from './cpu.ts';
import { median } from './results.ts';
import { startPrinting } from './server.ts';
import { checkMachine, compile, cores, pinned, run } from './tools.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    window: { type: 'string', default: '256' },
    slots: { type: 'string', default: '64' },
    plain: { type: 'boolean', default: false },
  },
});
const measureMs = 1_000 * Number(process.env.BENCH_SECONDS ?? 2);
const warmMs = 0.35 * measureMs;
/** So that a datagram has 40 bytes. */
const name = 'forty-bytes.example.org';
const echoNode = fileURLToPath(new URL('echo-node.ts', import.meta.url));

interface Measured {
  readonly usEach: number;
  readonly perSecond: number;
}

async function measured(command: readonly string[], load: string, namesFile: string): Promise<Measured> {
  const server = await startPrinting('echo', pinned(cores.server, command));
  const ask = async (ms: number) => {
    const options = ['-w', values.window, String(server.port), String(Math.ceil(ms)), namesFile];
    const [file = '', ...args] = pinned(cores.load, [load, ...options]);
    // What comes back is a query, and no reply in the eyes of the load generator.
    return (JSON.parse((await run(file, args)).stdout) as { readonly strange: number }).strange;
  };
  try {
    await ask(warmMs);
    const family = familyOf(server.pid);
    const before = costOfFamily(family).cpuMs;
    const echoes = await ask(measureMs);
    return { usEach: (1_000 * (costOfFamily(family).cpuMs - before)) / echoes, perSecond: (1_000 * echoes) / measureMs };
  } finally {
    await server.end();
  }
}

checkMachine();
const folder = await mkdtemp(join(tmpdir(), 'opengslb-echo-'));
try {
  const [floor, load, namesFile] = [await compile('floor', folder), await compile('load', folder), join(folder, 'names')];
  await writeFile(namesFile, `${name}\n`);
  const node = (kind: string) => [process.execPath, '--import', 'tsx', echoNode, values.slots, kind];
  const servers: Readonly<Record<string, readonly string[]>> = {
    C: [floor, '0', values.slots, 'echo'],
    batches: node('linux'),
    ...(values.plain ? { dgram: node('plain') } : {}),
  };
  const rounds: Record<string, Measured>[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const row: Record<string, Measured> = {};
    for (const [server, command] of Object.entries(servers)) row[server] = await measured(command, load, namesFile);
    rounds.push(row);
    const words = Object.entries(row).map(
      ([server, { usEach, perSecond }]) => `${server} ${usEach.toFixed(2)} µs, ${perSecond.toFixed(0)}/s`,
    );
    console.log(words.join('; '));
  }
  for (const server of Object.keys(servers)) {
    const each = median(rounds.map((row) => row[server]!.usEach)) ?? Number.NaN;
    const ratio = median(rounds.map((row) => row[server]!.usEach / row.C!.usEach)) ?? Number.NaN;
    console.log(`${server}: ${each.toFixed(2)} µs of processor a datagram, ${ratio.toFixed(3)} of C (medians of ${rounds.length} rounds)`);
  }
} finally {
  await rm(folder, { recursive: true });
}
