/**
 * The DNS server of an overwatch: threads answer UDP and the main thread answers TCP, all from the shared table. The main
 * thread opens and owns every socket and never answers a datagram, so nothing that keeps it busy delays one. It opens
 * both or neither, and once open it stays open until it is closed.
 */
import { availableParallelism } from 'node:os';
import { bestUdp } from '../../../native/load-udp.ts';
import type { Udp } from '../../../native/udp-batch.ts';
import type { ListenAddress } from '../../listen-address.ts';
import type { Logger } from '../../logger.ts';
import type { Chance, Clock } from '../../world.ts';
import { createDnsCounter } from '../counts.ts';
import { type DnsLimits, dnsLimits } from '../limits.ts';
import type { DnsNumbers } from '../numbers.ts';
import { openBoth, type UdpOpened } from '../open-both.ts';
import type { DnsServer } from '../server.ts';
import { listenTcp } from '../tcp.ts';
import { type LentSockets, openLentSockets } from './lent-sockets.ts';
import { workerLimits } from './limits.ts';
import { startPool, type WorkerPool } from './pool.ts';
import { createQueryLog } from './query-log.ts';
import type { TableReaders } from './table-readers.ts';

export interface TableServerOptions {
  /** `host:port`; port 0 takes one that is free for both, no host takes every address. */
  readonly listenAddress: string;
  readonly readers: TableReaders;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Share of the queries that are logged. Asked once. Default: none. */
  readonly sample?: number;
  readonly limits?: Partial<DnsLimits>;
  /** How datagrams are taken. Default: the best way that this machine has. */
  readonly udp?: Udp;
}

export interface TableServer extends DnsServer {
  readonly numbers: DnsNumbers;
  readonly pool: WorkerPool;
  /** Where UDP is answered. */
  readonly addresses: readonly string[];
}

/** How many threads answer: as many as are asked for, or all cores but one. */
export function threadsFor(asked: number, cores: number = availableParallelism()): number {
  return asked > 0 ? asked : Math.max(1, cores - 1);
}

/** Rejects with a ListenError. */
export async function startTableServer(options: TableServerOptions): Promise<TableServer> {
  const { readers, clock, chance, logger, sample = 0 } = options;
  const limits = { ...dnsLimits, ...options.limits };
  const udp = options.udp ?? (await chosenUdp(logger));
  const counter = createDnsCounter();
  const queryLog = createQueryLog(logger, readers.counts);
  const onFailure = (error: unknown) => logger.error({ err: error }, 'a DNS query could not be answered: a fault to report');
  const answer = readers.answerTcp({ chance, sample, onSample: queryLog.write, onFailure });
  const opened = await openBoth(options.listenAddress, limits, {
    tcp: (address) => listenTcp(address, { answer, onCount: counter.count, limits, clock }),
    udp: (address) => openThreads(udp, address, { ...options, sample, limits, onSample: queryLog.taken, onFailure }),
  });
  const { tcp, udp: threads } = opened;
  const callOffGathering = every(clock, workerLimits.gatherEveryMs, () => readers.gather());
  const numbers = readers.numbers({ tcp: counter.tally, kind: () => udp.kind, pool: () => threads.pool });
  let closing: Promise<unknown> | undefined;
  return {
    ...{ port: tcp.port, numbers, pool: threads.pool },
    get addresses() {
      return threads.addresses();
    },
    close: async () => {
      callOffGathering();
      closing ??= Promise.all([threads.close(), tcp.close()]);
      await closing;
    },
  };
}

async function chosenUdp(logger: Pick<Logger, 'warn'>): Promise<Udp> {
  const { udp, whyPlain } = await bestUdp();
  if (whyPlain !== undefined) logger.warn(`DNS answers datagrams one by one, which costs four times the time: ${whyPlain}`);
  return udp;
}

interface Threads extends UdpOpened {
  readonly pool: WorkerPool;
  readonly addresses: () => readonly string[];
}

interface ThreadsOptions extends TableServerOptions {
  readonly sample: number;
  readonly limits: DnsLimits;
  readonly onSample: (worker: number, sample: Parameters<ReturnType<typeof createQueryLog>['taken']>[1]) => void;
  readonly onFailure: (error: unknown) => void;
}

async function openThreads(udp: Udp, address: ListenAddress, options: ThreadsOptions): Promise<Threads> {
  const { readers, clock, logger, sample, limits, onSample, onFailure } = options;
  // Where a port cannot be shared, one thread has it.
  const counts = udp.sharesPorts ? readers.counts : readers.counts.slice(0, 1);
  const sockets = await openLentSockets({ udp, address, workers: counts.length, logger });
  try {
    const { control, workers } = readers.writer;
    const pool = await startPool({
      ...{ counts, clock, logger, sample, place: { control, workers } },
      newsFor: readers.newsFor,
      onNews: readers.onNews,
      loansFor: sockets.loansFor,
      forget: readers.writer.forget,
      onNotice(worker, notice) {
        if (notice.kind === 'sampled') onSample(worker, notice.sample);
        else onFailure(new Error(notice.error));
      },
    });
    const stopFollowing = followAddresses(sockets, pool, clock, address, logger);
    return {
      pool,
      addresses: () => sockets.addresses,
      async close() {
        await stopFollowing();
        await pool.close(limits.closeMs);
        sockets.close();
      },
    };
  } catch (error) {
    sockets.close();
    throw error;
  }
}

/** Where every address is listened on, those that come and go are followed. Returns how to stop it. */
function followAddresses(
  sockets: LentSockets,
  pool: WorkerPool,
  clock: Clock,
  { host }: ListenAddress,
  logger: Pick<Logger, 'error'>,
): () => Promise<void> {
  if (host !== '' && host !== '::' && host !== '0.0.0.0') return async () => {};
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    try {
      if (!(await sockets.follow())) return;
      await pool.lendAnew();
      sockets.closeLeftOut();
    } catch (error) {
      logger.error({ err: error }, 'the addresses of this machine could not be followed; DNS goes on where it listens');
    }
  };
  const callOff = every(clock, workerLimits.addressesEveryMs, () => {
    looking = looking.then(look);
  });
  return () => {
    callOff();
    return looking;
  };
}

function every(clock: Clock, everyMs: number, work: () => void): () => void {
  let callOff = () => {};
  const arm = () => {
    callOff = clock.wakeAt(clock.now() + everyMs, () => {
      work();
      arm();
    });
  };
  arm();
  return () => callOff();
}
