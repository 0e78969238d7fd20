/**
 * A thread that serves lent sockets and does what the first letter of each datagram says. It stops when the first word of
 * its control says so; what it did, it tells in the other words and in the counters, which are in shared memory.
 */
import { workerData } from 'node:worker_threads';
import { peerAddressAt, peerFamily, peerPort } from '../../../src/native/kernel-address.ts';
import { loadUdp } from '../../../src/native/load-udp.ts';
import type { UdpBatch, UdpLoan } from '../../../src/native/udp-batch.ts';

export interface EchoOrders {
  readonly loans: readonly UdpLoan[];
  readonly slots: number;
  readonly slotBytes: number;
  readonly timeoutMs: number;
  /** Whether to stop; how often `goOn` was asked; how many datagrams the largest batch had. */
  readonly control: Int32Array;
  readonly counters: Float64Array;
}

const orders = workerData as EchoOrders;

/** How long the reply is; undefined: nothing is said about the slot. */
function answer(batch: UdpBatch, slot: number): number | undefined {
  const at = slot * batch.slotBytes;
  const length = batch.lengthOf(slot);
  switch (String.fromCharCode(batch.bytes[at] ?? 0)) {
    // The same again.
    case 'e':
      return length;
    // A reply as long as the next two bytes say, of the last letter.
    case 'l': {
      const wanted = ((batch.bytes[at + 1] ?? 0) << 8) | (batch.bytes[at + 2] ?? 0);
      batch.bytes.fill(0x7a, at, at + wanted);
      return wanted;
    }
    // Who is asking, and how much came.
    case 'w':
      return describe(batch, slot, length, at);
    // Nothing, said in so many words.
    case 'n':
      return 0;
    case 'x':
      throw new Error('the datagram said so');
    // A reply that is longer than its slot.
    case 'b':
      return batch.slotBytes + 1;
    default:
      return undefined;
  }
}

function describe({ bytes, peers, isTruncated }: UdpBatch, slot: number, length: number, at: number): number {
  const family = peerFamily(peers, slot);
  const address = [...peers.subarray(peerAddressAt(peers, slot), peerAddressAt(peers, slot) + (family === 4 ? 4 : 16))];
  const text = JSON.stringify({ family, port: peerPort(peers, slot), address, length, isTruncated: isTruncated(slot) });
  const words = new TextEncoder().encode(text);
  bytes.set(words, at);
  return words.length;
}

const { loans, slots, slotBytes, timeoutMs, control, counters } = orders;
const udp = await loadUdp(loans[0]?.kind ?? 'plain');
const batch = udp.batchOn(loans, { slots, slotBytes, timeoutMs, counters });
await batch.serve({
  goOn() {
    Atomics.add(control, 1, 1);
    return Atomics.load(control, 0) === 0;
  },
  answer(count) {
    if (count > Atomics.load(control, 2)) Atomics.store(control, 2, count);
    for (let slot = 0; slot < count; slot++) {
      const length = answer(batch, slot);
      if (length !== undefined) batch.reply(slot, length);
    }
  },
});
