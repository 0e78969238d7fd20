/**
 * Every limit on bytes that come from other members, in one table (I9). What is beyond a limit is refused and counted
 * under the reason that stands beside it; nothing is allocated because a length or a count claims something.
 */
export const wireLimits = {
  /** Longest datagram that we make on purpose: it passes every usual path in one piece. */
  datagramBytesMax: 1400,
  /** What all compressed parts of one datagram may become together, as much as a datagram could have held anyway; `too-long`. */
  datagramInflatedBytesMax: 65_536,
  /** Compound and compressed layers around a message; senders need two. `too-deep`. */
  layersMax: 4,
  /** Parts of one compound: its count is one byte. */
  compoundPartsMax: 255,
  /** Messages, good and bad, that are looked at in one datagram; `too-many-parts`. */
  datagramMessagesMax: 1024,
  /** Longest sealed frame of a stream; its length is refused before a byte of it is kept. `too-long`. */
  streamBytesMax: 20 * 1024 * 1024,
  /** What a compressed stream may become; `too-long`. */
  streamInflatedBytesMax: 40 * 1024 * 1024,
  /** Members in one push/pull; `too-long`. */
  pushPullNodesMax: 65_536,
  /** User state of a push/pull and a reliable user message; `too-long`. */
  userBytesMax: 20 * 1024 * 1024,
  /** A member's name, in bytes of UTF-8; `bad-field`. */
  nameBytesMax: 255,
  /** What a member says of itself; `bad-field`. */
  metaBytesMax: 512,
  /** The text of an error; what is longer is cut off, because nothing but a log line depends on it. */
  errorBytesMax: 1024,
  /** Keys of one msgpack map; ours have seven at most. `malformed`. */
  mapEntriesMax: 32,
  /** Numbers in an array that stands for bytes, as some encoders write them; longer arrays are no bytes. */
  byteArrayMax: 512,
  /** Keys in a ring: every one is tried on a packet that none of them opens. */
  keysMax: 8,
} as const;
