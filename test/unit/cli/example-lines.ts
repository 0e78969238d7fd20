/** The examples that a command's help shows, as lines of shell. */
import type { Command } from 'commander';

export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (written) => {
      text += written;
    },
  });
  command.outputHelp();
  return text;
}

export function exampleLines(command: Command): readonly string[] {
  const [, examples = ''] = /^Example:\n((?: {2}.+\n)+)/m.exec(helpOf(command)) ?? [];
  return examples
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
