#!/usr/bin/env node
/**
 * `opengslb`: the one program. Each subcommand has a file of its own here; `--mode overwatch --config F`, the original's
 * way of starting a node, is the same as `overwatch --config F`.
 */
import { Command, CommanderError } from 'commander';
import { version } from '../nodes/version.ts';
import { demoCommand } from './demo.ts';
import { exitCodes, tellFailure } from './failure.ts';
import { overwatchCommand, runOverwatch } from './overwatch.ts';
import { replayCommand } from './replay.ts';
import { versionCommand } from './version.ts';

const exitCodesHelp = '\nExit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 not reachable, 4 found a difference.\n';

function program(): Command {
  const root = new Command('opengslb')
    .description('A global server load balancer: DNS that sends clients to servers that work, and can explain every answer.')
    .version(`opengslb ${version}`, '-v, --version')
    // An option before a subcommand is ours, one after it is the subcommand's: both have a --config.
    .enablePositionalOptions()
    .option('--mode <mode>', 'start a node, as the original does: overwatch')
    .option('--config <file>', "with --mode: the node's configuration")
    .addHelpText('after', exitCodesHelp)
    .addCommand(overwatchCommand())
    .addCommand(replayCommand())
    .addCommand(demoCommand())
    .addCommand(versionCommand())
    .action(async (options: { readonly mode?: string; readonly config?: string }) => {
      if (options.mode === undefined && options.config === undefined) root.help({ error: true });
      await runOverwatch({ config: options.config ?? '/etc/opengslb/config.yaml', mode: options.mode });
    });
  for (const command of [root, ...root.commands]) command.exitOverride().showHelpAfterError('(--help shows how it is used)');
  return root;
}

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else process.exitCode = tellFailure(error);
}
