/**
 * `opengslb gossip-key`: makes keys for the gossip, and changes those of running nodes without a restart: install a new key
 * everywhere, use it everywhere, remove the old one everywhere. Keys go in; what is shown of them is their fingerprints.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { changeGossipKey, gossipKeysOf } from '../nodes/client/node-api.ts';
import { generateGossipKey } from '../nodes/gossip/generate-key.ts';
import { whyNoKey } from '../nodes/gossip/key-ring.ts';
import { sentenceAndRemedy } from '../nodes/gossip/sentence-and-remedy.ts';
import { type AgentFlags, askForKeys } from './agent-socket.ts';
import { type ChangeFlags, carryOut } from './change.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { columns, plain, style } from './style.ts';

type Action = 'install' | 'use' | 'remove';

interface KeyFlags extends NodeFlags, AgentFlags {
  readonly agent?: true;
  readonly json?: true;
}

export function gossipKeyCommand(): Command {
  return commandWith('gossip-key', 'Make a key for the gossip, and change the keys of running nodes.', 'opengslb gossip-key generate')
    .addCommand(generateCommand())
    .addCommand(listCommand())
    .addCommand(changeCommand('install', 'Install a key: from then on the nodes open what is sealed with it.'))
    .addCommand(changeCommand('use', 'Seal with a key from now on. First install it on every agent and overwatch.'))
    .addCommand(changeCommand('remove', 'Forget a key. First use another one on every agent and overwatch.'));
}

function generateCommand(): Command {
  return commandWith('generate', 'Make a key: 32 bytes by chance, in base64. Nothing is kept of it.', 'opengslb gossip-key generate')
    .option('--json', 'as JSON')
    .action(({ json }: { readonly json?: true }) => {
      const key = generateGossipKey();
      if (json) printJson({ key, algorithm: 'AES-256-GCM', bits: 256 });
      else process.stdout.write(`${key}\n`);
    });
}

function listCommand(): Command {
  return withKeyFlags(commandWith('list', 'List the keys of a running node, by fingerprint.', 'opengslb gossip-key list')).action(
    async (flags: KeyFlags) => {
      const keys = flags.agent ? await askForKeys(flags, { command: 'gossip-keys' }) : await askOne(flags, gossipKeysOf);
      show(keys, flags);
    },
  );
}

function changeCommand(action: Action, description: string): Command {
  const example = `opengslb gossip-key ${action} - < new.key`;
  return withKeyFlags(commandWith(action, description, example))
    .argument('<key>', '32 bytes in base64; - reads it from standard input, so that it does not stand in the list of processes')
    .action(async (given: string, flags: KeyFlags) => {
      const key = (given === '-' ? readFileSync(0, 'utf8') : given).trim();
      const why = whyNoKey(key);
      if (why !== undefined) throw failureOf(why);
      if (flags.agent) return show(await askForKeys(flags, { command: 'gossip-key', action, key }), flags);
      return carryOut(flags as ChangeFlags, {
        order: async (client, requestKey) => {
          const { fingerprint, changed } = await changeGossipKey(client, action, key, requestKey);
          return changed ? `${done[action]} ${fingerprint}` : `${fingerprint} was so already`;
        },
      });
    });
}

const done = { install: 'installed', use: 'uses', remove: 'removed' } as const;

function withKeyFlags(command: Command): Command {
  return withNodeFlags(command)
    .option('--agent', 'the agent of this host, over its control socket, in place of overwatches')
    .option('--config <file>', "with --agent: the agent's configuration, which says where its socket is")
    .option('--socket <path>', 'with --agent: its control socket itself');
}

function show(keys: readonly { readonly fingerprint: string; readonly primary: boolean }[], { json }: KeyFlags): void {
  const rows = keys.map(({ fingerprint, primary }) => [plain(fingerprint), primary ? style.good('seals and opens') : 'opens']);
  if (json) printJson({ keys });
  else process.stdout.write(`${columns(['key', ''], rows)}\n`);
}

function failureOf(why: string): CommandFailure {
  const { sentence, remedy } = sentenceAndRemedy(why);
  return new CommandFailure(sentence, exitCodes.usage, remedy);
}
