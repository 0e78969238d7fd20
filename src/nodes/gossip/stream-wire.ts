/**
 * Streams to messages and back. A stream carries one sealed frame each way, `10 || length || sealed`, and the five bytes
 * before the sealed part are proven with it. The reader takes bytes as they come and keeps no more than a sound length
 * asks for; plain streams, lengths above the limit and labels are refused at their first bytes. It never throws (I9).
 */
import assert from 'node:assert/strict';
import { type KeyRing, open, seal, sealBytes } from './key-ring.ts';
import { decode, encode, type Message } from './messages.ts';
import { isRejection, type RejectionReason } from './rejections.ts';
import { compressType, labelType, packed, readU32, unpack } from './wire.ts';
import { wireLimits } from './wire-limits.ts';

const encryptType = 10;
const headerBytes = 5;

export type StreamReading =
  /** The frame is not complete yet. */
  | { readonly type: 'more' }
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'rejected'; readonly reason: RejectionReason };

export interface StreamReader {
  /** The next bytes. Once this gave a message or a rejection, it gives the same for ever: what follows a frame is not looked at. */
  push(bytes: Uint8Array): StreamReading;
}

const more: StreamReading = { type: 'more' };
const rejected = (reason: RejectionReason): StreamReading => ({ type: 'rejected', reason });

export function createStreamReader(ring: KeyRing): StreamReader {
  /** The first `held` bytes count. One buffer and no list, so that a peer who sends single bytes cannot make each cost a hundred. */
  let kept = Buffer.alloc(0);
  let held = 0;
  let reading: StreamReading = more;

  function keep(bytes: Uint8Array): void {
    const needed = held + bytes.length;
    if (needed > kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * kept.length));
      kept.copy(larger, 0, 0, held);
      kept = larger;
    }
    kept.set(bytes, held);
    held = needed;
  }

  function advance(): StreamReading {
    const start = kept.subarray(0, Math.min(held, headerBytes));
    const refusal = refusalOf(start);
    if (refusal !== undefined) return rejected(refusal);
    if (start.length < headerBytes) return more;
    const frameBytes = headerBytes + readU32(start, 1);
    return held < frameBytes ? more : openFrame(ring, start, kept.subarray(headerBytes, frameBytes));
  }

  return {
    push(bytes) {
      if (reading.type !== 'more') return reading;
      keep(bytes);
      reading = advance();
      if (reading.type !== 'more') kept = Buffer.alloc(0);
      return reading;
    },
  };
}

/**
 * | start of the stream                | reading         |
 * |------------------------------------|-----------------|
 * | nothing yet                        | undefined       |
 * | 244                                | `labelled`      |
 * | anything but 10                    | `not-encrypted` |
 * | 10, and not yet its length         | undefined       |
 * | a length above 20 MiB              | `too-long`      |
 * | a length below that of a seal      | `short`         |
 * | any other length                   | undefined       |
 */
function refusalOf(start: Uint8Array): RejectionReason | undefined {
  if (start.length === 0) return undefined;
  if (start[0] === labelType) return 'labelled';
  if (start[0] !== encryptType) return 'not-encrypted';
  if (start.length < headerBytes) return undefined;
  const length = readU32(start, 1);
  if (length > wireLimits.streamBytesMax) return 'too-long';
  return length < sealBytes ? 'short' : undefined;
}

/** On a stream compression wraps the whole message, once. */
function openFrame(ring: KeyRing, header: Uint8Array, sealed: Uint8Array): StreamReading {
  const plain = open(ring, header, sealed);
  if (isRejection(plain)) return rejected(plain.rejected);
  const inner = plain[0] === compressType ? unpack(plain, wireLimits.streamInflatedBytesMax) : plain;
  const message = isRejection(inner) ? inner : decode(inner, 'stream');
  return isRejection(message) ? rejected(message.rejected) : { type: 'message', message };
}

export interface StreamOptions {
  /** Whether to compress what gets smaller by it. Default: no. */
  readonly compress?: boolean;
}

/** One frame, which must not be longer than others accept. `nonce`: 12 bytes by chance, used never again. */
export function sealStream(message: Message, ring: KeyRing, nonce: Uint8Array, { compress = false }: StreamOptions = {}): Uint8Array {
  const plain = encode(message, 'stream');
  const inner = compress ? packed(plain) : plain;
  const length = inner.length + sealBytes;
  assert(length <= wireLimits.streamBytesMax, `a frame has at most ${wireLimits.streamBytesMax} bytes, not ${length}`);
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt8(encryptType, 0);
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, seal(ring, nonce, header, inner)]);
}
