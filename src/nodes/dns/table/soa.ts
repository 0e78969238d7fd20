/** The SOA in a reply: one block a zone, because it changes with every serial and stands in every negative answer. */
import { soaBlock, soaUse, ttlOffset, zoneEntry } from './layout.ts';
import type { TableReader } from './reader.ts';
import { copyInto, type Room } from './room.ts';

/** The SOA of this moment; `zone` is its entry. */
export function soaOf({ words }: TableReader, zone: number): number {
  return Atomics.load(words, zone + zoneEntry.soa);
}

/** What it takes with its signatures, each behind an owner of so many bytes. */
export function soaBytes({ words, asked }: TableReader, soa: number, ownerBytes: number): number {
  let total = ownerBytes + words[soa + soaBlock.bytes]!;
  if (!asked.dnssecOk) return total;
  const signatures = words[soa + soaBlock.signatures]!;
  for (let index = 0; index < signatures; index += 1) total += ownerBytes + words[soa + soaBlock.first + index]!;
  return total;
}

export function soaCount({ words, asked }: TableReader, soa: number): number {
  return asked.dnssecOk ? 1 + words[soa + soaBlock.signatures]! : 1;
}

/** The owner stands in `owners` at `owner`. Where the SOA and what signs it end. */
export function writeSoa(
  room: Room,
  at: number,
  table: TableReader,
  soa: number,
  use: number,
  owners: Room,
  owner: number,
  ownerBytes: number,
): number {
  const { words } = table;
  const records = soaCount(table, soa);
  const ttl = words[soa + (use === soaUse.answer ? soaBlock.answerTtl : soaBlock.denialTtl)]!;
  let from = 4 * (soa + soaBlock.first + words[soa + soaBlock.signatures]!);
  let end = at;
  for (let index = 0; index < records; index += 1) {
    const length = words[index === 0 ? soa + soaBlock.bytes : soa + soaBlock.first + index - 1]!;
    copyInto(room, end, owners, owner, ownerBytes);
    end += ownerBytes;
    copyInto(room, end, table.memory, from, length);
    room.view.setInt32(end + ttlOffset, ttl);
    from += length;
    end += length;
  }
  return end;
}
