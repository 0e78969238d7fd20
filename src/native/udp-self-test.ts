/**
 * Whether this machine's kernel, C library and processor are as `udp-linux-calls.ts` takes them to be: asked once, with
 * two datagrams over loopback, before anything relies on it. A wrong offset would show here as a sentence, not later as
 * answers to nobody.
 */
import { endianness } from 'node:os';
import { kernelAddress, kernelAddressBytes, peerFamily, peerPort } from './kernel-address.ts';
import type { UdpSocket } from './udp-batch.ts';
import { linuxUdp } from './udp-batch-linux.ts';
import { callFailed, knownProcessors, pointerBytes, sendto } from './udp-linux-calls.ts';

/** Longer than the small slots, so that it is cut there. */
const question = Uint8Array.from({ length: 48 }, (_, place) => 255 - place);
const smallSlotBytes = 16;
const timeoutMs = 2_000;

/** A sentence, or undefined where batches work. */
export async function whyNoLinuxBatches(): Promise<string | undefined> {
  if (!knownProcessors.includes(process.arch)) return `the layout of messages on ${process.arch} processors is not known`;
  if (endianness() !== 'LE' || pointerBytes !== 8) return 'the processor is not little-endian with 64 bits';
  try {
    const [socket] = await linuxUdp.openSockets({ host: '127.0.0.1', port: 0, receiveBufferBytes: 65_536 }, 1);
    try {
      return whyNoRoundTrip(socket!);
    } finally {
      socket!.close();
    }
  } catch (error) {
    return `a socket on loopback failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The socket talks to itself: what it sends, it gets, and its answer to that, it gets again. */
function whyNoRoundTrip({ loan, port }: UdpSocket): string | undefined {
  if (loan.kind !== 'linux' || port === 0) return 'the kernel gave a socket no port';
  const address = kernelAddress('127.0.0.1', port);
  const sent = Number(sendto(loan.descriptor, question, question.length, 0, address, kernelAddressBytes[4]));
  if (sent !== question.length) throw callFailed('sendto');

  const whole = linuxUdp.batchOn([loan], { slots: 2, slotBytes: 64, timeoutMs });
  if (whole.receive() !== 1) return 'recvmmsg brought no datagram';
  if (whole.lengthOf(0) !== question.length || whole.isTruncated(0)) return 'recvmmsg tells another length than was sent';
  if (question.some((value, place) => whole.bytes[place] !== value)) return 'recvmmsg brought other bytes than were sent';
  if (peerFamily(whole.peers, 0) !== 4 || peerPort(whole.peers, 0) !== port) return 'recvmmsg tells another peer than the one that sent';
  if (address.some((value, place) => whole.peers[place] !== value)) return 'recvmmsg tells another address than the one that sent';

  whole.reply(0, question.length);
  whole.send();
  const small = linuxUdp.batchOn([loan], { slots: 2, slotBytes: smallSlotBytes, timeoutMs });
  if (small.receive() !== 1) return 'sendmmsg sent no datagram';
  if (!small.isTruncated(0) || small.lengthOf(0) !== smallSlotBytes) return 'recvmmsg does not tell that a datagram was cut';
  return undefined;
}
