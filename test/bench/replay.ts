/**
 * How fast facts become state: folding a log directory and an NDJSON file, beside bare `JSON.parse` of the same lines,
 * and how long a validation result takes until the answer has changed. Prints medians of several rounds.
 */
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { configuration } from '../../src/events/catalogue/configuration.ts';
import type { Fact } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import { eventToLine } from '../../src/events/ndjson.ts';
import { systemClock } from '../../src/nodes/clock.ts';
import { createEngine } from '../../src/nodes/engine.ts';
import { openSource } from '../../src/nodes/replay/open-source.ts';
import { replay } from '../../src/nodes/replay/replay.ts';
import { configurationDigest } from '../../src/projections/configuration.ts';

const events = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const services = 20;
const serversEach = 5;
const batchSize = 256;
const at0 = Date.UTC(2026, 0, 1);

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number;
const quantile = (sorted: number[], q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
const rate = (count: number, ms: number) => `${Math.round(count / ms).toLocaleString('en')}k/s`;

const names = Array.from({ length: services }, (_, index) => `app${index}.example.com`);
const servers = names.flatMap((service, index) =>
  Array.from({ length: serversEach }, (_, server) => ({ service, address: `10.0.${index}.${server + 1}`, port: 80 })),
);

function applied(failureThreshold: number): Fact[] {
  const whole = configuration.parse({
    regions: [{ name: 'r', servers, health_check: { failure_threshold: failureThreshold, success_threshold: failureThreshold } }],
    domains: names.map((name) => ({ name, regions: ['r'] })),
  });
  const registered = servers.map(
    (server): Fact => ({ type: 'server.registered', data: { ...server, source: 'static', region: 'r', weight: 100 } }),
  );
  return [{ type: 'configuration.applied', data: { digest: configurationDigest(whole), configuration: whole } }, ...registered];
}

/** One check result of a fleet in which one server in fifty is failing at a time. */
function result(index: number): Fact {
  const server = servers[index % servers.length] as (typeof servers)[number];
  const ok = (index >> 12) % 50 !== (index % servers.length) % 50;
  const error = ok ? null : 'connection refused';
  const firstByteUs = ok ? 800 + (index % 400) : null;
  const connectUs = 200 + (index % 100);
  const data = {
    ...server,
    ok,
    status: ok ? 200 : null,
    error,
    dnsUs: null,
    connectUs,
    tlsUs: null,
    firstByteUs,
    totalUs: connectUs + (firstByteUs ?? 0),
  };
  return { type: 'validation.recorded', data };
}

async function record(folder: string): Promise<{ directory: string; file: string }> {
  const directory = join(folder, 'log');
  const file = join(folder, 'events.ndjson');
  const log = await openLevelLog({ directory, node: 'bench' });
  const ndjson = createWriteStream(file);
  let written = 0;
  let next = applied(3);
  while (written < events) {
    const batch = await log.append(next, at0 + written, { sync: false });
    if (!ndjson.write(`${batch.events.map(eventToLine).join('\n')}\n`)) await once(ndjson, 'drain');
    written += next.length;
    next = Array.from({ length: Math.min(batchSize, Math.max(1, events - written)) }, (_, index) => result(written + index));
  }
  ndjson.end();
  await finished(ndjson);
  await log.close();
  return { directory, file };
}

async function timeReplay(path: string): Promise<{ ms: number; digest: string }> {
  const opened = await openSource(path, { skipBad: false });
  const began = performance.now();
  const report = await replay(opened.source);
  const ms = performance.now() - began;
  await opened.close();
  return { ms, digest: report.digest };
}

function timeBareParse(file: string): number {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const began = performance.now();
  let positions = 0;
  for (const line of lines) positions += (JSON.parse(line) as { position: number }).position;
  if (positions === 0) throw new Error('nothing was parsed');
  return performance.now() - began;
}

/** From `observe` to the listener that sees the changed answer, on a real log. */
async function timeToAnswer(folder: string): Promise<number[]> {
  const log = await openLevelLog({ directory: join(folder, 'live'), node: 'bench' });
  let began = 0;
  const latencies: number[] = [];
  let seen = () => {};
  const engine = createEngine(
    { clock: systemClock(), chance: Math.random, log },
    [
      ({ services: changed }) => {
        if (changed.length === 0 || began === 0) return;
        latencies.push((performance.now() - began) * 1000);
        seen();
      },
    ],
    (error) => {
      throw error;
    },
  );
  engine.start();
  for (const fact of applied(1)) engine.observe(fact);
  // An order waits for the observations before it.
  await engine.execute({ command: { kind: 'attestAnswers' }, actor: { kind: 'system', name: 'bench' } });
  for (let flip = 0; flip < 3_000; flip += 1) {
    const ok = flip % 2 === 0;
    const server = servers[0] as (typeof servers)[number];
    const data = {
      ...server,
      ok,
      status: null,
      error: ok ? null : 'x',
      dnsUs: null,
      connectUs: 1,
      tlsUs: null,
      firstByteUs: null,
      totalUs: 1,
    };
    const arrived = new Promise<void>((resolve) => {
      seen = resolve;
    });
    began = performance.now();
    engine.observe({ type: 'validation.recorded', data });
    await arrived;
  }
  await engine.stop();
  await log.close();
  return latencies.slice(500).sort((a, b) => a - b);
}

const folder = await mkdtemp(join(tmpdir(), 'opengslb-bench-'));
try {
  process.stdout.write(`${events.toLocaleString('en')} events, ${rounds} rounds, Node ${process.version}\n`);
  const { directory, file } = await record(folder);
  const times = { directory: [] as number[], ndjson: [] as number[], parse: [] as number[] };
  const digests = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, path] of [
      ['directory', directory],
      ['ndjson', file],
    ] as const) {
      const { ms, digest } = await timeReplay(path);
      times[kind].push(ms);
      digests.add(digest);
    }
    times.parse.push(timeBareParse(file));
  }
  if (digests.size !== 1) throw new Error('directory and NDJSON fold to different states');
  const [fromDirectory, fromNdjson, bare] = [median(times.directory), median(times.ndjson), median(times.parse)];
  process.stdout.write(`fold a directory      ${rate(events, fromDirectory)}   (goal 400k/s)\n`);
  process.stdout.write(
    `fold NDJSON           ${rate(events, fromNdjson)}   ${(bare / fromNdjson).toFixed(2)} of bare JSON.parse   (goal 200k/s or 0.50)\n`,
  );
  process.stdout.write(`bare JSON.parse       ${rate(events, bare)}\n`);
  const latencies = await timeToAnswer(folder);
  process.stdout.write(
    `result to answer      median ${quantile(latencies, 0.5).toFixed(0)} us, p99 ${quantile(latencies, 0.99).toFixed(0)} us\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
