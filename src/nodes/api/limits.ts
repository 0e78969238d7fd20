/**
 * Every limit of the API, in one table (I9). What is beyond a limit is refused with a sentence that names it; nothing
 * here grows with what clients do.
 */
export const apiLimits = {
  /** Longest body that is read. Real ones stay under 4 KiB. */
  bodyBytesMax: 64 * 1024,
  /** Longest part of a path between two slashes, as it is written: a DNS name with every byte percent-encoded fits. */
  pathPartCharactersMax: 1024,
  /** From a request's first byte to its last. */
  requestMsMax: 10_000,
  /** How long a connection is kept for the next request. */
  idleMs: 60_000,
  /** Open connections; new ones beyond are closed at once. */
  connectionsMax: 512,
  /** What one address may ask at once, and how fast that fills up again. A dashboard and a few scripts stay far below. */
  requestsAtOnce: 1_000,
  requestsPerSecond: 100,
  /** Requests that one with an unknown token counts for: twenty guesses at once, then two a second. */
  unknownTokenCost: 50,
  /** Addresses whose requests are counted; beyond, the one that asked longest ago is forgotten. */
  requestAddressesMax: 10_000,
  /** How long an answer about new checks waits until they are folded. */
  foldMsMax: 1_000,
  /** How long a stop waits for requests that are under way. */
  closeMs: 2_000,
  /** Events in one answer. */
  eventsMax: 1_000,
  eventsDefault: 100,
  /** Events looked at for one answer; the answer says where to go on. */
  eventsScannedMax: 100_000,
  /** Events of about this size fill an answer, however few they are. */
  eventsBytesMax: 4 * 1024 * 1024,
  /** Open streams of events, in all and from one address. Each may hold `streamUnsentBytesMax`. */
  streamsMax: 64,
  streamsPerAddressMax: 16,
  /** What a stream that has caught up may leave unread before it is cut off. */
  streamUnsentBytesMax: 4 * 1024 * 1024,
  /** What a stream that catches up may leave unread before the log waits for it. */
  streamPacedBytes: 256 * 1024,
  /** From one bookmark and sign of life to the next. */
  streamTickMs: 4_000,
  /** A peer that gave no sign of life for so long is gone. */
  streamSilentMsMax: 60_000,
  /** How long the streams that catch up may keep the node at once. */
  streamSliceMs: 2,
  /** Longest message that a client may send; all are passed over. */
  streamMessageBytesMax: 1024,
  /** Derived changes that are kept for streams that begin a little in the past; between half of this and all of it. */
  streamChangesBytesMax: 8 * 1024 * 1024,
  /** Longest time that an override may be given; one that is meant to stay has none. */
  expiresInMsMax: 3650 * 24 * 60 * 60 * 1000,
  /** Mistakes of one request that are named; the others are counted. */
  problemsShown: 5,
  /** Longest text that is repeated to the client of what it sent. */
  echoedCharactersMax: 200,
} as const;
