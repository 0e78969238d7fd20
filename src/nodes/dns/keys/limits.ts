/** Every limit and interval of keeping keys and asking parents, in one table (I9). */
export const keyLimits = {
  /** Longest text of a key file: ours have some 240 bytes. */
  fileBytesMax: 4_096,
  /** First keys that are made in one go, and become facts in one batch. */
  firstKeysAtOnce: 1_000,
  /** How often what could not be done is tried again, and what is to be asked is looked through. */
  lookEveryMs: 60_000,
  /** How often it is asked whether what a stage is about is laid out. */
  lookForLayoutMs: 250,
  /** Looks in a row that must find it: behind one address of a large parent stand many servers, and one reply may be forged. */
  looksInRow: 2,
  /** How long a server of a parent has to answer, each time. */
  answerMs: 3_000,
  /** How often it is asked over UDP before it counts as silent. */
  attempts: 2,
  /** Longest answer over TCP that is read; a DS answer has some hundred bytes. */
  answerBytesMax: 65_535,
  /** Nameservers of a parent, which are asked at once; of one with more none is asked, because all have to be. */
  serversMax: 64,
  /** What an operator's word that the parent shows the DS waits for, where nothing else is said: a day, as most parents have it. */
  dsTtlSecondsDefault: 86_400,
} as const;
