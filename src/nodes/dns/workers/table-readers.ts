/**
 * The shared table with everybody who reads it: as many threads as were asked for, and the main thread for TCP. Here the
 * writer's news are kept for those who begin later, and here their counts come together.
 */
import { type Udp, udpCounterAt } from '../../../native/udp-batch.ts';
import type { Chance } from '../../world.ts';
import type { Answer } from '../answering.ts';
import type { DnsTally, DropReason } from '../counts.ts';
import type { DnsNumbers } from '../numbers.ts';
import { countingDraws } from '../table/draws.ts';
import type { TableBuffers } from '../table/reader.ts';
import { createTableWriter, type TableWriter } from '../table/writer.ts';
import type { AnswerTable } from '../table.ts';
import { type QuerySample, sampling } from './query-samples.ts';
import { createReaderCounts, type ReaderCounts, words } from './reader-counts.ts';
import { createTableAnswers, type TableNews } from './table-answers.ts';
import { createTallies } from './tallies.ts';
import { tcpAnswers } from './tcp-answers.ts';

export interface TableReaders {
  readonly writer: TableWriter;
  /** Of the threads. */
  readonly counts: readonly ReaderCounts[];
  /** What a thread begins with. */
  newsFor(thread: number): TableNews;
  /** Who passes the writer's news on to threads that run. */
  onNews(tell: () => void): void;
  /** Answers on the main thread. */
  answerTcp(options: MainOptions): Answer;
  /** Adds up what is counted: to be called now and then. */
  gather(): void;
  numbers(server: ServerNumbers): DnsNumbers;
}

export interface MainOptions {
  readonly chance: Chance;
  /** Share of the queries that are told for the query log. */
  readonly sample: number;
  readonly onSample: (sample: QuerySample) => void;
  readonly onFailure: (error: unknown) => void;
}

/** What the server around the readers knows. */
export interface ServerNumbers {
  /** What TCP dropped, and failures of its sockets. */
  readonly tcp: () => DnsTally;
  readonly kind: () => Udp['kind'] | undefined;
  readonly pool: () => { readonly serving: number; readonly deaths: number } | undefined;
}

/** What the counters of sockets mean, where the table counted an answer that nobody got. */
const dropReasons = { unanswerable: 'no-source-port', crowdedOut: 'unsent-replies', refused: 'send-failed' } as const satisfies Partial<
  Record<keyof typeof udpCounterAt, DropReason>
>;

/** Room for services that come later, so that it is seldom made anew. */
const roomFor = (services: number) => services + (services >> 2) + 256;

export function createTableReaders(source: AnswerTable, threads: number): TableReaders {
  const readers = threads + 1;
  const counts = Array.from({ length: readers }, () => createReaderCounts(roomFor(servicesOf(source))));
  const main = counts[threads]!;
  let buffers: TableBuffers | undefined;
  let unread = false;
  let tell = () => {};
  let known: TableWriter | undefined;
  const tallies = createTallies({ writer: () => writer, counts });
  const newsFor = (reader: number): TableNews => ({ buffers: buffers as TableBuffers, domains: counts[reader]!.domains });

  const writer = createTableWriter(source, {
    workers: readers,
    onBuffers(latest) {
      buffers = latest;
      const services = known?.serviceNumbers().size ?? 0;
      if (services > tallies.room) tallies.grow(roomFor(services));
      unread = true;
      tell();
    },
  });
  known = writer;
  const ofThreads = counts.slice(0, threads);

  return {
    writer,
    counts: ofThreads,
    newsFor,
    onNews(told) {
      tell = told;
    },
    gather: tallies.gather,
    answerTcp({ chance, sample, onSample, onFailure }) {
      const answers = createTableAnswers({
        ...{ buffers: buffers as TableBuffers, counts: main, transport: 'tcp' as const, draws: countingDraws(chance), onFailure },
        place: { control: writer.control, workers: readers, worker: threads },
        receive() {
          if (!unread) return undefined;
          unread = false;
          return newsFor(threads);
        },
      });
      return tcpAnswers(answers, { isSampled: sampling(sample, chance), counts: main, onSample });
    },
    numbers({ tcp, kind, pool }) {
      const udp = (counter: keyof typeof udpCounterAt) => ofThreads.map((each) => each.udp[udpCounterAt[counter]]!);
      const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
      return {
        queries: tallies.queries,
        dropped: () => {
          const ofSockets = Object.entries(dropReasons).map(([counter, reason]) => ({
            ...{ transport: 'udp' as const, reason, count: total(udp(counter as keyof typeof dropReasons)) },
          }));
          return [...tallies.dropped(), ...ofSockets.filter(({ count }) => count > 0), ...tcp().dropped];
        },
        durations: tallies.durations,
        failed: () => total(counts.map((each) => each.words[words.failed]!)),
        socketFailed: () => tcp().socketFailed + total(udp('receiveFailed')),
        collectDecisions: (decided) => writer.collectDecisions(decided),
        table: () => {
          const { names, bufferBytes } = writer.size();
          return { names, bytes: bufferBytes, publication: writer.publication.number };
        },
        threads: () => ({
          ...{ kind: kind(), serving: pool()?.serving ?? 0, deaths: pool()?.deaths ?? 0 },
          ...{ received: udp('received'), batches: udp('batches') },
          samplesDropped: total(counts.map((each) => each.words[words.samplesDropped]!)),
        }),
      };
    },
  };
}

function servicesOf({ zones }: AnswerTable): number {
  let count = 0;
  for (const { nodes } of zones.zones.values()) for (const { service } of nodes.values()) if (service !== undefined) count += 1;
  return count;
}
