/** Runs the node that is asked for, by its subcommand, by `--mode`, or else by `mode:` in its configuration. */
import { assertNever } from '../projections/assert-never.ts';
import { CommandFailure, exitCodes } from './failure.ts';

export const usualConfiguration = '/etc/opengslb/config.yaml';

export interface RunOptions {
  readonly config: string;
  readonly mode?: string | undefined;
}

export async function runNode({ config, mode }: RunOptions): Promise<void> {
  if (mode !== undefined && mode !== 'overwatch' && mode !== 'agent')
    throw new CommandFailure(`there is no mode ${mode}`, exitCodes.usage, 'use --mode overwatch or --mode agent');
  // Who only asks a node that runs needs no schema, and does not wait for one.
  const { readConfiguration } = await import('../nodes/configuration/read.ts');
  const read = readConfiguration({ path: config, ...(mode !== undefined && { mode }), environment: process.env });
  // What only the other kind of node needs is not loaded.
  switch (read.configuration.mode) {
    case 'overwatch':
      return (await import('./run-overwatch.ts')).runOverwatch(read, config);
    case 'agent':
      return (await import('./run-agent.ts')).runAgent(read, config);
    default:
      return assertNever(read.configuration.mode);
  }
}
