/**
 * The threads that answer UDP, kept alive. One that dies is taken off the table's list of readers, told of once, and
 * replaced at once by one that borrows the same sockets and answers what they hold; one that dies again and again is
 * replaced ever later. A thread is asked to end by a word in shared memory, and ended where it does not listen.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { UdpLoan } from '../../../native/udp-batch.ts';
import type { Logger } from '../../logger.ts';
import { threadFileBeside } from '../../thread-file.ts';
import type { Clock } from '../../world.ts';
import type { ReaderPlace } from '../table/reader.ts';
import { workerLimits } from './limits.ts';
import { type ReaderCounts, words } from './reader-counts.ts';
import type { TableNews } from './table-answers.ts';
import type { WorkerNotice, WorkerSettings } from './worker-thread.ts';

export interface PoolOptions {
  /** By worker. */
  readonly counts: readonly ReaderCounts[];
  readonly place: Omit<ReaderPlace, 'worker'>;
  /** What the table is at this moment, for a worker. */
  readonly newsFor: (worker: number) => TableNews;
  /** Takes what is to be called whenever that has changed: given before the first thread begins, so that no news passes it by. */
  readonly onNews: (tell: () => void) => void;
  readonly loansFor: (worker: number) => readonly UdpLoan[];
  readonly sample: number;
  /** Its reader reads no more. */
  readonly forget: (worker: number) => void;
  readonly onNotice: (worker: number, notice: Exclude<WorkerNotice, { readonly kind: 'serving' }>) => void;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
}

export interface WorkerPool {
  /** Threads that answer at this moment. */
  readonly serving: number;
  /** Threads that died and were replaced. */
  readonly deaths: number;
  /** Replaces the threads one after the other by ones with other sockets; after that nobody serves those of before. */
  lendAnew(): Promise<void>;
  /** Ends a thread in the middle of its work, as a crash does. */
  crash(worker: number): Promise<void>;
  /** Resolves when no thread is left: after their batches, or after `withinMs`. */
  close(withinMs: number): Promise<void>;
}

interface Running {
  readonly thread: Worker;
  readonly port: MessagePort;
  readonly gone: Promise<void>;
  isServing: boolean;
}

interface Place {
  readonly worker: number;
  running: Running | undefined;
  /** It is to end, and its end is no death. */
  isLeaving: boolean;
  startedAt: number;
  /** Deaths in a row, each soon after the start. */
  failures: number;
  callOff: () => void;
}

/** Rejects where a thread dies before it serves. */
export async function startPool(options: PoolOptions): Promise<WorkerPool> {
  const { counts, clock, logger } = options;
  const places: Place[] = counts.map((_, worker) => ({
    ...{ worker, running: undefined, isLeaving: false, startedAt: 0, failures: 0, callOff: () => {} },
  }));
  let deaths = 0;
  let isClosing = false;
  let isStarted = false;

  /** Resolves when the thread serves, rejects where it dies before. */
  function start(place: Place): Promise<void> {
    const { worker } = place;
    const { port1: port, port2 } = new MessageChannel();
    const { buffers, domains } = options.newsFor(worker);
    const ofWorker = counts[worker]!;
    ofWorker.domains = domains;
    Atomics.store(ofWorker.words, words.stop, 0);
    const workerData: WorkerSettings = {
      ...{ buffers, counts: ofWorker, port: port2, sample: options.sample },
      loans: options.loansFor(worker),
      place: { ...options.place, worker },
    };
    const file = threadFileBeside(import.meta.url, 'worker-thread');
    const thread = new Worker(file, { workerData, transferList: [port2], name: `dns-${worker}` });
    place.isLeaving = false;
    place.startedAt = clock.now();
    return new Promise((resolve, reject) => {
      let error: unknown;
      thread.on('error', (thrown) => {
        error = thrown;
      });
      const gone = new Promise<void>((isGone) => {
        thread.on('exit', (code) => {
          port.close();
          options.forget(worker);
          place.running = undefined;
          isGone();
          reject(error ?? new Error(`it ended with code ${code}`));
          ended(place, error ?? `it ended with code ${code}`);
        });
      });
      const running: Running = { thread, port, gone, isServing: false };
      place.running = running;
      port.on('message', (notice: WorkerNotice) => {
        if (notice.kind !== 'serving') return options.onNotice(worker, notice);
        running.isServing = true;
        resolve();
      });
    });
  }

  /**
   *     the thread              what follows
   *     was to end              nothing
   *     died before all served  the start as a whole fails
   *     died                    another, at once; later and later where it dies soon each time
   */
  function ended(place: Place, cause: unknown): void {
    if (place.isLeaving || isClosing || !isStarted) return;
    deaths += 1;
    const isProven = clock.now() - place.startedAt >= workerLimits.provenMs;
    place.failures = isProven ? 1 : place.failures + 1;
    const waitMs = place.failures === 1 ? 0 : Math.min(workerLimits.retryMs * 2 ** (place.failures - 2), workerLimits.retryMsMax);
    logger.error({ worker: place.worker, err: cause, againInMs: waitMs }, 'a thread that answers DNS died; another takes its sockets');
    // What follows from its death follows from `ended` again.
    const again = () => void start(place).catch(() => {});
    if (waitMs === 0) again();
    else place.callOff = clock.wakeAt(clock.now() + waitMs, again);
  }

  function askToLeave(place: Place): void {
    place.isLeaving = true;
    place.callOff();
    Atomics.store(counts[place.worker]!.words, words.stop, 1);
  }

  async function close(withinMs: number): Promise<void> {
    isClosing = true;
    for (const place of places) askToLeave(place);
    const callOff = clock.wakeAt(clock.now() + withinMs, () => {
      for (const { running } of places) void running?.thread.terminate();
    });
    await Promise.all(places.map(({ running }) => running?.gone));
    callOff();
  }

  options.onNews(() => {
    for (const { worker, running } of places) running?.port.postMessage(options.newsFor(worker));
  });
  try {
    await Promise.all(places.map(start));
    isStarted = true;
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    get serving() {
      return places.filter(({ running }) => running?.isServing === true).length;
    },
    get deaths() {
      return deaths;
    },
    async lendAnew() {
      for (const place of places) {
        if (isClosing) return;
        askToLeave(place);
        await place.running?.gone;
        // One that dies at once is dealt with like any other death.
        if (!isClosing) await start(place).catch(() => {});
      }
    },
    async crash(worker) {
      await places[worker]?.running?.thread.terminate();
    },
    close,
  };
}
