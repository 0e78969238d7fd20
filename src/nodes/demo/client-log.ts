/**
 * What the demo's client saw, in the order in which it saw it. This log is the judge of the demo: what the overwatch
 * says of itself is shown beside it and decides nothing.
 */

/** `client`: keeps answers for their TTL, as resolvers do. `witness`: asks again and again and keeps nothing. */
export type Asker = 'client' | 'witness';

/** What DNS said. */
export interface AnswerSeen {
  readonly kind: 'answer';
  readonly by: Asker;
  readonly askedAt: number;
  readonly at: number;
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
  readonly over: 'udp' | 'tcp';
}

/** DNS said nothing, or nothing of use. */
export interface AnswerMissed {
  readonly kind: 'no-answer';
  readonly by: Asker;
  readonly askedAt: number;
  readonly at: number;
  readonly error: string;
}

/** What became of one request. */
export interface RequestEnded {
  readonly kind: 'request';
  readonly startedAt: number;
  readonly at: number;
  /** Whom it went to; null: the name could not be resolved. */
  readonly address: string | null;
  /** The server's own name, from its page; null: it failed. */
  readonly server: string | null;
  /** Why it failed; null: it did not. */
  readonly error: string | null;
  /** Whether it went to the address itself, whatever DNS says. */
  readonly direct: boolean;
}

export type ClientEntry = AnswerSeen | AnswerMissed | RequestEnded;

export interface ClientLog {
  /** Oldest first. */
  readonly entries: readonly ClientEntry[];
  add(entry: ClientEntry): void;
  /** Calls the listener after every entry. Returns how to call it off. */
  follow(listener: (entry: ClientEntry) => void): () => void;
}

/** Entries that are kept, an hour's worth; of more, the oldest half is forgotten. */
const entriesMax = 100_000;

export function createClientLog(): ClientLog {
  const entries: ClientEntry[] = [];
  const listeners = new Set<(entry: ClientEntry) => void>();
  return {
    entries,
    add(entry) {
      if (entries.length >= entriesMax) entries.splice(0, entriesMax / 2);
      entries.push(entry);
      for (const listener of listeners) listener(entry);
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function isRequest(entry: ClientEntry): entry is RequestEnded {
  return entry.kind === 'request' && !entry.direct;
}

export function isAnswer(entry: ClientEntry): entry is AnswerSeen {
  return entry.kind === 'answer';
}
