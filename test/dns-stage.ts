/**
 * A DNS server on its threads, clients on threads of their own that judge every answer, and a writer that changes what is
 * said all the while. Each publication writes its number into the addresses, so that a client can tell whether an answer
 * was valid at a moment between its question and its reply.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { systemClock } from '../src/nodes/clock.ts';
import { createAnswerTable } from '../src/nodes/dns/table.ts';
import { createTableReaders, type TableReaders } from '../src/nodes/dns/workers/table-readers.ts';
import { startTableServer, type TableServer, type TableServerOptions } from '../src/nodes/dns/workers/table-server.ts';
import type { ZoneSet } from '../src/nodes/dns/zone.ts';
import { zoneSet } from '../src/nodes/dns/zones.ts';
import { threadFileBeside } from '../src/nodes/thread-file.ts';
import type { ServiceAnswer } from '../src/projections/answers.ts';
import { type ClientSettings, cell, clientCells } from './dns-client-thread.ts';
import { configurationOf } from './given.ts';

/** In every zone set. */
export const steady = 'steady.example.com';
/** In a zone that comes and goes. */
export const passing = 'app.passing.test';

/** `more`: how many names there are besides. */
export function zonesWith(more: number, withPassing = true): ZoneSet {
  const names = [steady, ...Array.from({ length: more }, (_, index) => `name-${index}.example.com`), ...(withPassing ? [passing] : [])];
  const configuration = configurationOf({
    dns: { zones: ['example.com', ...(withPassing ? ['passing.test'] : [])] },
    regions: [{ name: 'eu' }],
    domains: names.map((name) => ({ name, regions: ['eu'] })),
  });
  return zoneSet(configuration, '127.0.0.1:53');
}

/** Publication `number` of a service: two addresses that must always come together. */
export function numbered(service: string, number: number): ServiceAnswer {
  const low = `${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}`;
  const spoke = { addresses: [`10.${low}`, `11.${low}`], weight: 1 };
  return {
    ...{ service, ttlSeconds: 20, algorithm: 'round-robin', candidates: [] },
    families: { A: { tier: 'fit', wheel: { spokes: [spoke], draw: 'sequence' } }, AAAA: undefined },
  };
}

export interface Stage {
  readonly server: TableServer;
  readonly readers: TableReaders;
  /** Lines of the log. */
  readonly lines: readonly string[];
  /** Publishes the next number under all names of the zones, and says so to clients. */
  publishNext(services?: readonly string[]): void;
  replaceZones(zones: ZoneSet): void;
  clients(count: number, settings?: Partial<ClientSettings>): Promise<Clients>;
  close(): Promise<void>;
}

export interface Figures {
  readonly asked: number;
  readonly answered: number;
  readonly lost: number;
  readonly wrong: number;
  readonly slowestMs: number;
}

export interface Clients {
  figures(): Figures;
  /** Ends when every question has its reply or is given up. */
  stop(): Promise<Figures>;
}

export async function openStage(threads: number, options: Partial<TableServerOptions> = {}, zones = zonesWith(10)): Promise<Stage> {
  const truth = new Int32Array(new SharedArrayBuffer(4 * clientCells));
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const source = createAnswerTable(zones, 0);
  const readers = createTableReaders(source, threads);
  let number = 0;
  let position = 0;
  const publishNext = (services: readonly string[] = [steady, passing]): void => {
    number += 1;
    // Begun before the first byte is written, done after the last: what is in between may be seen or not.
    Atomics.store(truth, cell.begun, number);
    readers.writer.publish(
      services.map((service) => numbered(service, number)),
      number,
      ++position,
    );
    Atomics.store(truth, cell.done, number);
  };
  publishNext();
  const server = await startTableServer({
    ...{ listenAddress: '127.0.0.1:0', readers, clock: systemClock(), chance: Math.random, logger },
    ...options,
  });
  const running: Clients[] = [];
  return {
    ...{ server, readers, lines, publishNext },
    replaceZones(next) {
      readers.writer.replaceZones(next, number, ++position);
      // The passing zone may have lost its answers, and new ones have none.
      publishNext();
    },
    async clients(count, settings = {}) {
      const clients = await startClients(count, { port: server.port, truth, sockets: 8, kind: 'honest', giveUpMs: 3_000, ...settings });
      running.push(clients);
      return clients;
    },
    async close() {
      for (const clients of running) await clients.stop();
      await server.close();
    },
  };
}

async function startClients(count: number, settings: Omit<ClientSettings, 'cells'>): Promise<Clients> {
  const threads = Array.from({ length: count }, () => {
    const cells = new Int32Array(new SharedArrayBuffer(4 * clientCells));
    const workerData: ClientSettings = { ...settings, cells };
    return { cells, thread: new Worker(threadFileBeside(import.meta.url, 'dns-client-thread'), { workerData }) };
  });
  await Promise.all(threads.map(({ thread }) => once(thread, 'message')));
  const sum = (at: number) => threads.reduce((total, { cells }) => total + Atomics.load(cells, at), 0);
  const figures = (): Figures => ({
    asked: sum(cell.asked),
    answered: sum(cell.answered),
    lost: sum(cell.lost),
    wrong: sum(cell.wrong),
    slowestMs: Math.max(...threads.map(({ cells }) => Atomics.load(cells, cell.slowestMs))),
  });
  const ends = threads.map(({ thread }) => once(thread, 'exit'));
  return {
    figures,
    async stop() {
      for (const { cells } of threads) Atomics.store(cells, cell.stop, 1);
      await Promise.all(ends);
      return figures();
    },
  };
}
