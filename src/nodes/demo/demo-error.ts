/** Why the demo cannot go on: one stable code a cause, a sentence for people, and what to do about it. */

export type DemoErrorCode =
  /** An address that the demo needs is not on this machine. */
  | 'address-missing'
  /** No port was free on all the addresses. */
  | 'no-free-port'
  /** A child process ended, or never began to serve. */
  | 'child-failed'
  /** The overwatch refused what it was asked for. */
  | 'refused'
  /** Somebody asked the demo to stop. */
  | 'interrupted';

export class DemoError extends Error {
  readonly code: DemoErrorCode;
  readonly remedy: string;
  constructor(code: DemoErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DemoError';
    this.code = code;
    this.remedy = remedy;
  }
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new DemoError('interrupted', 'the demo was stopped before its end', 'start it again to see the rest');
}
