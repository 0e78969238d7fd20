/**
 * Answers from the shared table, a batch at a time, and counts what `answer` leaves open: how long replies took, by the
 * mean of their batch, and which service was asked for. The same for threads that answer UDP and for the main thread's
 * TCP. Nothing of the table is held between batches.
 */
import { rcodes } from '../codes.ts';
import type { Transport } from '../counts.ts';
import { answer, type TableClient } from '../table/answer.ts';
import { generationOf } from '../table/control.ts';
import { countAnswered } from '../table/counting.ts';
import type { TableDraws } from '../table/draws.ts';
import { beginReading, createTableReader, endReading, type ReaderPlace, type TableBuffers, type TableReader } from '../table/reader.ts';
import type { Room } from '../table/room.ts';
import { headerBytes } from '../wire.ts';
import { countDomain, countDuration, durationRows, type ReaderCounts, rowOf, words } from './reader-counts.ts';

/** What the writer sends to readers: the buffers of a generation, and where this reader counts services from then on. */
export interface TableNews {
  readonly buffers: TableBuffers;
  readonly domains: Int32Array<SharedArrayBuffer>;
}

export interface TableAnswersOptions {
  readonly place: ReaderPlace;
  readonly buffers: TableBuffers;
  readonly counts: ReaderCounts;
  readonly transport: Transport;
  readonly draws: TableDraws;
  /** What the writer has sent, oldest first. */
  readonly receive: () => TableNews | undefined;
  /** Answering failed: a broken invariant. The query gets SERVFAIL and is counted. */
  readonly onFailure: (error: unknown) => void;
}

export interface TableAnswers {
  /** What was said last stands in it. */
  readonly reader: TableReader;
  begin(): void;
  /** Who sends the next query: so many bytes of an address in the network's order. */
  from(peer: Uint8Array, at: number, bytes: number): void;
  /** The length of the reply, which is written over the query; 0: nothing is said. */
  answer(room: Room, length: number): number;
  end(): void;
  /** Takes what the writer has sent meanwhile, so that the memory of before is free though nobody asks anything. */
  rest(): void;
}

const msPerSecond = 1000;

export function createTableAnswers(options: TableAnswersOptions): TableAnswers {
  const { place, buffers, counts, transport, draws, onFailure } = options;
  const reader = createTableReader(place, buffers);
  const client: TableClient = { transport };
  const replies = new Int32Array(durationRows);
  let answered = 0;
  let startedAt = 0;

  const receive = (): TableBuffers | undefined => {
    const news = options.receive();
    if (news === undefined) return undefined;
    counts.domains = news.domains;
    return news.buffers;
  };
  const failed = (room: Room, error: unknown): number => {
    counts.words[words.failed]! += 1;
    reader.saidService = -1;
    countAnswered(reader, transport === 'tcp', -1, rcodes.SERVFAIL);
    onFailure(error);
    return writeFailure(room);
  };

  return {
    reader,
    begin() {
      beginReading(reader, receive);
      startedAt = performance.now();
    },
    from(peer, at, bytes) {
      reader.peer = peer;
      reader.peerAt = at;
      reader.peerBytes = bytes;
    },
    answer(room, length) {
      let replied: number;
      try {
        replied = answer(room, length, client, reader, draws);
      } catch (error) {
        replied = failed(room, error);
      }
      if (replied === 0) return 0;
      answered += 1;
      const { saidRcode, saidService } = reader;
      replies[rowOf(saidRcode)]! += 1;
      if (saidService >= 0) countDomain(counts, saidService, reader.asked.type, saidRcode === rcodes.SERVFAIL);
      return replied;
    },
    end() {
      if (answered > 0) {
        const each = (performance.now() - startedAt) / msPerSecond / answered;
        for (let row = 0; row < durationRows; row += 1) {
          if (replies[row] !== 0) countDuration(counts, row, replies[row]!, each);
        }
        replies.fill(0);
        answered = 0;
      }
      endReading(reader);
    },
    rest() {
      if (reader.generation === generationOf(reader.control)) return;
      beginReading(reader, receive);
      endReading(reader);
    },
  };
}

/** SERVFAIL that needs no more of the packet than its id. */
function writeFailure({ view }: Room): number {
  view.setUint16(2, 0x8000 | rcodes.SERVFAIL);
  for (let at = 4; at < headerBytes; at += 2) view.setUint16(at, 0);
  return headerBytes;
}
