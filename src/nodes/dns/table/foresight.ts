/**
 * Has the processor fetch what a batch of queries will need, before the first of them is answered. In a large table each
 * answer touches places that no cache holds, and one after another each is waited for; loads that do not depend on each
 * other are waited for together. So it goes over the batch pass by pass, and in each the loads of all queries are under
 * way at once:
 *
 *     pass    reads of each query             to know
 *     1       the name in the packet          which entry of the index it has
 *     2       that entry                      which block
 *     3       the beginning of that block
 *
 * It decides nothing: where it looks at the wrong place (an odd packet, an entry of another name) time is lost, and no
 * answer is another. A table that fits into caches gains nothing by it, and is left alone.
 */
import { headerBytes } from '../wire.ts';
import { firstEntry, hashPrime, hashSeed, indexEntryWords } from './layout.ts';
import type { TableReader } from './reader.ts';
import type { Room } from './room.ts';

/** Smaller tables stay in the caches of any processor by themselves. */
export const foreseenFromBytes = 4 * 1024 * 1024;
/** Fewer queries have too little to share. */
const queriesMin = 4;
/** The name, its choices, and the forms of a reply for three addresses. */
const blockWords = 96;
/** Words of a line of the cache. */
const lineWords = 16;
/** A name is read here without checks, so a packet that is none may lead this far, and no further. */
const nameBytesMax = 255;

export interface Foresight {
  /** For the queries in the first `count` rooms, between `beginReading` and `endReading`: how many led to a name of the table. */
  foresee(rooms: readonly Room[], count: number, table: TableReader): number;
}

export function createForesight(queriesMax: number): Foresight {
  const places = new Int32Array(queriesMax);
  /** What was read. Without it reading would be left out as useless. */
  const seen = new Int32Array(1);

  return {
    foresee(rooms, count, { words, indexAt, indexMask }) {
      if (count < queriesMin || words.byteLength < foreseenFromBytes) return 0;
      for (let query = 0; query < count; query += 1) {
        places[query] = indexAt + indexEntryWords * firstEntry(hashIn(rooms[query]!.bytes), indexMask);
      }
      let found = 0;
      for (let query = 0; query < count; query += 1) {
        const block = words[places[query]! + 1]!;
        places[query] = block;
        if (block !== 0) found += 1;
      }
      const last = words.length - blockWords;
      let sum = 0;
      for (let query = 0; query < count; query += 1) {
        const block = Math.min(places[query]!, last);
        for (let word = block; word < block + blockWords; word += lineWords) sum ^= words[word]!;
      }
      seen[0] = sum;
      return found;
    },
  };
}

/** The hash of the question's name, as `asked.ts` will find it; of anything else some number. */
function hashIn(bytes: Uint8Array): number {
  const limit = headerBytes + nameBytesMax;
  let end = headerBytes;
  while (end < limit && bytes[end]! !== 0) end += 1 + bytes[end]!;
  let hash: number = Math.imul(hashSeed, hashPrime);
  if (end >= limit) return hash;
  for (let at = end - 1; at >= headerBytes; at -= 1) {
    const byte = bytes[at]!;
    hash = Math.imul(hash ^ (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte), hashPrime);
  }
  return hash;
}
