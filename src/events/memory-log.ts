/**
 * A log in memory, for simulations and tests: the same bytes, the same codec and the same chain as on disk, and gone
 * when the process ends. Stable storage is what has been synced; nothing here can lose the rest.
 */
import type { StoredRecord } from './chain.ts';
import { type BatchStore, openChainedLog } from './chained-log.ts';
import { type Codec, codec as ownCodec } from './codec.ts';
import { type EventLog, type LogError, noHash } from './log.ts';

export interface MemoryLogOptions {
  readonly node: string;
  readonly codec?: Codec;
  /** Asked before each write: what it returns, the disk refuses with. Default: it never refuses. */
  readonly refusal?: () => LogError | undefined;
  /** As of every log. */
  readonly heldBytesMax?: number;
}

export function openMemoryLog({ node, codec = ownCodec, refusal = () => undefined, ...rest }: MemoryLogOptions): EventLog {
  return openChainedLog({ store: memoryStore(refusal), node, codec, end: { position: 0, at: 0, hash: noHash }, ...rest });
}

/** Batches a chunk: enough that reading is not about chunks, few enough that a reader who stops early saved something. */
const chunkLength = 256;

function memoryStore(refusal: () => LogError | undefined): BatchStore {
  let records: StoredRecord[] = [];
  const mayRefuse = () => {
    const error = refusal();
    if (error !== undefined) throw error;
  };
  return {
    async write(record, _end, sync) {
      mayRefuse();
      records.push(record);
      return sync;
    },
    async sync() {
      mayRefuse();
    },
    async recover({ position }, unsynced) {
      mayRefuse();
      while ((records.at(-1)?.first ?? 0) > position) records.pop();
      records.push(...unsynced);
    },
    async *read(from) {
      // Removing makes another list, so that whoever reads this one goes on in it.
      const held = records;
      for (let index = holderOf(held, from); index < held.length; index += chunkLength) {
        yield held.slice(index, index + chunkLength);
      }
    },
    async noteStart() {
      mayRefuse();
    },
    async remove(_from, before) {
      mayRefuse();
      records = records.filter(({ first }) => first >= before);
      return undefined;
    },
    async reclaim() {},
    async size(from) {
      return records.reduce((sum, { first, bytes }) => sum + (first >= from ? bytes.length : 0), 0);
    },
    async close() {},
  };
}

/** The index of the last record that begins at or before `position`, by halving. */
function holderOf(records: readonly StoredRecord[], position: number): number {
  let low = 0;
  let high = records.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((records[middle] as StoredRecord).first <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
