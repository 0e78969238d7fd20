/** `opengslb servers`: the servers of services and what is thought of them; adding, changing and removing them on every node. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseTarget, type Target } from '../nodes/api/target.ts';
import type { NodeClient } from '../nodes/client/client.ts';
import {
  changeServer,
  type ServerChange,
  type ServerWish,
  type ShownServer,
  serversOf,
  servicesOf,
  tryChangeServer,
} from '../nodes/client/node-api.ts';
import { endpointText } from '../projections/endpoint.ts';
import { type ChangeFlags, carryOut, serviceName, withChangeFlags } from './change.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { columns, plain, style } from './style.ts';

interface ListFlags extends NodeFlags {
  readonly service?: string;
  readonly region?: string;
  readonly status?: string;
}

interface ServerFlags extends ChangeFlags, ServerWish {
  readonly reason?: string;
}

type Endpoint = Target & { readonly port: number };

export function serversCommand(): Command {
  const example = 'opengslb servers set app.example.com 192.0.2.7:80 --weight 20';
  return commandWith('servers', 'List, add, change and remove the servers of services.', 'opengslb servers list', example)
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(setCommand())
    .addCommand(removeCommand());
}

function listCommand(): Command {
  const examples = ['opengslb servers list', 'opengslb servers list --service app.example.com --status down'];
  return withNodeFlags(commandWith('list', 'List servers, what is thought of each, and why.', ...examples))
    .option('--service <name>', 'only servers of this service', serviceName)
    .option('--region <name>', 'only servers of this region')
    .option('--status <status>', 'only servers that are up, down, draining or unproven')
    .action(async (flags: ListFlags) => {
      const servers = (await askOne(flags, (client) => allServers(client, flags.service))).filter(
        ({ region, verdict }) => (flags.region ?? region) === region && (flags.status ?? verdict.status) === verdict.status,
      );
      if (flags.json) printJson({ servers });
      else process.stdout.write(servers.length === 0 ? 'no servers\n' : `${serverRows(servers)}\n`);
    });
}

async function allServers(client: NodeClient, service: string | undefined): Promise<readonly ShownServer[]> {
  const names = service === undefined ? (await servicesOf(client)).map(({ name }) => name) : [service];
  const servers: ShownServer[] = [];
  for (const name of names) servers.push(...(await serversOf(client, name)));
  return servers;
}

function serverRows(servers: readonly ShownServer[]): string {
  const rows = servers.map(({ service, address, port, region, weight, source, verdict }) => [
    plain(service),
    plain(endpointText(address, port)),
    plain(region),
    statusWord(verdict.status),
    String(weight),
    plain(source),
    plain(verdict.authority),
    plain(verdict.reason),
  ]);
  return columns(['service', 'server', 'region', 'status', 'weight', 'source', 'decided by', 'because'], rows);
}

function statusWord(status: string): string {
  return status === 'up' ? style.good(status) : status === 'down' ? style.bad(status) : style.odd(plain(status));
}

function addCommand(): Command {
  const example = 'opengslb servers add app.example.com 192.0.2.9:80 --region eu --weight 50';
  return withServerFlags(commandWith('add', 'Add a server to a service, on every node of the context.', example))
    .requiredOption('--region <name>', 'one of the regions that the service has')
    .option('--weight <number>', 'its share of the answers under the algorithm weighted; default 100', weight)
    .option('--host <name>', 'Host header and TLS server name of its checks')
    .action((service: string, server: Endpoint, flags: ServerFlags) => {
      return give({ kind: 'add', service, body: { address: server.address, port: server.port, ...wishOf(flags) } }, flags);
    });
}

function setCommand(): Command {
  const example = 'opengslb servers set app.example.com 192.0.2.7:80 --weight 20';
  return withServerFlags(commandWith('set', 'Change a server, on every node of the context.', example))
    .option('--region <name>', 'the region that it stands in')
    .option('--weight <number>', 'its share of the answers under the algorithm weighted', weight)
    .option('--host <name>', 'Host header and TLS server name of its checks')
    .action((service: string, server: Endpoint, flags: ServerFlags) => {
      const body = wishOf(flags);
      if (Object.keys(body).length === 0) {
        throw new CommandFailure('nothing is to be changed', exitCodes.usage, 'give --weight, --region or --host');
      }
      return give({ kind: 'set', target: { service, target: endpointText(server.address, server.port) }, body }, flags);
    });
}

function removeCommand(): Command {
  const example = 'opengslb servers remove app.example.com 192.0.2.9:80';
  const command = commandWith('remove', 'Remove a server that was added this way, on every node of the context.', example);
  return withServerFlags(command).action((service: string, server: Endpoint, flags: ServerFlags) => {
    return give({ kind: 'remove', target: { service, target: endpointText(server.address, server.port) } }, flags);
  });
}

function withServerFlags(command: Command): Command {
  return withChangeFlags(command)
    .argument('<service>', 'the name that is served', serviceName)
    .argument('<server>', 'ADDRESS:PORT, with an IPv6 address in brackets', serverEndpoint)
    .option('--reason <text>', 'why; needed with --force');
}

function wishOf({ region, weight: share, host }: ServerFlags): ServerWish {
  return { ...(region !== undefined && { region }), ...(share !== undefined && { weight: share }), ...(host !== undefined && { host }) };
}

const done: Readonly<Record<ServerChange['kind'], string>> = { add: 'added', set: 'changed', remove: 'removed' };

function give(change: ServerChange, flags: ServerFlags): Promise<void> {
  const { force = false, reason } = flags;
  if (force && reason === undefined) throw new CommandFailure('--force needs a reason', exitCodes.usage, 'say why with --reason "..."');
  const how = { force, ...(reason !== undefined && { reason }) };
  return carryOut(flags, {
    order: async (client, key) => {
      const server = await changeServer(client, change, { ...how, key });
      return server?.repeated ? `${done[change.kind]}, done before` : done[change.kind];
    },
    rehearse: (client) => tryChangeServer(client, change, how),
  });
}

function serverEndpoint(text: string): Endpoint {
  const { address, port } = parseTarget(text) ?? { address: '', port: null };
  if (port !== null) return { address, port };
  throw new InvalidArgumentError('Expected ADDRESS:PORT, with an IPv6 address in brackets.');
}

function weight(text: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) <= 1_000_000) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0 to 1000000.');
}
