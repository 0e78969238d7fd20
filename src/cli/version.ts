/** `opengslb version`: what this is and what it runs on. */
import { Command } from 'commander';
import { version } from '../nodes/version.ts';

export function versionCommand(): Command {
  return new Command('version')
    .description('Say which version this is.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  opengslb version --json\n')
    .action(({ json }: { readonly json?: true }) => {
      const about = { version, node: process.version, platform: `${process.platform}-${process.arch}` };
      process.stdout.write(json ? `${JSON.stringify(about)}\n` : `opengslb ${version} (Node ${about.node}, ${about.platform})\n`);
    });
}
