/** `opengslb version`: what this is and what it runs on; where a node is named, what that is too. */
import type { Command } from 'commander';
import { version } from '../nodes/version.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { plain } from './style.ts';

export function versionCommand(): Command {
  const examples = ['opengslb version --json', 'opengslb version --api http://127.0.0.1:8080'];
  return withNodeFlags(
    commandWith('version', 'Say which version this is; with --api or --context, the version of that node too.', ...examples),
  ).action(async (flags: NodeFlags) => {
    const here = { version, node: process.version, platform: `${process.platform}-${process.arch}` };
    const isNamed = flags.api !== undefined || flags.context !== undefined;
    const there = isNamed ? await versionThere(flags) : undefined;
    if (flags.json) return printJson(there === undefined ? here : { ...here, server: there });
    process.stdout.write(`opengslb ${version} (Node ${here.node}, ${here.platform})\n`);
    if (there !== undefined)
      process.stdout.write(`${plain(`${there.endpoint}: opengslb ${there.version} (Node ${there.node}, ${there.platform})`)}\n`);
  });
}

/** Loads what speaks to nodes only here: without a node, the version is told at once. */
async function versionThere(flags: NodeFlags) {
  const [{ askOne }, { versionOf }] = await Promise.all([import('./nodes.ts'), import('../nodes/client/node-api.ts')]);
  return askOne(flags, async (client) => {
    const { version: its, node_version: node, platform } = await versionOf(client);
    return { endpoint: client.endpoint, version: its, node, platform };
  });
}
