/** How a command fails: a sentence on stderr, what to do about it, and an exit code that scripts can trust. */
import { style } from './style.ts';

export const exitCodes = { done: 0, failed: 1, usage: 2, unreachable: 3, difference: 4 } as const;

/** Ends a command with a code of its own; the sentence has been, or is, its message. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  readonly remedy: string | undefined;
  constructor(message: string, exitCode: number, remedy?: string) {
    super(message);
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** Tells a failure and gives its exit code. What has no remedy of its own is a fault of the program: its stack is told. */
export function tellFailure(error: unknown): number {
  const { message, remedy, exitCode, stack } = error as Partial<CommandFailure>;
  const expected = remedy !== undefined || exitCode !== undefined || isSystemError(error);
  process.stderr.write(`${style.bad('opengslb:')} ${expected ? message : (stack ?? String(error))}\n`);
  if (remedy !== undefined && remedy !== '') process.stderr.write(`  ${style.dim('what to do:')} ${remedy}\n`);
  return exitCode ?? exitCodes.failed;
}

function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}
