/**
 * Floods upon a real overwatch: garbage, responses, EDNS that is cut off, lies or is huge, and connections that say
 * nothing or too much. Honest clients beside them, over UDP and TCP, lose nothing; memory stays bounded; and what came is counted.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { threadFileBeside } from '../../src/nodes/thread-file.ts';
import { type Flood, type FloodSettings, floodCell, floodCells, floods } from '../dns-flood-thread.ts';
import { query } from '../unit/nodes/dns/demo.ts';
import { acknowledgment, freePort, type RunningOverwatch, startOverwatchProcess, until } from './overwatch-process.ts';

/** What two cores that others use as well can carry. The server takes far more: see docs/dns.md. */
const perSecond: Readonly<Record<Flood, number>> = { garbage: 10_000, responses: 10_000, edns: 5_000, connections: 500 };
const answersWanted = 600;
const packetsWanted = 20_000;
const memoryMiBMax = 64;

let folder = '';
let overwatch: RunningOverwatch;
let metricsPort = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-floods-'));
  metricsPort = await freePort();
  const configFile = join(folder, 'config.yaml');
  await writeFile(
    configFile,
    [
      'overwatch:',
      `  data_dir: ${join(folder, 'data')}`,
      `  dnssec: { enabled: false, security_acknowledgment: ${acknowledgment} }`,
      'dns:',
      '  listen_address: 127.0.0.1:0',
      '  workers: 1',
      '  zones: [{ name: demo.local, records: [{ name: steady, type: A, address: 192.0.2.7 }] }]',
      'regions: [{ name: eu }]',
      'domains: [{ name: app.demo.local, regions: [eu] }]',
      'api: { enabled: true, address: "127.0.0.1:0" }',
      `metrics: { enabled: true, address: "127.0.0.1:${metricsPort}" }`,
      '',
    ].join('\n'),
  );
  overwatch = await startOverwatchProcess(configFile);
});
after(async () => {
  await overwatch?.end('SIGTERM');
  await rm(folder, { recursive: true });
});

interface Honest {
  answered: number;
  wrong: number;
  lost: number;
}
type Ask = (id: number) => Promise<Buffer>;

const givesUp = () => ({ signal: AbortSignal.timeout(5_000) });
const isRight = (reply: Buffer, id: number) =>
  reply.readUInt16BE(0) === id &&
  (reply.readUInt8(3) & 0xf) === 0 &&
  reply.readUInt16BE(6) === 1 &&
  reply.subarray(-4).join('.') === '192.0.2.7';

/** Asks one question after another until it is told to stop. */
async function askOn(ask: Ask, figures: Honest, isOver: () => boolean): Promise<void> {
  for (let id = 1; !isOver(); id = (id + 1) & 0xffff) {
    try {
      const reply = await ask(id);
      figures.answered += 1;
      if (!isRight(reply, id)) figures.wrong += 1;
    } catch {
      figures.lost += 1;
    }
  }
}

function framed(id: number): Buffer {
  const packet = query('steady.demo.local', { id });
  return Buffer.concat([Buffer.from([0, packet.length]), packet]);
}

async function overTcp(socket: Socket, id: number): Promise<Buffer> {
  socket.write(framed(id));
  let all = Buffer.alloc(0);
  while (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) {
    const [bytes] = (await once(socket, 'data', givesUp())) as [Buffer];
    all = Buffer.concat([all, bytes]);
  }
  return all.subarray(2);
}

/** Over UDP, over a connection that is kept, and over a new one for each question. */
async function honestClients(port: number) {
  const udp = createSocket('udp4');
  udp.connect(port, '127.0.0.1');
  await once(udp, 'connect');
  const kept = connect(port, '127.0.0.1');
  await once(kept, 'connect');
  const asks: Readonly<Record<string, Ask>> = {
    async udp(id) {
      udp.send(query('steady.demo.local', { id }));
      const [reply] = (await once(udp, 'message', givesUp())) as [Buffer];
      return reply;
    },
    'kept connection': (id) => overTcp(kept, id),
    async 'new connections'(id) {
      const socket = connect(port, '127.0.0.1');
      try {
        return await overTcp(socket, id);
      } finally {
        socket.destroy();
      }
    },
  };
  let isOver = false;
  const figures = Object.fromEntries(Object.keys(asks).map((name) => [name, { answered: 0, wrong: 0, lost: 0 }])) as Record<string, Honest>;
  const asking = Object.entries(asks).map(([name, ask]) => askOn(ask, figures[name] as Honest, () => isOver));
  return {
    figures,
    async stop() {
      isOver = true;
      await Promise.all(asking);
      udp.close();
      kept.destroy();
      return figures;
    },
  };
}

/** Sums of the counters of this name whose labels hold these words. */
async function counters() {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { headers: { connection: 'close' } })).text();
  return (name: string, ...labels: readonly string[]) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(name) && labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function residentMiB(): Promise<number> {
  const status = await readFile(`/proc/${overwatch.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Datagrams that the kernel threw away for this port, because nobody took them in time. */
async function kernelDrops(port: number): Promise<number> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/udp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[1]?.endsWith(local)).reduce((sum, row) => sum + Number(row.at(-1)), 0);
}

function isMany(count: number, what: string): void {
  assert.ok(count > 20, `${count} of ${what}`);
}

/** What each flood leaves in the counters; `sent` is what the kernel took from it. */
const leaves: Readonly<Record<Flood, (grown: (name: string, ...labels: string[]) => number, sent: number) => void>> = {
  garbage(grown) {
    for (const reason of ['short', 'response'])
      isMany(grown('opengslb_dns_dropped_total', 'transport="udp"', `reason="${reason}"`), reason);
    for (const status of ['FORMERR', 'NOTIMP']) isMany(grown('opengslb_dns_queries_total', `status="${status}"`), status);
  },
  responses(grown, sent) {
    assert.equal(grown('opengslb_dns_dropped_total', 'transport="udp"', 'reason="response"'), sent);
  },
  edns(grown) {
    for (const status of ['FORMERR', 'BADVERS', 'NOERROR']) isMany(grown('opengslb_dns_queries_total', `status="${status}"`), status);
  },
  connections(grown) {
    for (const reason of ['client-connections', 'oversized', 'unfinished']) {
      isMany(grown('opengslb_dns_dropped_total', 'transport="tcp"', `reason="${reason}"`), reason);
    }
  },
};

describe('a flood costs honest clients nothing', { skip: process.platform === 'linux' ? false : 'it reads /proc' }, () => {
  for (const flood of floods) {
    it(`of ${flood}`, { timeout: 120_000 }, async (t) => {
      const { dnsPort: port } = overwatch;
      const [before, memoryBefore, dropsBefore] = [await counters(), await residentMiB(), await kernelDrops(port)];
      const honest = await honestClients(port);
      const cells = new Int32Array(new SharedArrayBuffer(4 * floodCells));
      const settings: FloodSettings = { flood, port, perSecond: perSecond[flood], seed: Date.now(), cells };
      const thread = new Worker(threadFileBeside(import.meta.url.replace('/e2e/', '/'), 'dns-flood-thread'), { workerData: settings });
      const ended = once(thread, 'exit');
      const sent = () => Atomics.load(cells, floodCell.sent);
      const wanted = flood === 'connections' ? 1_000 : packetsWanted;
      const isDone = () => sent() >= wanted && Object.values(honest.figures).every(({ answered }) => answered >= answersWanted);
      await until('enough is sent and answered', () => (isDone() ? true : undefined), 60_000);
      Atomics.store(cells, floodCell.stop, 1);
      await ended;
      const figures = await honest.stop();
      const drops = (await kernelDrops(port)) - dropsBefore;
      const received = honestUdp(figures) + (flood === 'connections' ? 0 : sent()) - drops;

      const grownSince = async () => {
        const now = await counters();
        return (name: string, ...labels: string[]) => now(name, ...labels) - before(name, ...labels);
      };
      const grown = await until('every datagram is counted', async () => {
        const since = await grownSince();
        return since('opengslb_dns_thread_received_total') >= received ? since : undefined;
      });
      const memory = await residentMiB();
      t.diagnostic(
        `${sent()} sent, ${drops} dropped by the kernel; ${JSON.stringify(figures)}; ${memoryBefore.toFixed(0)} to ${memory.toFixed(0)} MiB`,
      );
      for (const [name, { wrong, lost }] of Object.entries(figures)) assert.deepEqual({ name, wrong, lost }, { name, wrong: 0, lost: 0 });
      assert.equal(grown('opengslb_dns_thread_received_total'), received);
      leaves[flood](grown, sent() - drops);
      assert.equal(grown('opengslb_dns_failures_total') + grown('opengslb_dns_thread_deaths_total'), 0);
      assert.ok(memory - memoryBefore < memoryMiBMax, `from ${memoryBefore} to ${memory} MiB`);
    });
  }
});

const honestUdp = (figures: Readonly<Record<string, Honest>>) => figures.udp?.answered ?? 0;
