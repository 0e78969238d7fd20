/** What can go wrong with a log, each with the sentence that says so and what to do about it. */
import { LogError, type LogStart } from './log.ts';
import { momentText } from './moment-text.ts';

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

/** `asked` is a position or a moment, in words. */
export function dropped(asked: string, { position, at }: LogStart): LogError {
  const remedy = 'Ask about that moment or a later one; how far back a log reaches is set by log.retention and log.max_bytes.';
  const begins = `it begins at position ${position}, ${momentText(at)}`;
  return new LogError('log-dropped', `The log no longer holds ${asked}: ${begins}.`, remedy);
}

/** What an error says, and the deepest reason that it names. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
