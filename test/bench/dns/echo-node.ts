/**
 * The echo of floor.c over batches of datagrams: the main thread opens the socket, a worker serves it. Arguments: slots,
 * and `linux` or `plain`. Prints the port, and serves until it is killed.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadUdp } from '../../../src/native/load-udp.ts';
import type { UdpLoan } from '../../../src/native/udp-batch.ts';
import { threadFileBeside } from '../../../src/nodes/thread-file.ts';

interface Orders {
  readonly loan: UdpLoan;
  readonly slots: number;
}

if (isMainThread) {
  const [slots, kind] = process.argv.slice(2);
  const udp = await loadUdp(kind === 'plain' ? 'plain' : 'linux');
  const [socket] = await udp.openSockets({ host: '127.0.0.1', port: 0, receiveBufferBytes: 4 * 1024 * 1024 }, 1);
  const orders: Orders = { loan: socket!.loan, slots: Number(slots) };
  new Worker(threadFileBeside(import.meta.url, 'echo-node'), { workerData: orders }).once('message', () => console.log(socket!.port));
} else {
  const { loan, slots } = workerData as Orders;
  const batch = (await loadUdp(loan.kind)).batchOn([loan], { slots, slotBytes: 2048, timeoutMs: 100 });
  let isTold = false;
  await batch.serve({
    goOn() {
      if (!isTold) parentPort?.postMessage('serving');
      isTold = true;
      return true;
    },
    answer(count) {
      for (let slot = 0; slot < count; slot++) batch.reply(slot, batch.lengthOf(slot));
    },
  });
}
