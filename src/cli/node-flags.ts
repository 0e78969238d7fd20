/** The flags of every command that speaks to nodes, and from them the nodes to speak to. */
import { Command, Option } from 'commander';
import { type ClientOptions, createClient, type NodeClient } from '../nodes/client/client.ts';
import { askFirst } from '../nodes/client/many-nodes.ts';
import { type ClientFlags, clientSettings } from '../nodes/client/settings.ts';
import { stderrStyle } from './style.ts';

export interface NodeFlags extends ClientFlags {
  readonly json?: true;
}

/** A command of the line, with an example that can be run as it stands. */
export function commandWith(name: string, description: string, ...examples: readonly string[]): Command {
  const shown = examples.map((example) => `\n  ${example}`).join('');
  return new Command(name).description(description).addHelpText('after', `\nExample:${shown}\n`);
}

export function withNodeFlags(command: Command): Command {
  const collect = (url: string, before: readonly string[] = []) => [...before, url];
  return command
    .addOption(
      new Option('--api <url>', 'a node to speak to, such as http://192.0.2.7:8080; for several nodes, several times').argParser(collect),
    )
    .option('--context <name>', 'the nodes of this context; see "opengslb context"')
    .option('--token <token>', 'what they know you by; others see it in the list of processes, so better OPENGSLB_TOKEN')
    .option('--timeout <duration>', 'how long a node has to answer, such as 5s')
    .option('--json', 'as JSON');
}

export function nodesOf(flags: ClientFlags): readonly NodeClient[] {
  const { endpoints, token, timeoutMs } = clientSettings(flags, process.env);
  return endpoints.map((endpoint) => {
    const options: ClientOptions = { endpoint, timeoutMs };
    return createClient(token === undefined ? options : { ...options, token });
  });
}

/** Asks the first node that can be reached; which could not is said on stderr. */
export function askOne<T>(flags: ClientFlags, ask: (client: NodeClient) => Promise<T>): Promise<T> {
  return askFirst(nodesOf(flags), ask, ({ message }) => warn(`${message}; asking the next`));
}

export function warn(sentence: string): void {
  process.stderr.write(`${stderrStyle.odd('note:')} ${sentence}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
