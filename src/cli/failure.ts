/** How a command fails: a sentence on stderr, what to do about it, and an exit code that scripts can trust. */
import { NodeError, type NodeErrorKind } from '../nodes/client/node-error.ts';
import { SettingsError } from '../nodes/client/settings-error.ts';
import { ConfigurationError } from '../nodes/configuration/problem.ts';
import { remedyOf } from './remedies.ts';
import { stderrStyle } from './style.ts';

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

const codesOfNodeErrors: Readonly<Record<NodeErrorKind, number>> = {
  refused: exitCodes.failed,
  unreachable: exitCodes.unreachable,
  'not-a-node': exitCodes.unreachable,
};

/** Tells a failure and gives its exit code. What has no remedy of its own is a fault of the program: its stack is told. */
export function tellFailure(error: unknown): number {
  const { message, stack } = error as Error;
  const remedy = error instanceof NodeError ? remedyOf(error) : (error as Partial<CommandFailure>).remedy;
  const exitCode = exitCodeOf(error);
  const expected = remedy !== undefined || exitCode !== undefined || isSystemError(error);
  process.stderr.write(`${stderrStyle.bad('opengslb:')} ${expected ? message : (stack ?? String(error))}\n`);
  if (remedy !== undefined && remedy !== '') process.stderr.write(`  ${stderrStyle.dim('what to do:')} ${remedy}\n`);
  return exitCode ?? exitCodes.failed;
}

/** Undefined: the error says nothing of it. */
function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof NodeError) return codesOfNodeErrors[error.kind];
  if (error instanceof SettingsError) return exitCodes.usage;
  if (error instanceof ConfigurationError) return exitCodes.failed;
  return (error as Partial<CommandFailure>).exitCode;
}

function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}
