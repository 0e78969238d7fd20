/**
 * What the spine costs: facts taken in by the engine (checked, encoded, chained, written, folded) until the last of them is
 * on stable storage, beside LevelDB alone writing the very same bytes as chained batches, synced as often. Both run on
 * the same disk, one after the other, several times; the ratio is the median of the pairs. BENCH_ROUNDS is how many;
 * `npm run bench append commands` measures one kind alone.
 *
 *     observations   batches of n, each written when the one before is folded; synced every 50 ms, as a node does
 *     synced         the same batches by the log alone, each synced before the next
 *     commands       one after another, each synced before it is acknowledged
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { isRefusal, type Order } from '../../src/commands/command.ts';
import { configuration } from '../../src/events/catalogue/configuration.ts';
import type { Fact } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import { systemClock } from '../../src/nodes/clock.ts';
import { createEngine, type Listener, syncWithinMs } from '../../src/nodes/engine.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const goal = 0.7;
const actor = { kind: 'human', name: 'bench' } as const;
const names = Array.from({ length: 20 }, (_, index) => `app${index}.example.com`);
/** Five a service. */
const servers = Array.from({ length: 100 }, (_, index) => ({
  service: names[index % names.length] as string,
  ...{ address: `10.0.0.${index + 1}`, port: 80 },
}));
const whole = configuration.parse({ regions: [{ name: 'r', servers }], domains: names.map((name) => ({ name, regions: ['r'] })) });

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** One check result in a fleet where all is well. */
function result(index: number): Fact {
  const connectUs = 200 + (index % 100);
  const firstByteUs = 800 + (index % 400);
  const phases = { dnsUs: null, connectUs, tlsUs: null, firstByteUs, totalUs: connectUs + firstByteUs };
  return {
    type: 'validation.recorded',
    data: { ...(servers[index % servers.length] as (typeof servers)[number]), ok: true, status: 200, error: null, ...phases },
  };
}

/** Made beforehand: making them is not what is measured. */
const results = Array.from({ length: 1_000 }, (_, index) => result(index));

function overrideOrder(index: number): Order {
  const target = servers[(index >> 1) % servers.length] as (typeof servers)[number];
  const said = { reason: 'the bench says so', authority: 'human', force: false } as const;
  if (index % 2 === 1) return { command: { kind: 'clearOverride', ...target, ...said }, actor };
  return { command: { kind: 'setOverride', ...target, ...said, action: 'drain', expiresInMs: null }, actor };
}

/** A running engine on a new log, with the servers registered. */
async function openEngine(directory: string, onEvent: (position: number) => void) {
  const log = await openLevelLog({ directory, node: 'bench' });
  const listener: Listener = ({ cause }) => {
    if ('event' in cause) onEvent(cause.event.position);
  };
  const engine = createEngine({ clock: systemClock(), chance: Math.random, log }, [listener], (error) => {
    throw error;
  });
  engine.start();
  const execute = async (order: Order) => {
    const outcome = await engine.execute(order);
    if (isRefusal(outcome)) throw new Error(`${outcome.error}: ${outcome.remedy}`);
  };
  await execute({ command: { kind: 'applyConfiguration', configuration: whole, force: true }, actor });
  for (const fact of results.slice(0, servers.length)) engine.observe(fact);
  // An order waits for the observations before it.
  await execute({ command: { kind: 'attestAnswers' }, actor });
  return { log, engine, execute };
}

/** Milliseconds for `batches` batches of `size` observations, and the position of the first of them. */
async function observations(directory: string, size: number, batches: number): Promise<Timed> {
  let left = batches;
  let last = 0;
  let allFolded = () => {};
  // What comes in while a batch is written is the next one.
  const { log, engine } = await openEngine(directory, (position) => {
    if (position !== last) return;
    if (left === 0) return allFolded();
    left -= 1;
    last += size;
    for (let index = 0; index < size; index += 1) engine.observe(results[index] as Fact);
  });
  const from = log.end.position + 2;
  last = from - 1;
  const done = new Promise<void>((resolve) => {
    allFolded = resolve;
  });
  const began = performance.now();
  engine.observe(results[0] as Fact);
  await done;
  await engine.stop();
  const ms = performance.now() - began;
  await log.close();
  return { ms, from };
}

async function synced(directory: string, size: number, batches: number): Promise<Timed> {
  const log = await openLevelLog({ directory, node: 'bench' });
  const facts = results.slice(0, size);
  const began = performance.now();
  for (let batch = 0; batch < batches; batch += 1) await log.append(facts, batch, { sync: true });
  const ms = performance.now() - began;
  await log.close();
  return { ms, from: 1 };
}

async function commands(directory: string, _size: number, count: number): Promise<Timed> {
  const { log, engine, execute } = await openEngine(directory, () => {});
  const from = log.end.position + 1;
  const began = performance.now();
  for (let index = 0; index < count; index += 1) await execute(overrideOrder(index));
  const ms = performance.now() - began;
  await engine.stop();
  await log.close();
  return { ms, from };
}

interface Timed {
  readonly ms: number;
  /** The position at which what was measured begins. */
  readonly from: number;
}

const openDatabase = async (directory: string) => {
  const encodings = { keyEncoding: 'buffer', valueEncoding: 'view' } as const;
  const database = new ClassicLevel<Buffer, Uint8Array>(directory, { ...encodings, writeBufferSize: 4 * 1024 * 1024 });
  await database.open();
  return database;
};

/** The same records, in the same batches, synced as often, and nothing else. */
async function bare(from: string, to: string, first: number, syncEveryMs: number): Promise<number> {
  const [source, target] = [await openDatabase(from), await openDatabase(to)];
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(first));
  const records = await source.iterator({ gte: key, lt: Buffer.of(0xff) }).all();
  await source.close();
  const began = performance.now();
  let syncedAt = began;
  for (const [place, value] of records) {
    const sync = performance.now() - syncedAt >= syncEveryMs;
    await target.batch().put(place, value).write({ sync });
    if (sync) syncedAt = performance.now();
  }
  await target.batch().put(Buffer.of(0xff), key).write({ sync: true });
  const ms = performance.now() - began;
  await target.close();
  return ms;
}

const cases = [
  ...[1, 10, 100, 1_000].map((size) => ({ kind: 'observations', size, run: observations, syncEveryMs: syncWithinMs })),
  ...[1, 10, 100, 1_000].map((size) => ({ kind: 'synced', size, run: synced, syncEveryMs: 0 })),
  { kind: 'commands', size: 1, run: commands, syncEveryMs: 0 },
];

const folder = await mkdtemp(join(tmpdir(), 'opengslb-append-'));
console.log(`${rounds} pairs each, Node ${process.version}; events a second, medians`);
try {
  for (const { kind, size, run, syncEveryMs } of cases) {
    if (process.argv.length > 2 && !process.argv.includes(kind)) continue;
    const batches = syncEveryMs === 0 ? Math.min(1_000, 100_000 / size) : Math.min(20_000, 200_000 / size);
    const pairs: { readonly ours: number; readonly alone: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const [ours, theirs] = [join(folder, `${kind}-${size}-${round}`), join(folder, `${kind}-${size}-${round}-bare`)];
      const { ms, from } = await run(ours, size, batches);
      pairs.push({ ours: ms, alone: await bare(ours, theirs, from, syncEveryMs) });
    }
    const perSecond = (ms: number) => Math.round((batches * size * 1_000) / ms).toLocaleString('en');
    const [ours, alone] = [median(pairs.map((pair) => pair.ours)), median(pairs.map((pair) => pair.alone))];
    const ratio = median(pairs.map((pair) => pair.alone / pair.ours));
    const words = `${kind} ${size === 1 && kind === 'commands' ? '' : `of ${size}`}`.padEnd(22);
    console.log(
      `${words} ${perSecond(ours).padStart(10)}   bare ${perSecond(alone).padStart(10)}   ratio ${ratio.toFixed(2)} (goal ${goal})`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
