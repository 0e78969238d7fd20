/** Every limit of the checks, in one table (I9). A server that is checked can send what it likes; it costs no more than this. */
export const checkLimits = {
  /** Status line and headers of an answer; what is longer fails the check. */
  headerBytesMax: 16_384,
  /** How much of a body is searched for the expected text; then the connection is dropped. */
  bodyBytesMax: 65_536,
  /** Length of the sentence that says why a check failed, as `validation.recorded` allows it. */
  errorCharactersMax: 200,
  /** How much of the expected text is repeated in that sentence. */
  quotedCharactersMax: 60,
  /** `setTimeout` takes no more. */
  timeoutMsMax: 2 ** 31 - 1,
} as const;
