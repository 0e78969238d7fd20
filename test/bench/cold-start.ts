/**
 * How soon a node knows its state after a restart: a log of a million events, opened and folded from zero, and from a
 * snapshot with the longest tail that a node leaves; and how long taking a snapshot keeps the loop from its work.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configuration } from '../../src/events/catalogue/configuration.ts';
import type { Fact } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import { virtualClock } from '../../src/nodes/clock.ts';
import { createEngine } from '../../src/nodes/engine.ts';
import { snapshotEvery } from '../../src/nodes/snapshot-keeper.ts';
import { openSnapshotFolder } from '../../src/nodes/snapshots.ts';
import { configurationDigest } from '../../src/projections/configuration.ts';
import { digest } from '../../src/projections/digest.ts';
import { encodeInPieces } from '../../src/projections/snapshot.ts';

const events = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const serverCount = Number(process.env.BENCH_SERVERS ?? 10_000);
const batchSize = 64;

const servers = Array.from({ length: serverCount }, (_, index) => ({
  service: `app${index % 1_000}.example.com`,
  address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  port: 80,
}));
const whole = configuration.parse({
  regions: [{ name: 'r', servers }],
  domains: [...new Set(servers.map(({ service }) => service))].map((name) => ({ name, regions: ['r'] })),
});
const first: Fact[] = [
  { type: 'configuration.applied', data: { digest: configurationDigest(whole), configuration: whole } },
  ...servers.map((server): Fact => ({ type: 'server.registered', data: { ...server, source: 'static', region: 'r', weight: 100 } })),
];

function result(index: number): Fact {
  const ok = index % 97 !== 0;
  const phases = { dnsUs: null, connectUs: 200, tlsUs: null, firstByteUs: ok ? 900 : null, totalUs: 1_100 };
  const server = servers[index % servers.length] as (typeof servers)[number];
  return { type: 'validation.recorded', data: { ...server, ok, status: ok ? 200 : null, error: ok ? null : 'refused', ...phases } };
}

const folder = await mkdtemp(join(tmpdir(), 'opengslb-cold-'));
const snapshots = openSnapshotFolder(join(folder, 'snapshots'), console.log);
const open = () => openLevelLog({ directory: join(folder, 'log'), node: 'bench' });
const world = (log: Awaited<ReturnType<typeof open>>) => ({ clock: virtualClock(0), chance: () => 0, log });

async function start(label: string, withSnapshot: boolean): Promise<string> {
  const began = performance.now();
  const log = await open();
  const state = withSnapshot ? await snapshots.restore(log) : undefined;
  const engine = createEngine(world(log), [], console.error, state && { state });
  const from = engine.state.position;
  await engine.fold(log);
  const tookMs = performance.now() - began;
  console.log(`${label}: ${(tookMs / 1000).toFixed(2)} s for ${(engine.state.position - from).toLocaleString('en')} events`);
  const of = digest(engine.state);
  await log.close();
  return of;
}

try {
  const log = await open();
  const engine = createEngine(world(log), [], console.error);
  let snapshotTaken = false;
  for (let written = 0; written < events; ) {
    const facts =
      written === 0 ? first : Array.from({ length: Math.min(batchSize, events - written) }, (_, index) => result(written + index));
    await log.append(facts, written, { sync: false });
    written += facts.length;
    if (snapshotTaken || written < events - snapshotEvery) continue;
    snapshotTaken = true;
    await log.sync();
    await engine.fold(log);
    const pieces = encodeInPieces(engine.state)[Symbol.iterator]();
    const copyBegan = performance.now();
    encodeInPieces(engine.state);
    const turns = [performance.now() - copyBegan];
    for (let done = false; !done; ) {
      const began = performance.now();
      done = pieces.next().done === true;
      turns.push(performance.now() - began);
    }
    const longest = Math.max(...turns).toFixed(1);
    console.log(
      `a snapshot of ${serverCount} servers: ${turns.length} turns of the loop, the longest ${longest} ms, the copy ${turns[0]?.toFixed(1)} ms`,
    );
    await snapshots.write(engine.state, log.node, log.end);
  }
  await log.close();
  const digests = [await start('from a snapshot', true), await start('from zero', false)];
  console.log(digests[0] === digests[1] ? 'the digests agree' : 'THE DIGESTS DIFFER');
  if (digests[0] !== digests[1]) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
