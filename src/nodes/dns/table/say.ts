/**
 * A form of the table as a reply. The SOA goes in between the answer and the rest, behind the owner that the form has
 * for it; its signatures only where the asker wants signatures.
 */
import { additionalNeeded, form, soaShift, soaUse, zoneEntry } from './layout.ts';
import { optBytesOf, patchPointers, writeBare, writeHeader, writeOpt } from './message.ts';
import type { TableReader } from './reader.ts';
import { copyInto, type Room } from './room.ts';
import { soaBytes, soaCount, soaOf, writeSoa } from './soa.ts';

const truncated = 0x0200;

/** The length of the reply. */
export function sayForm(room: Room, table: TableReader, at: number, bytesMax: number, apexOffset: number): number {
  const { words, asked } = table;
  const flags = words[at + form.flags]!;
  const use = (flags >> soaShift) & 3;
  const ownerBytes = words[at + form.soa]! >>> 24;
  const soa = use === soaUse.none ? 0 : soaOf(table, table.zonesAt + zoneEntry.words * (words[at + form.soa]! & 0xffffff));
  const soaTotal = soa === 0 ? 0 : soaBytes(table, soa, ownerBytes);

  let bodyBytes = words[at + form.bytes]!;
  let additionals = words[at + form.more]! & 0xffff;
  const fixed = asked.questionEnd + soaTotal + optBytesOf(asked);
  if (fixed + bodyBytes > bytesMax) {
    bodyBytes = words[at + form.sections]! >>> 16;
    additionals = 0;
    if ((flags & additionalNeeded) !== 0 || fixed + bodyBytes > bytesMax) return writeBare(room, (flags & 0xffff) | truncated, asked);
  }
  const counts = words[at + form.counts]!;
  const soaRecords = soa === 0 ? 0 : soaCount(table, soa);
  const answers = (counts & 0xffff) + (use === soaUse.answer ? soaRecords : 0);
  const authorities = (counts >>> 16) + (use === soaUse.denial ? soaRecords : 0);
  writeHeader(room, flags & 0xffff, answers, authorities, additionals + (asked.hasOpt ? 1 : 0));

  const owner = 4 * (at + form.data);
  const body = 4 * at + words[at + form.body]!;
  let end = asked.questionEnd;
  if (soa === 0) {
    copyInto(room, end, table.memory, body, bodyBytes);
    if (apexOffset !== 0) {
      const patches = words[at + form.more]! >>> 16;
      patchPointers(table.memory, owner + ownerBytes, patches, room, end, bodyBytes, apexOffset);
    }
    end += bodyBytes;
  } else {
    const answerBytes = words[at + form.sections]! & 0xffff;
    copyInto(room, end, table.memory, body, answerBytes);
    end = writeSoa(room, end + answerBytes, table, soa, use, table.memory, owner, ownerBytes);
    copyInto(room, end, table.memory, body + answerBytes, bodyBytes - answerBytes);
    end += bodyBytes - answerBytes;
  }
  return writeOpt(room, end, asked);
}
