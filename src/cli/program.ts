/** The tree of commands, each of which has a file of its own here. Making it runs nothing. */
import { Command } from 'commander';
import { version } from '../nodes/version.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { contextCommand } from './context.ts';
import { demoCommand } from './demo.ts';
import { drainCommand } from './drain.ts';
import { eventsCommand } from './events.ts';
import { explainCommand } from './explain.ts';
import { logCommand } from './log.ts';
import { overridesCommand } from './overrides.ts';
import { overwatchCommand, runOverwatch } from './overwatch.ts';
import { replayCommand } from './replay.ts';
import { serversCommand } from './servers.ts';
import { statusCommand } from './status.ts';
import { versionCommand } from './version.ts';

const exitCodesHelp = '\nExit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 not reachable, 4 found a difference.\n';
const example = '\nExample:\n  opengslb demo\n  opengslb status --api http://127.0.0.1:8080\n';

const groups: Readonly<Record<string, readonly (() => Command)[]>> = {
  'Run:': [overwatchCommand, demoCommand, configCommand],
  'Ask running nodes:': [statusCommand, explainCommand, eventsCommand],
  'Change running nodes:': [drainCommand, overridesCommand, serversCommand],
  'Look back:': [replayCommand, logCommand],
  'This client:': [contextCommand, completionCommand, versionCommand],
};

export function program(): Command {
  const root = new Command('opengslb')
    .description('A global server load balancer: DNS that sends clients to servers that work, and can explain every answer.')
    .version(`opengslb ${version}`, '-v, --version')
    // An option before a subcommand is ours, one after it is the subcommand's: both have a --config.
    .enablePositionalOptions()
    .option('--mode <mode>', 'start a node, as the original does: overwatch')
    .option('--config <file>', "with --mode: the node's configuration")
    .addHelpText('after', `${example}${exitCodesHelp}`)
    .action(async (options: { readonly mode?: string; readonly config?: string }) => {
      if (options.mode === undefined && options.config === undefined) root.help({ error: true });
      await runOverwatch({ config: options.config ?? '/etc/opengslb/config.yaml', mode: options.mode });
    });
  for (const [heading, commands] of Object.entries(groups)) {
    for (const make of commands) root.addCommand(make().helpGroup(heading));
  }
  for (const command of withAllBelow(root)) command.exitOverride().showHelpAfterError('(--help shows how it is used)');
  return root;
}

/** A command and every one below it. */
export function withAllBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}
