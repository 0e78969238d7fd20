/**
 * One reader's view of the table: a worker's, or the main thread's for TCP. Its numbers are plain fields, so that a query
 * reads them without looking anything up. It reads between `enter` and `leave` only, and keeps nothing of the table longer.
 */
import assert from 'node:assert/strict';
import { type Asked, createAsked } from './asked.ts';
import { type Control, controlOf, countsAt, enter, generationOf, leave } from './control.ts';
import { header, tableFormat } from './layout.ts';
import { type Room, roomOf } from './room.ts';

/** What the writer hands to readers: all shared, none copied. */
export interface TableBuffers {
  readonly generation: number;
  readonly table: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
}

/** What a thread needs before anything else; the buffers come after it, again and again. */
export interface ReaderPlace {
  readonly control: SharedArrayBuffer;
  readonly workers: number;
  /** Which of them this is: 0, 1, 2, ... */
  readonly worker: number;
}

export interface TableReader {
  readonly control: Control;
  readonly worker: number;
  generation: number;
  words: Int32Array;
  memory: Room;
  doubles: Float64Array;
  indexAt: number;
  indexMask: number;
  zonesAt: number;
  /** Counts by spoke, and where this reader's begin. */
  counters: Int32Array;
  countersAt: number;
  /** How many there are. A spoke that is newer than the buffer has none in it, and is not counted in this batch. */
  counterCapacity: number;
  /** Counts by type and rcode stand in the control buffer. */
  readonly counts: Int32Array;
  readonly countsAt: number;
  /** Of the last reply: its rcode, the number of the service that was asked for by its own name, and what was drawn; -1 where there is none. */
  saidRcode: number;
  saidService: number;
  saidDraw: number;
  /** What the query at hand asks: written over by the next. */
  readonly asked: Asked;
  /** Who sends it: 4 or 16 bytes of an address in the network's order. 0 bytes: nobody knows, and it is at no place. */
  peer: Uint8Array;
  peerAt: number;
  peerBytes: number;
  /** The client that counts, in words of the network's order. */
  readonly client: Int32Array;
}

export function createTableReader(place: ReaderPlace, buffers: TableBuffers): TableReader {
  const control = controlOf(place.control, place.workers);
  const reader: TableReader = {
    control,
    worker: place.worker,
    generation: 0,
    words: new Int32Array(0),
    memory: roomOf(new Uint8Array(0)),
    doubles: new Float64Array(0),
    indexAt: 0,
    indexMask: 0,
    zonesAt: 0,
    counters: new Int32Array(0),
    countersAt: 0,
    counterCapacity: 0,
    counts: control.words,
    countsAt: countsAt(control, place.worker),
    saidRcode: 0,
    saidService: -1,
    saidDraw: -1,
    asked: createAsked(),
    peer: new Uint8Array(0),
    peerAt: 0,
    peerBytes: 0,
    client: new Int32Array(4),
  };
  adopt(reader, buffers);
  return reader;
}

/** Takes the buffers that are in force from now on. */
function adopt(reader: TableReader, { generation, table, counters }: TableBuffers): void {
  const words = new Int32Array(table);
  assert.equal(words[header.format], tableFormat, 'the table has the format that this reader knows');
  reader.words = words;
  reader.memory = roomOf(new Uint8Array(table));
  reader.doubles = new Float64Array(table);
  reader.indexAt = words[header.indexAt]!;
  reader.indexMask = words[header.indexMask]!;
  reader.zonesAt = words[header.zonesAt]!;
  reader.counters = new Int32Array(counters);
  reader.counterCapacity = reader.counters.length / reader.control.workers;
  reader.countersAt = reader.worker * reader.counterCapacity;
  reader.generation = generation;
}

/**
 * Before a batch of queries. `receive` gives the next buffers that the writer has sent; they were sent before their
 * generation was put in force.
 */
export function beginReading(reader: TableReader, receive: () => TableBuffers | undefined): void {
  enter(reader.control, reader.worker);
  while (reader.generation !== generationOf(reader.control)) {
    const next = receive();
    if (next === undefined) return;
    adopt(reader, next);
  }
}

/** After a batch, before blocking. */
export function endReading(reader: TableReader): void {
  leave(reader.control, reader.worker);
}
