/**
 * The tree of commands, each of which has a file of its own here. Making it runs nothing. Only the file of the command
 * that is asked for is loaded, so that `version` does not wait for what `replay` needs; whoever has to know all of them
 * (`--help`, `completion`, a word that is none of them) gets them all.
 */
import { Command } from 'commander';
import { version } from '../nodes/version.ts';

const exitCodesHelp = '\nExit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 not reachable, 4 found a difference.\n';
const example = '\nExample:\n  opengslb demo\n  opengslb status --api http://127.0.0.1:8080\n';

type Load = () => Promise<Command>;

const groups: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'Run:': {
    overwatch: async () => (await import('./overwatch.ts')).overwatchCommand(),
    agent: async () => (await import('./agent.ts')).agentCommand(),
    demo: async () => (await import('./demo.ts')).demoCommand(),
    config: async () => (await import('./config.ts')).configCommand(),
  },
  'Ask running nodes:': {
    status: async () => (await import('./status.ts')).statusCommand(),
    explain: async () => (await import('./explain.ts')).explainCommand(),
    events: async () => (await import('./events.ts')).eventsCommand(),
  },
  'Change running nodes:': {
    drain: async () => (await import('./drain.ts')).drainCommand(),
    agents: async () => (await import('./agents.ts')).agentsCommand(),
    overrides: async () => (await import('./overrides.ts')).overridesCommand(),
    servers: async () => (await import('./servers.ts')).serversCommand(),
    geo: async () => (await import('./geo.ts')).geoCommand(),
    dnssec: async () => (await import('./dnssec.ts')).dnssecCommand(),
    'gossip-key': async () => (await import('./gossip-key.ts')).gossipKeyCommand(),
  },
  'Look back:': {
    replay: async () => (await import('./replay.ts')).replayCommand(),
    log: async () => (await import('./log.ts')).logCommand(),
  },
  'This client:': {
    context: async () => (await import('./context.ts')).contextCommand(),
    completion: async () => (await import('./completion.ts')).completionCommand(),
    version: async () => (await import('./version.ts')).versionCommand(),
  },
};

/** The program as it is needed for these words of a command line; without any, the whole of it. */
export async function program(words: readonly string[] = []): Promise<Command> {
  const root = new Command('opengslb')
    .description('A global server load balancer: DNS that sends clients to servers that work, and can explain every answer.')
    .version(`opengslb ${version}`, '-v, --version')
    // An option before a subcommand is ours, one after it is the subcommand's: both have a --config.
    .enablePositionalOptions()
    .option('--mode <mode>', 'start a node, as the original does: overwatch or agent; left out, what its configuration says')
    .option('--config <file>', "with --mode: the node's configuration")
    .addHelpText('after', `${example}${exitCodesHelp}`)
    .action(async (options: { readonly mode?: string; readonly config?: string }) => {
      if (options.mode === undefined && options.config === undefined) root.help({ error: true });
      const { runNode, usualConfiguration } = await import('./run-node.ts');
      await runNode({ config: options.config ?? usualConfiguration, mode: options.mode });
    });
  const isNeeded = neededFor(words);
  for (const [heading, commands] of Object.entries(groups)) {
    const needed = Object.entries(commands).filter(([name]) => isNeeded(name));
    for (const command of await Promise.all(needed.map(([, load]) => load()))) root.addCommand(command.helpGroup(heading));
  }
  for (const command of withAllBelow(root)) command.exitOverride().showHelpAfterError('(--help shows how it is used)');
  return root;
}

/**
 * Which commands a command line needs.
 *
 *     its first word               needed
 *     -v, --version                none
 *     completion                   all: the script names them
 *     any other command            that one
 *     anything else, or nothing    all: they are listed, or the nearest of them is suggested
 */
function neededFor([first = '']: readonly string[]): (name: string) => boolean {
  if (first === '-v' || first === '--version') return () => false;
  const isAlone = first !== 'completion' && Object.values(groups).some((commands) => Object.hasOwn(commands, first));
  return (name) => !isAlone || name === first;
}

/** A command and every one below it. */
export function withAllBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}
