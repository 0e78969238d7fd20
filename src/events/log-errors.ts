/** What can go wrong with a log, each with the sentence that says so and what to do about it. */
import { LogError } from './log.ts';

/** `place` is a position, or positions. */
export function broken(place: string, problem: string, cause?: unknown): LogError {
  const remedy = 'Run `opengslb log verify` to see how much of the log is sound, then restore its directory from a copy.';
  return new LogError('log-broken', `The log is broken at ${place}: ${problem}.`, remedy, cause);
}

export function tooNew(place: string, what: string): LogError {
  const remedy = 'Install the newer version of opengslb that wrote it.';
  return new LogError('log-too-new', `The log holds ${what} at ${place}, which this program does not know.`, remedy);
}

export function unavailable(cause: unknown): LogError {
  const remedy = 'Make room on the disk or repair it; nothing is appended until the log is opened again.';
  return new LogError('log-unavailable', `The log cannot be written: ${reasonOf(cause)}.`, remedy, cause);
}

export function closedLog(): LogError {
  return new LogError('log-closed', 'The log was closed.', 'Open it again.');
}

export function notInLog(position: number): LogError {
  return new LogError('log-closed', `There is no position ${position} in a log.`, 'Positions are the whole numbers from 1 on.');
}

/** What an error says, and the deepest reason that it names. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
