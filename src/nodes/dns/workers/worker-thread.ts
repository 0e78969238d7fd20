/**
 * A thread that answers DNS over UDP: it borrows sockets, takes datagrams in batches and answers each from the shared
 * table where it stands. It hears of the main thread only between batches, by words in shared memory and a port that it
 * empties, and never waits for it. Only pool.ts starts it.
 */
import assert from 'node:assert/strict';
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { peerAddressAt, peerFamily } from '../../../native/kernel-address.ts';
import { loadUdp } from '../../../native/load-udp.ts';
import type { UdpLoan } from '../../../native/udp-batch.ts';
import { countingDraws } from '../table/draws.ts';
import type { ReaderPlace, TableBuffers } from '../table/reader.ts';
import { roomOf } from '../table/room.ts';
import { workerLimits } from './limits.ts';
import { peerText, type QuerySample, sampleOf, sampling } from './query-samples.ts';
import { type ReaderCounts, words } from './reader-counts.ts';
import { createTableAnswers, type TableNews } from './table-answers.ts';

/** What a thread is started with. */
export interface WorkerSettings {
  readonly loans: readonly UdpLoan[];
  readonly place: ReaderPlace;
  readonly buffers: TableBuffers;
  readonly counts: ReaderCounts;
  /** News come in here, and notices go out. */
  readonly port: MessagePort;
  /** Share of the queries that are told for the query log. */
  readonly sample: number;
}

export type WorkerNotice =
  /** It answers from now on. */
  | { readonly kind: 'serving' }
  | { readonly kind: 'sampled'; readonly sample: QuerySample }
  /** Answering failed for the first time in this thread; further failures are only counted. */
  | { readonly kind: 'failed'; readonly error: string };

const { loans, place, buffers, counts, port, sample } = workerData as WorkerSettings;
const [loan] = loans;
assert(loan !== undefined, 'a thread that answers has a socket');

const tell = (notice: WorkerNotice) => port.postMessage(notice);
let hasFailed = false;
const answers = createTableAnswers({
  ...{ place, buffers, counts, transport: 'udp' as const, draws: countingDraws(Math.random) },
  receive: () => receiveMessageOnPort(port)?.message as TableNews | undefined,
  onFailure(error) {
    if (hasFailed) return;
    hasFailed = true;
    tell({ kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  },
});

const udp = await loadUdp(loan.kind);
const { slots, slotBytes, timeoutMs } = workerLimits;
const batch = udp.batchOn(loans, { slots, slotBytes, timeoutMs, counters: counts.udp });
const rooms = Array.from({ length: batch.slots }, (_, slot) => roomOf(batch.bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes)));
const isSampled = sampling(sample, Math.random);

function tellSample(slot: number): void {
  const sampled = sampleOf(answers.reader, counts, 'udp', () => peerText(batch.peers, slot));
  if (sampled !== undefined) tell({ kind: 'sampled', sample: sampled });
}

let isTold = false;
await batch.serve({
  goOn() {
    if (!isTold) tell({ kind: 'serving' });
    isTold = true;
    answers.rest();
    return Atomics.load(counts.words, words.stop) === 0;
  },
  answer(count) {
    answers.begin();
    for (let slot = 0; slot < count; slot += 1) {
      answers.from(batch.peers, peerAddressAt(batch.peers, slot), peerFamily(batch.peers, slot) === 4 ? 4 : 16);
      const length = answers.answer(rooms[slot]!, batch.lengthOf(slot));
      if (length === 0) continue;
      batch.reply(slot, length);
      if (isSampled()) tellSample(slot);
    }
    answers.end();
  },
});
port.close();
