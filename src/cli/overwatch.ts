/** `opengslb overwatch --config FILE`: checks servers and serves DNS until it is told to stop. */
import { Command } from 'commander';
import { runNode, usualConfiguration } from './run-node.ts';

export function overwatchCommand(): Command {
  return new Command('overwatch')
    .description('Check servers from outside and serve authoritative DNS with those that are fit.')
    .requiredOption('--config <file>', 'its configuration, in YAML', usualConfiguration)
    .addHelpText('after', '\nExample:\n  opengslb overwatch --config config/minimal.yaml\n')
    .action(({ config }: { readonly config: string }) => runNode({ config, mode: 'overwatch' }));
}
