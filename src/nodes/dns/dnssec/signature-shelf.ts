/**
 * The signatures that one key has made, found by what they are over: bytes in one buffer instead of objects, because a
 * hundred thousand names have half a million of them.
 *
 *     slots      Int32 each: the number of an entry, from 1 on; 0 is empty.   place = first bytes of the digest
 *     entries    | digest, 16 bytes | inception, 4 | expiration, 4 | signature, 64 or 96 |
 *
 * It grows by doubling, and when it must grow it first lets go of what would be signed anew anyway. So an answer that
 * comes back finds its signature, and one that never does is forgotten after days.
 */
import type { Validity } from './rrsig.ts';

const digestBytes = 16;
const momentBytes = 4;
const fewestEntries = 8;

export interface KeptSignature extends Validity {
  /** A view: to be copied before the next one is kept. */
  readonly signature: Uint8Array;
}

export interface SignatureShelf {
  /** Entries, those included that nobody will ask for again. */
  readonly size: number;
  readonly bytes: number;
  find(digest: Uint8Array): KeptSignature | undefined;
  /** In place of an earlier one over the same. */
  keep(digest: Uint8Array, validity: Validity, signature: Uint8Array): void;
}

/** `isWorthKeeping`: asked when room is short. */
export function signatureShelf(signatureBytes: number, isWorthKeeping: (validity: Validity) => boolean): SignatureShelf {
  const stride = digestBytes + 2 * momentBytes + signatureBytes;
  let entries = Buffer.alloc(fewestEntries * stride);
  let slots = new Int32Array(2 * fewestEntries);
  let size = 0;

  /** The slot of the digest at `from`, or the empty one where it would stand. At most half of the slots are taken, so there is one. */
  const slotOf = (bytes: Uint8Array, from = 0): number => {
    const mask = slots.length - 1;
    const head = (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8) | ((bytes[from + 2] ?? 0) << 16) | ((bytes[from + 3] ?? 0) << 24);
    for (let slot = head & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot] ?? 0;
      if (entry === 0) return slot;
      const at = (entry - 1) * stride;
      if (entries.compare(bytes, from, from + digestBytes, at, at + digestBytes) === 0) return slot;
    }
  };
  const validityAt = (at: number): Validity => ({
    inception: entries.readUInt32BE(at + digestBytes),
    expiration: entries.readUInt32BE(at + digestBytes + momentBytes),
  });
  /** Moves what is worth it to the front, and only where that left little room takes twice as much. */
  const makeRoom = () => {
    const capacity = slots.length / 2;
    const before = size;
    size = 0;
    for (let at = 0; at < before * stride; at += stride) {
      if (!isWorthKeeping(validityAt(at))) continue;
      entries.copyWithin(size * stride, at, at + stride);
      size += 1;
    }
    const wanted = size > capacity / 2 ? 2 * capacity : capacity;
    if (wanted > capacity) {
      // Memory that is not written to costs nothing.
      const larger = Buffer.alloc(wanted * stride);
      larger.set(entries.subarray(0, size * stride));
      entries = larger;
    }
    slots = new Int32Array(2 * wanted);
    for (let entry = 1; entry <= size; entry += 1) slots[slotOf(entries, (entry - 1) * stride)] = entry;
  };

  return {
    get size() {
      return size;
    },
    get bytes() {
      return entries.length + slots.byteLength;
    },
    find(digest) {
      const entry = slots[slotOf(digest)] ?? 0;
      if (entry === 0) return undefined;
      const at = (entry - 1) * stride;
      return { ...validityAt(at), signature: entries.subarray(at + stride - signatureBytes, at + stride) };
    },
    keep(digest, validity, signature) {
      let slot = slotOf(digest);
      if (slots[slot] === 0) {
        if (2 * size === slots.length) {
          makeRoom();
          slot = slotOf(digest);
        }
        size += 1;
        slots[slot] = size;
      }
      const at = ((slots[slot] ?? 0) - 1) * stride;
      entries.set(digest.subarray(0, digestBytes), at);
      entries.writeUInt32BE(validity.inception >>> 0, at + digestBytes);
      entries.writeUInt32BE(validity.expiration >>> 0, at + digestBytes + momentBytes);
      entries.set(signature, at + stride - signatureBytes);
    },
  };
}
