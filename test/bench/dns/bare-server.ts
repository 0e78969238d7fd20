/**
 * Our ways of answering UDP without the node around them: `KIND COUNT` serves so many names of the bench's zone, prints
 * the port, and serves until it is killed.
 *
 *     reference   the reference responder on node:dgram, one datagram at a time
 *     dgram       the shared table, batches of node:dgram
 *     batches     the shared table, batches of the kernel
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadUdp } from '../../../src/native/load-udp.ts';
import type { UdpLoan } from '../../../src/native/udp-batch.ts';
import { countingDraw } from '../../../src/nodes/dns/draw.ts';
import { createResponder } from '../../../src/nodes/dns/responder.ts';
import { answer } from '../../../src/nodes/dns/table/answer.ts';
import { countingDraws } from '../../../src/nodes/dns/table/draws.ts';
import { beginReading, createTableReader, endReading, type ReaderPlace, type TableBuffers } from '../../../src/nodes/dns/table/reader.ts';
import { roomOf } from '../../../src/nodes/dns/table/room.ts';
import { createTableWriter } from '../../../src/nodes/dns/table/writer.ts';
import { type AnswerTable, createAnswerTable } from '../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../src/nodes/dns/zones.ts';
import { threadFileBeside } from '../../../src/nodes/thread-file.ts';
import { configure, serviceAnswer } from '../../unit/nodes/dns/demo.ts';
import { addressesAt, nameAt, zoneName } from './worlds.ts';

interface Orders {
  readonly loan: UdpLoan;
  readonly place: ReaderPlace;
  readonly buffers: TableBuffers;
}

const slots = 64;
const slotBytes = 4_096;

function tableOf(count: number): AnswerTable {
  const names = Array.from({ length: count }, (_, index) => nameAt(index));
  const zone = { name: zoneName, nameservers: [{ name: `ns1.${zoneName}`, address: '127.0.0.1' }] };
  const table = createAnswerTable(zoneSet(configure({ zones: [zone] }, names), '127.0.0.1:53'), 0);
  table.publish(
    names.map((name, index) => serviceAnswer(name, { A: addressesAt(index) })),
    Date.now(),
  );
  return table;
}

async function serveReference(table: AnswerTable): Promise<number> {
  const responder = createResponder(table);
  const draw = countingDraw(Math.random);
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  socket.on('message', (packet, { address, port }) => {
    const { reply } = responder.respond(packet, { address, port, transport: 'udp' }, draw);
    if (reply !== null) socket.send(reply, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

async function startWorker(table: AnswerTable, kind: UdpLoan['kind']): Promise<number> {
  const writer = createTableWriter(table, { workers: 1 });
  const udp = await loadUdp(kind);
  const [socket] = await udp.openSockets({ host: '127.0.0.1', port: 0, receiveBufferBytes: 4 * 1024 * 1024 }, 1);
  const place = { control: writer.control, workers: writer.workers, worker: 0 };
  const orders: Orders = { loan: socket!.loan, place, buffers: writer.buffers() };
  await once(new Worker(threadFileBeside(import.meta.url, 'bare-server'), { workerData: orders }), 'message');
  return socket!.port;
}

async function serveTable({ loan, place, buffers }: Orders): Promise<void> {
  const reader = createTableReader(place, buffers);
  const draws = countingDraws(Math.random);
  const batch = (await loadUdp(loan.kind)).batchOn([loan], { slots, slotBytes, timeoutMs: 1_000 });
  const rooms = Array.from({ length: slots }, (_, slot) => roomOf(batch.bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes)));
  const client = { transport: 'udp' } as const;
  let isTold = false;
  await batch.serve({
    goOn() {
      endReading(reader);
      if (!isTold) parentPort?.postMessage('serving');
      isTold = true;
      return true;
    },
    answer(count) {
      beginReading(reader, () => undefined);
      for (let slot = 0; slot < count; slot += 1) batch.reply(slot, answer(rooms[slot]!, batch.lengthOf(slot), client, reader, draws));
    },
  });
}

if (isMainThread) {
  const [kind, count] = process.argv.slice(2);
  const table = tableOf(Number(count));
  const isReference = kind === 'reference';
  console.log(isReference ? await serveReference(table) : await startWorker(table, kind === 'dgram' ? 'plain' : 'linux'));
} else await serveTable(workerData as Orders);
