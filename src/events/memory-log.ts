/**
 * A log in memory, for simulations and tests: the same bytes, the same codec and the same chain as on disk, and gone
 * when the process ends. Stable storage is what has been synced; nothing here can lose the rest.
 */
import type { StoredRecord } from './chain.ts';
import { type BatchStore, openChainedLog } from './chained-log.ts';
import { type Codec, codec as ownCodec } from './codec.ts';
import { type EventLog, noHash } from './log.ts';

export function openMemoryLog({ node, codec = ownCodec }: { readonly node: string; readonly codec?: Codec }): EventLog {
  return openChainedLog({ store: memoryStore(), node, codec, end: { position: 0, at: 0, hash: noHash } });
}

/** Batches a chunk: enough that reading is not about chunks, few enough that a reader who stops early saved something. */
const chunkLength = 256;

function memoryStore(): BatchStore {
  const records: StoredRecord[] = [];
  return {
    async write(record, _end, sync) {
      records.push(record);
      return sync;
    },
    async sync() {},
    async *read(from) {
      for (let index = holderOf(records, from); index < records.length; index += chunkLength) {
        yield records.slice(index, index + chunkLength);
      }
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
