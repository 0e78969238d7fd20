/** Why a node has no identity to show, with the place and what to do. Programs match on the code. */
export type IdentityErrorCode =
  /** A file or its folder cannot be read or written. */
  | 'identity-unavailable'
  /** Others than this user may read or write the private key. */
  | 'identity-exposed'
  /** A file is there, and is not what it should be. */
  | 'identity-damaged';

export class IdentityError extends Error {
  readonly code: IdentityErrorCode;
  readonly remedy: string;
  constructor(code: IdentityErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'IdentityError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** What went wrong with a file, as an error of ours. */
export function unavailable(path: string, error: unknown): IdentityError {
  if (error instanceof IdentityError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new IdentityError('identity-unavailable', `${path} cannot be used: ${reason}`, `let this user read and write ${path}`, error);
}
