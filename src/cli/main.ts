#!/usr/bin/env node
/**
 * `opengslb`: the one program. `--mode overwatch --config F`, the original's way of starting a node, is the same as
 * `overwatch --config F`.
 */
import { CommanderError } from 'commander';
import { exitCodes, tellFailure } from './failure.ts';
import { program } from './program.ts';

// Whoever read has seen enough, as `| head` does: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  const tree = await program(process.argv.slice(2));
  await tree.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else process.exitCode = tellFailure(error);
}
