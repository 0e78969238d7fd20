/**
 * `opengslb drain SERVICE SERVER`: takes a server out softly from afar, by the override `drain` on the overwatches, and with
 * `--end` lets it in again. `drain on` and `drain off` are the other form: on the host itself, by its agent.
 */
import type { Command } from 'commander';
import type { NodeClient } from '../nodes/client/client.ts';
import { clearOverride, overridesOf, tryClearOverride } from '../nodes/client/node-api.ts';
import { NodeError } from '../nodes/client/node-error.ts';
import { targetText } from '../projections/endpoint.ts';
import { type ChangeFlags, carryOut, durationFlag, serverTarget, serviceName, withChangeFlags } from './change.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { drainOffCommand, drainOnCommand } from './host-drain.ts';
import { commandWith } from './node-flags.ts';
import { setOnEach } from './overrides.ts';

interface DrainFlags extends ChangeFlags {
  readonly reason?: string;
  readonly expiresIn?: string;
  readonly end?: true;
}

export function drainCommand(): Command {
  const examples = [
    'opengslb drain app.example.com 192.0.2.7 --reason "kernel update"',
    'opengslb drain app.example.com 192.0.2.7 --end --reason "updated"',
    'opengslb drain on --reason "kernel update"',
  ];
  const description = 'Send a server no new clients: by every node of the context, or with "on" and "off" by the agent of this host.';
  return (
    withChangeFlags(commandWith('drain', description, ...examples))
      .usage('[options] <service> <server>\n       opengslb drain on|off [options] [service]')
      // An option after "on" or "off" is theirs: both forms have a --reason.
      .enablePositionalOptions()
      .addCommand(drainOnCommand())
      .addCommand(drainOffCommand())
      .argument('<service>', 'the name that is served', serviceName)
      .argument('<server>', 'ADDRESS, for all of its ports, or ADDRESS:PORT', serverTarget)
      .option('--reason <text>', 'why; the log keeps it. Only --end can do without')
      .option('--expires-in <duration>', 'end by itself after this time, such as 30m', durationFlag)
      .option('--end', 'end the drain')
      .action((service: string, target: string, flags: DrainFlags) => {
        const { reason, end, expiresIn, force } = flags;
        if (end && expiresIn !== undefined)
          throw new CommandFailure('--end and --expires-in exclude each other', exitCodes.usage, 'give one of them');
        if (reason === undefined && (!end || force))
          throw new CommandFailure('a reason is missing', exitCodes.usage, 'say why with --reason "..."');
        return end ? endDrain({ service, target }, flags) : setOnEach({ service, target }, 'drain', { ...flags, reason: reason as string });
      })
  );
}

type Target = { readonly service: string; readonly target: string };

function endDrain(target: Target, flags: DrainFlags): Promise<void> {
  const { reason, force = false } = flags;
  return carryOut(flags, {
    order: async (client, key) => {
      await assertDrain(client, target);
      await clearOverride(client, target, reason, { key, force });
      return 'drain ended';
    },
    rehearse: async (client) => {
      await assertDrain(client, target);
      return tryClearOverride(client, target, reason, force);
    },
  });
}

/**
 * Overrides that say something else are not this command's to end. That there are none is for the node to say, which
 * knows whether this is a repetition.
 */
async function assertDrain(client: NodeClient, { service, target }: Target): Promise<void> {
  const covered = (await overridesOf(client)).filter((override) => {
    return override.service === service && [override.address, targetText(override.address, override.port)].includes(target);
  });
  const other = covered.find(({ action }) => action !== 'drain');
  if (other === undefined) return;
  const message = `the override on ${targetText(other.address, other.port)} of ${service} is ${other.action}, and no drain`;
  throw new NodeError('refused', client.endpoint, message, 'end it with "opengslb overrides clear"', 'not-a-drain');
}
