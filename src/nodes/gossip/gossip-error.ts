/** Why there is no gossip, for a person: a sentence, what to do, and a code that never changes for programs. */
export type GossipErrorCode =
  /** There is no key, or it is none. */
  | 'gossip-key-invalid'
  /** The keys that were changed at run time cannot be read. */
  | 'gossip-keys-unusable'
  | 'gossip-settings-invalid'
  /** It does not know where others find it. */
  | 'gossip-no-address'
  | 'gossip-address-invalid'
  | 'gossip-name-unresolved'
  /** The thread that it ran in is no more. */
  | 'gossip-thread-died'
  | 'gossip-closed';

export class GossipError extends Error {
  readonly code: GossipErrorCode;
  readonly remedy: string;
  constructor(code: GossipErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GossipError';
    this.code = code;
    this.remedy = remedy;
  }
}
