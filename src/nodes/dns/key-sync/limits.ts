/** Every limit and interval of fetching keys from peers and giving them to peers, in one table (I9). */
export const keySyncLimits = {
  /** Zones that one request asks about. */
  zonesPerRequest: 500,
  /** Private keys that one request asks for. */
  privateKeysPerRequest: 100,
  /** Keys that a zone may have at once: two while a rotation goes on. */
  keysPerZone: 4,
  /** Longest request that is read: names of zones are up to 253 bytes. */
  requestBytesMax: 192 * 1024,
  /** Longest answer that is read: `zonesPerRequest` zones with all their keys have some 900 bytes each. */
  answerBytesMax: 1024 * 1024,
  /** Longest name of a node. */
  nodeBytesMax: 255,
  /** Longest private key in base64: those on P-384 have some 250 bytes. */
  privateKeyTextMax: 1_024,
  /** Longest word of a certificate for the one after it, in base64. */
  rotationTextMax: 4_096,
  /** Request line and headers together. */
  headBytesMax: 8_192,
  /** Connections at once; those beyond are closed. */
  connectionsMax: 64,
  /** Until the TLS handshake is over, and until a request is there as a whole. */
  requestMsMax: 10_000,
  /** A connection on which nothing is asked any more is closed. */
  idleMsMax: 5_000,
  /** A peer that failed is asked again after this, then after twice as long each time, up to the most and to `poll_interval`. */
  retryMs: 1_000,
  retryMsMax: 300_000,
  /** How far before its time a poll may come, as a part of the interval, so that overwatches do not ask all at once. */
  jitter: 0.2,
  /** Refused keys of one peer that become facts; the others are counted. */
  refusedFactsMax: 1_000,
  /** How long an order to ask waits for what comes of it. */
  askedNowMsMax: 8_000,
} as const;
