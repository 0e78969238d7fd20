/**
 * Answers a packet from the table, in place: finds the name, draws a spoke, copies bytes that were put together when the
 * facts arrived. Byte for byte what the reference responder says, for every packet, table and draw; a property test
 * holds it to that. Nothing is allocated, thrown or logged; what is said is counted.
 *
 * | question                                  | where its reply stands                                       |
 * |-------------------------------------------|--------------------------------------------------------------|
 * | not plain                                 | `odd.ts`                                                     |
 * | a class or type that nobody answers       | an rcode                                                     |
 * | a name of the table                       | its entry for the type, or its choice for others             |
 * | none, and no ancestor of it               | REFUSED                                                      |
 * | none, its closest ancestor at or below a delegation | that ancestor's choice for names below             |
 * | none, otherwise                           | NXDOMAIN: the zone's SOA and the NSEC records that span it   |
 */
import { classIn, rcodes, types } from '../codes.ts';
import type { Transport } from '../counts.ts';
import { headerBytes } from '../wire.ts';
import { type Asked, readPlain } from './asked.ts';
import { countAnswered, countDropped } from './counting.ts';
import { sayDenial } from './denial.ts';
import type { TableDraws } from './draws.ts';
import { choice, drawKind, firstEntry, form, indexEntryWords, nameBlock, zoneEntry } from './layout.ts';
import { bytesMaxFor, writeBare } from './message.ts';
import { answerOdd } from './odd.ts';
import { choiceAtPlace } from './places.ts';
import type { TableReader } from './reader.ts';
import type { Room } from './room.ts';
import { sayForm } from './say.ts';

export interface TableClient {
  readonly transport: Transport;
}

/** The length of the reply, which stands where the query stood; 0: nothing is said. `room` is enough for any reply that its transport takes. */
export function answer(room: Room, length: number, client: TableClient, table: TableReader, draws: TableDraws): number {
  const overTcp = client.transport === 'tcp';
  table.saidService = -1;
  table.saidDraw = -1;
  if (length < headerBytes) return countDropped(table, overTcp, 0);
  if (room.bytes[2]! >= 0x80) return countDropped(table, overTcp, 1);
  if (!readPlain(room.bytes, length, table.asked)) return answerOdd(room, length, overTcp, table, answerPlain, draws);
  return answerPlain(room, overTcp, table, draws);
}

/** Answers what `table.asked` holds. */
function answerPlain(room: Room, overTcp: boolean, table: TableReader, draws: TableDraws): number {
  const { asked } = table;
  const refusal = refusalOf(asked);
  if (refusal !== 0) return bare(room, overTcp, table, refusal);
  const bytesMax = bytesMaxFor(asked, overTcp);

  const exact = asked.labels === 0 ? 0 : find(table, 0, asked.hashes[0]!);
  if (exact !== 0) {
    table.saidService = table.words[exact + nameBlock.service]!;
    return draw(room, overTcp, table, draws, exact, choiceFor(table.words, exact, asked.type), bytesMax, 0);
  }
  for (let label = 1; label < asked.labels; label += 1) {
    const encloser = find(table, asked.starts[label]!, asked.hashes[label]!);
    if (encloser === 0) continue;
    const zone = table.zonesAt + zoneEntry.words * table.words[encloser + nameBlock.zone]!;
    const apexOffset = headerBytes + asked.nameBytes - table.words[zone + zoneEntry.apexLength]!;
    const below = table.words[encloser + nameBlock.below]!;
    if (below !== 0) return draw(room, overTcp, table, draws, encloser, encloser + below, bytesMax, apexOffset);
    countAnswered(table, overTcp, asked.type, rcodes.NXDOMAIN);
    return sayDenial(room, table, zone, table.words[encloser + nameBlock.wildcard]!, bytesMax, apexOffset);
  }
  return bare(room, overTcp, table, rcodes.REFUSED);
}

/** The table above `refusalOf` of the reference; 0 where a name is looked for. */
function refusalOf({ type, class: asked }: Asked): number {
  if (asked !== classIn) return rcodes.REFUSED;
  if (type >= types.ANY || (type < types.NXNAME && type !== 0 && type !== types.OPT)) return 0;
  if (type === 0 || type === types.OPT || type === types.NXNAME || type === types.TSIG) return rcodes.FORMERR;
  return type === types.AXFR || type === types.IXFR ? rcodes.REFUSED : rcodes.NOTIMP;
}

/** The block of the name that begins there in the question; 0 where the table has none. */
function find(table: TableReader, start: number, hash: number): number {
  const { words, indexAt, indexMask, asked } = table;
  const length = asked.nameBytes - start;
  for (let entry = firstEntry(hash, indexMask); ; entry = (entry + 1) & indexMask) {
    const at = indexAt + indexEntryWords * entry;
    const block = Atomics.load(words, at + 1);
    if (block === 0) return 0;
    if (words[at] === hash && words[block + nameBlock.length] === length && isSame(table, block, start, length)) return block;
  }
}

function isSame({ words, memory, asked }: TableReader, block: number, start: number, length: number): boolean {
  if (start === 0) {
    const { nameWords } = asked;
    const end = (length + 3) >> 2;
    for (let word = 0; word < end; word += 1) if (words[block + nameBlock.bytes + word] !== nameWords[word]) return false;
    return true;
  }
  const { name } = asked;
  const from = 4 * (block + nameBlock.bytes);
  for (let index = 0; index < length; index += 1) if (memory.bytes[from + index] !== name[start + index]) return false;
  return true;
}

/** The choice for a type: its own, or that of the others. */
function choiceFor(words: Int32Array, block: number, type: number): number {
  const from = block + nameBlock.bytes + ((words[block + nameBlock.length]! + 3) >> 2);
  const end = from + 2 * words[block + nameBlock.entries]!;
  for (let at = from; at < end; at += 2) {
    const entry = words[at]!;
    if (entry === type) return block + words[at + 1]!;
    if (entry > type) break;
  }
  return block + words[block + nameBlock.others]!;
}

/** Picks a spoke and says it. `apexOffset`: where pointers to the zone lead, where the bytes leave that open; else 0. */
function draw(
  room: Room,
  overTcp: boolean,
  table: TableReader,
  draws: TableDraws,
  block: number,
  at: number,
  bytesMax: number,
  apexOffset: number,
): number {
  const { words } = table;
  if (words[at + choice.places] !== 0) at = choiceAtPlace(table, block, at);
  const kind = words[at + choice.draw]!;
  const spoke = kind === drawKind.none ? 0 : pickSpoke(table, draws, block, at, kind);
  const spokeAt = at + choice.first + choice.spokeWords * spoke;
  const formAt = block + words[table.asked.dnssecOk ? spokeAt + 1 : spokeAt]!;
  const counter = words[spokeAt + 2]!;
  if (counter >= 0 && counter < table.counterCapacity) table.counters[table.countersAt + counter]! += 1;
  countAnswered(table, overTcp, table.asked.type, words[formAt + form.flags]! & 0xf);
  return sayForm(room, table, formAt, bytesMax, apexOffset);
}

function pickSpoke(table: TableReader, draws: TableDraws, block: number, at: number, kind: number): number {
  const { words, doubles } = table;
  const spokes = words[at + choice.spokes]!;
  const ends = words[at + choice.ends]!;
  if (ends === 0) {
    const drawn = kind === drawKind.sequence ? draws.sequence(words[at + choice.slot]!) : draws.chance(spokes);
    table.saidDraw = drawn;
    return (drawn >>> 0) % spokes;
  }
  const total = doubles[(at + choice.total) >> 1]!;
  const drawn = kind === drawKind.sequence ? draws.sequence(words[at + choice.slot]!) : draws.chance(total);
  table.saidDraw = drawn;
  let low = 0;
  let high = spokes - 1;
  const rest = drawn % total;
  const endsAt = (block + ends) >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (doubles[endsAt + middle]! > rest) high = middle;
    else low = middle + 1;
  }
  return low;
}

function bare(room: Room, overTcp: boolean, table: TableReader, rcode: number): number {
  countAnswered(table, overTcp, table.asked.type, rcode);
  return writeBare(room, rcode, table.asked);
}
