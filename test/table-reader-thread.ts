/**
 * A reader of the shared table on a thread of its own: asks for services in turn, as fast as it can, and checks every
 * reply against what had been published before it asked and what was begun before it was answered. It counts what it
 * asked, and stops at the first reply that was valid at no moment in between.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { answer } from '../src/nodes/dns/table/answer.ts';
import { countingDraws } from '../src/nodes/dns/table/draws.ts';
import { beginReading, createTableReader, endReading, type ReaderPlace, type TableBuffers } from '../src/nodes/dns/table/reader.ts';
import { roomOf } from '../src/nodes/dns/table/room.ts';
import { faultOf, questionFor } from './table-versions.ts';

interface Duties {
  readonly place: ReaderPlace;
  readonly buffers: TableBuffers;
  readonly port: MessagePort;
  /** For each service the version whose publication has begun, then for each the one that is done. */
  readonly versions: SharedArrayBuffer;
  /** For each reader: how much it has asked; then whether to stop. */
  readonly progress: SharedArrayBuffer;
}

const { place, buffers, port, versions: shared, progress: sharedProgress } = workerData as Duties;
const versions = new Int32Array(shared);
const progress = new Int32Array(sharedProgress);
const services = versions.length / 2;
const reader = createTableReader(place, buffers);
const draws = countingDraws(Math.random);
const room = roomOf(new Uint8Array(4096));
const receive = () => receiveMessageOnPort(port)?.message as TableBuffers | undefined;
const batch = 32;

let service = place.worker;
let fault: string | undefined;
while (fault === undefined && Atomics.load(progress, place.workers) === 0) {
  const before = Array.from({ length: batch }, (_, index) => Atomics.load(versions, services + ((service + index) % services)));
  beginReading(reader, receive);
  for (let index = 0; index < batch && fault === undefined; index += 1, service += 1) {
    const asked = service % services;
    const packet = questionFor(asked);
    room.bytes.set(packet);
    const length = answer(room, packet.length, { transport: 'udp' }, reader, draws);
    fault = faultOf(Buffer.from(room.bytes.buffer, 0, length), asked, before[index] as number, Atomics.load(versions, asked));
  }
  endReading(reader);
  Atomics.add(progress, place.worker, batch);
}
port.postMessage(fault ?? 'done');
port.close();
