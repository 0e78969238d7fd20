/**
 * `opengslb drain on|off`: drains what the agent of this host speaks for, from this host and by its own word. It needs no
 * overwatch to be reached, and it holds until it is ended, over restarts of the agent.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { type AgentFlags, askAndShow, withAgentFlags } from './agent-socket.ts';
import { serviceName } from './change.ts';
import { commandWith } from './node-flags.ts';

interface DrainOnFlags extends AgentFlags {
  readonly reason: string;
}

const ofService = 'one service of this host; left out: all of them';

export function drainOnCommand(): Command {
  const examples = ['opengslb drain on --reason "kernel update"', 'opengslb drain on app.example.com'];
  return withAgentFlags(commandWith('on', 'Drain this host by its own agent: it gets no new clients until "drain off".', ...examples))
    .argument('[service]', ofService, serviceName)
    .option('--reason <text>', 'why; every overwatch is told', reasonFlag, 'drained on the host')
    .action((service: string | undefined, flags: DrainOnFlags) => {
      const done = `${service ?? 'every service of this host'} is draining`;
      return askAndShow(flags, { command: 'drain-on', service: service ?? null, reason: flags.reason }, done);
    });
}

export function drainOffCommand(): Command {
  const examples = ['opengslb drain off', 'opengslb drain off app.example.com'];
  return withAgentFlags(commandWith('off', 'End what "drain on" began on this host.', ...examples))
    .argument('[service]', ofService, serviceName)
    .action((service: string | undefined, flags: AgentFlags) => {
      const done = `the drain of ${service ?? 'this host'} has ended`;
      return askAndShow(flags, { command: 'drain-off', service: service ?? null }, done);
    });
}

function reasonFlag(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('Expected a reason in words.');
}
