/** What commands are made of: an example each, and the flags of every one that speaks to nodes. */
import { Command, Option } from 'commander';
import type { ClientFlags } from '../nodes/client/settings.ts';
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

export function warn(sentence: string): void {
  process.stderr.write(`${stderrStyle.odd('note:')} ${sentence}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
