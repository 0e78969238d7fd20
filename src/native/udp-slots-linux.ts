/**
 * The memory that recvmmsg and sendmmsg work on, made once: nothing is allocated while datagrams come and go. Each slot
 * has its bytes, its peer and a header to receive with; replies have headers of their own, filled from the front, so that
 * all replies of a batch leave in one call whichever slots they stand in.
 *
 *     struct mmsghdr, 64 bytes: 16 words          struct iovec, 16 bytes: 4 words
 *      0  name        address of the peer          0  base    address of the slot
 *      2  name length                              2  length
 *      4  iov         address of the iovec
 *      6  iov count   1
 *      8  control     none, and its length 10
 *     12  flags       written by the kernel
 *     14  length      written by the kernel
 */
import { kernelAddressBytes, peerBytes, peerFamily } from './kernel-address.ts';
import type { UdpFamily } from './udp-batch.ts';
import { addressOf } from './udp-linux-calls.ts';

const headerBytes = 64;
const headerWords = 16;
const iovecBytes = 16;
const iovecWords = 4;
const word = { name: 0, nameLength: 2, iovec: 4, iovecCount: 6, flags: 12, length: 14 } as const;

export interface LinuxSlots {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly peers: Uint8Array<ArrayBuffer>;
  /** Where the headers to receive with begin. */
  readonly receiveAt: bigint;
  /** Where the header of each reply is. */
  readonly replyAt: readonly bigint[];
  /** Room for the peers' addresses: the kernel shrinks it to what it wrote. */
  makeRoomForPeers(family: UdpFamily): void;
  lengthOf(slot: number): number;
  flagsOf(slot: number): number;
  /** Reply number `reply` is the first `length` bytes of `slot`, and goes where the slot's datagram came from. */
  setReply(reply: number, slot: number, length: number): void;
}

export function linuxSlots(slots: number, slotBytes: number): LinuxSlots {
  // One buffer for all that the kernel is pointed to: whoever holds any part of it holds it all, so the garbage collector
  // never takes one part from under the others. Nor does it move a buffer that was made as such.
  const sizes = [headerBytes, headerBytes, iovecBytes, iovecBytes, peerBytes, slotBytes];
  const all = new ArrayBuffer(sizes.reduce((sum, size) => sum + size * slots, 0));
  const starts = sizes.map((_, part) => sizes.slice(0, part).reduce((sum, size) => sum + size * slots, 0));
  const words = (part: number) => new Uint32Array(all, starts[part], (sizes[part]! * slots) / 4);
  const octets = (part: number) => new Uint8Array(all, starts[part], sizes[part]! * slots);
  const [received, replies, receivedInto, repliedFrom] = [words(0), words(1), words(2), words(3)];
  const [peers, bytes] = [octets(4), octets(5)];
  const replyPlace = addressOf(repliedFrom);
  const peerPlace = addressOf(peers);
  for (let slot = 0; slot < slots; slot++) {
    for (const iovecs of [receivedInto, repliedFrom]) {
      setPointer(iovecs, slot * iovecWords, addressOf(bytes) + BigInt(slot * slotBytes));
      iovecs[slot * iovecWords + 2] = slotBytes;
    }
    aim(received, slot, slot, addressOf(receivedInto), peerPlace);
    aim(replies, slot, slot, replyPlace, peerPlace);
  }
  /** Which slot each reply's header points to: mostly the one of last time, and then nothing needs to be written. */
  const slotOfReply = Uint32Array.from({ length: slots }, (_, reply) => reply);
  const repliesPlace = addressOf(replies);

  return {
    bytes,
    peers,
    receiveAt: addressOf(received),
    replyAt: Array.from({ length: slots }, (_, reply) => repliesPlace + BigInt(reply * headerBytes)),
    makeRoomForPeers(family) {
      for (let slot = 0; slot < slots; slot++) received[slot * headerWords + word.nameLength] = kernelAddressBytes[family];
    },
    lengthOf: (slot) => received[slot * headerWords + word.length]!,
    flagsOf: (slot) => received[slot * headerWords + word.flags]!,
    setReply(reply, slot, length) {
      if (slotOfReply[reply] !== slot) {
        aim(replies, reply, slot, replyPlace, peerPlace);
        slotOfReply[reply] = slot;
      }
      replies[reply * headerWords + word.nameLength] = kernelAddressBytes[peerFamily(peers, slot)];
      repliedFrom[slot * iovecWords + 2] = length;
    },
  };
}

/** Points a header to what belongs to a slot. */
function aim(headers: Uint32Array, header: number, slot: number, iovecPlace: bigint, peerPlace: bigint): void {
  setPointer(headers, header * headerWords + word.name, peerPlace + BigInt(slot * peerBytes));
  setPointer(headers, header * headerWords + word.iovec, iovecPlace + BigInt(slot * iovecBytes));
  headers[header * headerWords + word.iovecCount] = 1;
}

function setPointer(into: Uint32Array, at: number, pointer: bigint): void {
  into[at] = Number(pointer & 0xffff_ffffn);
  into[at + 1] = Number(pointer >> 32n);
}
