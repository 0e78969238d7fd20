/** `opengslb overrides`: what is in force whatever the checks say; setting and clearing it on every node of the context. */
import { Argument, type Command } from 'commander';
import { clearOverride, overridesOf, type ShownOverride, setOverride, tryClearOverride, trySetOverride } from '../nodes/client/node-api.ts';
import { targetText } from '../projections/endpoint.ts';
import { type ChangeFlags, carryOut, durationFlag, serverTarget, serviceName, withChangeFlags } from './change.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { columns, momentOf, plain, style } from './style.ts';

export interface SetFlags extends ChangeFlags {
  readonly reason: string;
  readonly expiresIn?: string;
}

interface ClearFlags extends ChangeFlags {
  readonly reason?: string;
}

export function overridesCommand(): Command {
  const example = 'opengslb overrides set app.example.com 192.0.2.7 down --reason "disk is dying"';
  return commandWith('overrides', 'Say that a server is up, down or draining, whatever its checks say.', 'opengslb overrides list', example)
    .addCommand(listCommand())
    .addCommand(setCommand())
    .addCommand(clearCommand());
}

function listCommand(): Command {
  return withNodeFlags(commandWith('list', 'List the overrides in force.', 'opengslb overrides list --json')).action(
    async (flags: NodeFlags) => {
      const overrides = await askOne(flags, overridesOf);
      if (flags.json) printJson({ overrides });
      else process.stdout.write(overrides.length === 0 ? 'no overrides\n' : `${overrideRows(overrides)}\n`);
    },
  );
}

export function overrideRows(overrides: readonly ShownOverride[]): string {
  const rows = overrides.map(({ service, address, port, action, authority, source, created_at: at, expires_at: until, reason }) => [
    plain(service),
    plain(targetText(address, port)),
    action === 'up' ? style.good(action) : action === 'down' ? style.bad(action) : style.odd(plain(action)),
    `${plain(authority)} ${plain(source)}`,
    momentOf(at),
    until === null ? 'never' : momentOf(until),
    plain(reason),
  ]);
  return columns(['service', 'server', 'override', 'by', 'since', 'expires', 'reason'], rows);
}

function setCommand(): Command {
  const example = 'opengslb overrides set app.example.com 192.0.2.7 down --reason "disk is dying" --expires-in 2h';
  return withChangeFlags(commandWith('set', 'Set an override on every node of the context.', example))
    .argument('<service>', 'the name that is served', serviceName)
    .argument('<server>', 'ADDRESS, for all of its ports, or ADDRESS:PORT', serverTarget)
    .addArgument(new Argument('<action>', 'what the server counts as').choices(['up', 'down', 'drain']))
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .option('--expires-in <duration>', 'end by itself after this time, such as 2h; left out: it stays until it is cleared', durationFlag)
    .action((service: string, target: string, action: string, flags: SetFlags) => setOnEach({ service, target }, action, flags));
}

/** `drain` is this with one action. */
export function setOnEach(target: { readonly service: string; readonly target: string }, action: string, flags: SetFlags): Promise<void> {
  const { reason, expiresIn, force = false } = flags;
  const wish = { action, reason, ...(expiresIn !== undefined && { expiresIn }) };
  return carryOut(flags, {
    order: async (client, key) => {
      const { repeated, action: set } = await setOverride(client, target, wish, { key, force });
      return repeated ? `${set}, done before` : `set: ${set}`;
    },
    rehearse: (client) => trySetOverride(client, target, wish, force),
  });
}

function clearCommand(): Command {
  const example = 'opengslb overrides clear app.example.com 192.0.2.7 --reason "disk was replaced"';
  return withChangeFlags(commandWith('clear', 'Clear overrides on every node of the context.', example))
    .argument('<service>', 'the name that is served', serviceName)
    .argument('<server>', 'ADDRESS, for the overrides on it and on each of its ports, or ADDRESS:PORT', serverTarget)
    .option('--reason <text>', 'why; needed with --force')
    .action((service: string, target: string, flags: ClearFlags) => {
      const { reason, force = false } = flags;
      if (force && reason === undefined) throw new CommandFailure('--force needs a reason', exitCodes.usage, 'say why with --reason "..."');
      return carryOut(flags, {
        order: async (client, key) => {
          await clearOverride(client, { service, target }, reason, { key, force });
          return 'cleared';
        },
        rehearse: (client) => tryClearOverride(client, { service, target }, reason, force),
      });
    });
}
