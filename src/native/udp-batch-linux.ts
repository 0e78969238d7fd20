/**
 * Datagrams in batches on Linux: one recvmmsg and one sendmmsg a batch, in a thread that blocks in the kernel between
 * them. With one socket the read itself waits; with several, poll(2) says which have something. The loop allocates
 * nothing and makes no promise; the calls cost about as much as one datagram, so they are counted in batches.
 */
import { constants } from 'node:os';
import { peerPort } from './kernel-address.ts';
import {
  checkBatchOptions,
  checkReply,
  type Udp,
  type UdpBatch,
  type UdpBatchOptions,
  type UdpLoan,
  udpCounterAt,
  udpCounters,
} from './udp-batch.ts';
import { addressOf, callFailed, errno, flags, poll, pollIn, pollOut, recvmmsg, sendmmsg } from './udp-linux-calls.ts';
import { type SendCalls, sendAll } from './udp-send-all.ts';
import { linuxSlots } from './udp-slots-linux.ts';
import { openSockets, setReceiveTimeout } from './udp-socket-linux.ts';

const { EAGAIN, EBADF, EFAULT, EINTR, EINVAL, ENOTSOCK } = constants.errno;
const { batches, interrupted, receiveFailed, received, truncated, unanswerable } = udpCounterAt;

/** How long a full send buffer is waited for: long for a kernel, short for who is behind. */
const roomTimeoutMs = 10;

type LinuxLoan = Extract<UdpLoan, { readonly kind: 'linux' }>;

export interface LinuxBatch extends UdpBatch {
  /** Waits for datagrams, at most as long as the options say; how many slots are filled, 0 where none came. */
  receive(): number;
  /** Sends the replies to what `receive` brought. */
  send(): void;
}

interface LinuxUdp extends Udp {
  batchOn(loans: readonly UdpLoan[], options: UdpBatchOptions): LinuxBatch;
}

export const linuxUdp: LinuxUdp = {
  kind: 'linux',
  sharesPorts: true,
  openSockets,
  batchOn: linuxBatchOn,
};

function linuxBatchOn(loans: readonly UdpLoan[], options: UdpBatchOptions): LinuxBatch {
  checkBatchOptions(loans, options);
  const sockets = loans.map(linuxLoan);
  const { slots, slotBytes, timeoutMs, counters = new Float64Array(udpCounters.length) } = options;
  const memory = linuxSlots(slots, slotBytes);
  const { peers } = memory;
  const waitForSocket = sockets.length === 1 ? onlySocket(sockets, timeoutMs) : readySocket(sockets, timeoutMs, counters);
  const receiveFlags = sockets.length === 1 ? flags.waitForOne : flags.dontWait;
  /** Whose batch this is. */
  let current = sockets[0]!;
  let roomFor: LinuxLoan['family'] | undefined;
  let filled = 0;
  let replies = 0;

  const receive = (): number => {
    filled = 0;
    replies = 0;
    const socket = waitForSocket();
    if (socket === undefined) return 0;
    current = socket;
    if (roomFor !== socket.family) memory.makeRoomForPeers((roomFor = socket.family));
    const count = recvmmsg(socket.descriptor, memory.receiveAt, slots, receiveFlags, null);
    if (count <= 0) {
      countFailure(errno(), counters);
      return 0;
    }
    filled = count;
    counters[batches]! += 1;
    counters[received]! += count;
    for (let slot = 0; slot < count; slot++) if ((memory.flagsOf(slot) & flags.truncated) !== 0) counters[truncated]! += 1;
    return count;
  };

  const calls = sendCalls(memory.replyAt, () => current.descriptor);
  const send = (): void => {
    sendAll(replies, calls, counters);
  };

  return {
    slots,
    slotBytes,
    bytes: memory.bytes,
    peers,
    counters,
    lengthOf: memory.lengthOf,
    isTruncated: (slot) => (memory.flagsOf(slot) & flags.truncated) !== 0,
    reply(slot, length) {
      checkReply(slot, length, filled, slotBytes);
      if (length === 0) return;
      if (peerPort(peers, slot) === 0) counters[unanswerable]! += 1;
      else if (replies < filled) memory.setReply(replies++, slot, length);
      else throw new RangeError(`slot ${slot} was answered before: ${filled} came, and as many replies stand ready`);
    },
    receive,
    send,
    async serve({ goOn, answer }) {
      while (goOn()) {
        const count = receive();
        if (count === 0) continue;
        answer(count);
        send();
      }
    },
  };
}

function linuxLoan(loan: UdpLoan): LinuxLoan {
  if (loan.kind === 'linux') return loan;
  throw new TypeError(`a socket of the ${loan.kind} kind has no descriptor; serve it with the kind that opened it`);
}

/** Where there is one socket, the read waits by itself. */
function onlySocket([socket]: readonly LinuxLoan[], timeoutMs: number): () => LinuxLoan | undefined {
  setReceiveTimeout(socket!.descriptor, timeoutMs);
  return () => socket;
}

/** Waits until some have something, and gives each of these once before it asks again: a busy socket starves none. */
function readySocket(sockets: readonly LinuxLoan[], timeoutMs: number, counters: Float64Array): () => LinuxLoan | undefined {
  const asked = pollEntries(sockets, pollIn);
  const at = addressOf(asked);
  let next = sockets.length;
  // What the kernel found stands in the upper half: ready, or failed, which the read will say.
  const nextReady = (): LinuxLoan | undefined => {
    while (next < sockets.length) if (asked[next++ * 2 + 1]! >>> 16 !== 0) return sockets[next - 1];
    return undefined;
  };
  return () => {
    const left = nextReady();
    if (left !== undefined) return left;
    const ready = poll(at, sockets.length, timeoutMs);
    if (ready < 0) countFailure(errno(), counters);
    if (ready <= 0) return undefined;
    next = 0;
    return nextReady();
  };
}

/** `struct pollfd`: the descriptor; what is asked for in the lower half of the next word, what was found in the upper. */
function pollEntries(sockets: readonly LinuxLoan[], events: number): Int32Array<ArrayBuffer> {
  const entries = new Int32Array(new ArrayBuffer(sockets.length * 8));
  for (const [index, { descriptor }] of sockets.entries()) entries.set([descriptor, events], index * 2);
  return entries;
}

/** A descriptor that is none fails at once and for ever: going on would burn the processor and answer nobody. */
function countFailure(code: number, counters: Float64Array): void {
  if (code === EAGAIN) return;
  if (code === EINTR) counters[interrupted]! += 1;
  else if (code === EBADF || code === ENOTSOCK || code === EINVAL || code === EFAULT) throw callFailed('recvmmsg', undefined, code);
  else counters[receiveFailed]! += 1;
}

function sendCalls(replyAt: readonly bigint[], descriptor: () => number): SendCalls {
  return {
    send(first, count) {
      const sent = sendmmsg(descriptor(), replyAt[first]!, count, flags.dontWait);
      return sent < 0 ? -errno() : sent;
    },
    waitForRoom() {
      const asked = Int32Array.of(descriptor(), pollOut);
      return poll(asked, 1, roomTimeoutMs) > 0;
    },
  };
}
