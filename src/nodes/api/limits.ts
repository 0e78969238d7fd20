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
  /** How long a stop waits for requests that are under way. */
  closeMs: 2_000,
  /** Events in one answer. */
  eventsMax: 1_000,
  eventsDefault: 100,
  /** Events looked at for one answer; the answer says where to go on. */
  eventsScannedMax: 100_000,
  /** Events of about this size fill an answer, however few they are. */
  eventsBytesMax: 4 * 1024 * 1024,
  /** Longest time that an override may be given; one that is meant to stay has none. */
  expiresInMsMax: 3650 * 24 * 60 * 60 * 1000,
  /** Mistakes of one request that are named; the others are counted. */
  problemsShown: 5,
  /** Longest text that is repeated to the client of what it sent. */
  echoedCharactersMax: 200,
} as const;
