/** `opengslb agent --config FILE` runs the agent of this host; `agent status` asks the one that runs, over its control socket. */
import type { Command } from 'commander';
import { type AgentFlags, askAndShow, withAgentFlags } from './agent-socket.ts';
import { commandWith } from './node-flags.ts';
import { runNode, usualConfiguration } from './run-node.ts';

export function agentCommand(): Command {
  const examples = ['opengslb agent --config config/agent.yaml', 'opengslb agent status'];
  return commandWith('agent', 'Watch the applications of this host and tell every overwatch how they are, before they fail.', ...examples)
    .enablePositionalOptions()
    .option('--config <file>', 'its configuration, in YAML', usualConfiguration)
    .addCommand(agentStatusCommand())
    .action(({ config }: { readonly config: string }) => runNode({ config, mode: 'agent' }));
}

function agentStatusCommand(): Command {
  const examples = ['opengslb agent status', 'opengslb agent status --socket /run/opengslb/agent.sock --json'];
  const description = 'Say how the agent of this host stands: its backends, its drains, and what each overwatch knows.';
  return withAgentFlags(commandWith('status', description, ...examples)).action((flags: AgentFlags) =>
    askAndShow(flags, { command: 'status' }),
  );
}
