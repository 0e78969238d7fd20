/**
 * The first thing that a thread says: that it started, or why not. An error that goes from one thread to another loses its
 * class, code and remedy on the way, so it is spelled out there and made anew here.
 */
import { ListenError } from '../listen-error.ts';
import type { Started } from './gossip-commands.ts';

/** An error as values. */
export interface SpelledError {
  readonly message: string;
  /** Of a `ListenError`; undefined: it is another one. */
  readonly listen: Pick<ListenError, 'what' | 'why' | 'remedy'> | undefined;
  readonly stack: string;
}

export type Greeting =
  | { readonly type: 'started'; readonly started: Started }
  | { readonly type: 'startFailed'; readonly error: SpelledError };

export function spelledOut(error: unknown): SpelledError {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof ListenError)) return { message, stack, listen: undefined };
  return { message, stack, listen: { what: error.what, why: error.why, remedy: error.remedy } };
}

export function errorOf({ message, stack, listen }: SpelledError): Error {
  if (listen !== undefined) return new ListenError(listen.what, listen.why, message, listen.remedy, stack);
  return new Error(message, { cause: stack });
}
