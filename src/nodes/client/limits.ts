/** Every limit of the client, in one table (I9). */
export const clientLimits = {
  /** How long a node has to answer, unless somebody says otherwise. */
  timeoutMsDefault: 10_000,
  timeoutMsMin: 10,
  timeoutMsMax: 600_000,
  /** Nodes of one context. */
  endpointsMax: 64,
  /** One answer. A page of events is at most some 4 MiB. */
  answerBytesMax: 64 * 1024 * 1024,
  /** Questions that one node is asked at once. */
  questionsAtOnce: 4,
  /** After which a node that was asked too often is asked again. */
  againAfterMs: 500,
  /** Events of one page, as many as a node gives. */
  eventsAPage: 1_000,
  /** Longest text of a token. */
  tokenCharactersMax: 4_096,
} as const;
