/** `opengslb geo`: in which region the clients of a network are; setting and removing that on every node of the context. */
import { type Command, InvalidArgumentError } from 'commander';
import { canonicalAddress, canonicalNetwork } from '../events/catalogue/scalars.ts';
import {
  geoMappingsOf,
  locatedBy,
  removeGeoMapping,
  type ShownMapping,
  setGeoMapping,
  tryRemoveGeoMapping,
  trySetGeoMapping,
} from '../nodes/client/node-api.ts';
import { type ChangeFlags, carryOut, withOrderFlags } from './change.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { columns, plain, style } from './style.ts';

interface SetFlags extends ChangeFlags {
  readonly comment?: string;
}

export function geoCommand(): Command {
  const example = 'opengslb geo set 10.1.0.0/16 eu --comment "offices in Lyon"';
  return commandWith('geo', 'Say in which region the clients of a network are.', 'opengslb geo list', example)
    .addCommand(listCommand())
    .addCommand(setCommand())
    .addCommand(removeCommand())
    .addCommand(testCommand());
}

function listCommand(): Command {
  const description = 'List the networks and their regions, from the configuration and from here.';
  return withNodeFlags(commandWith('list', description, 'opengslb geo list --json')).action(async (flags: NodeFlags) => {
    const mappings = await askOne(flags, geoMappingsOf);
    if (flags.json) printJson({ mappings });
    else process.stdout.write(mappings.length === 0 ? 'no networks\n' : `${mappingRows(mappings)}\n`);
  });
}

function mappingRows(mappings: readonly ShownMapping[]): string {
  const rows = mappings.map(({ cidr, region, source, comment = '' }) => [plain(cidr), plain(region), plain(source), plain(comment)]);
  return columns(['network', 'region', 'source', 'comment'], rows);
}

function setCommand(): Command {
  const example = 'opengslb geo set 10.1.0.0/16 eu --comment "offices in Lyon"';
  const description = 'Put the clients of a network into a region, on every node of the context.';
  return withOrderFlags(commandWith('set', description, example))
    .argument('<network>', 'such as 10.1.0.0/16 or 2001:db8::/32; the longest prefix that holds a client decides', networkOf)
    .argument('<region>', 'one of the configuration')
    .option('--comment <text>', 'what it is; shown with it')
    .action((cidr: string, region: string, flags: SetFlags) => {
      const wish = { cidr, region, ...(flags.comment !== undefined && { comment: flags.comment }) };
      return carryOut(flags, {
        order: async (client, key) => ((await setGeoMapping(client, wish, key)).repeated ? 'set, done before' : 'set'),
        rehearse: (client) => trySetGeoMapping(client, wish),
      });
    });
}

function removeCommand(): Command {
  const description = 'Remove a network that was set this way, on every node of the context.';
  return withOrderFlags(commandWith('remove', description, 'opengslb geo remove 10.1.0.0/16'))
    .argument('<network>', 'as it is listed', networkOf)
    .action((cidr: string, flags: ChangeFlags) =>
      carryOut(flags, {
        order: async (client, key) => {
          await removeGeoMapping(client, cidr, key);
          return 'removed';
        },
        rehearse: (client) => tryRemoveGeoMapping(client, cidr),
      }),
    );
}

function testCommand(): Command {
  return withNodeFlags(commandWith('test', 'Show in which region a client is, and which network says so.', 'opengslb geo test 10.1.2.3'))
    .argument('<address>', 'of the client', addressOf)
    .action(async (address: string, flags: NodeFlags) => {
      const located = await askOne(flags, (client) => locatedBy(client, address));
      if (flags.json) printJson(located);
      else process.stdout.write(`${sentenceOf(located)}\n`);
    });
}

function sentenceOf({ ip, region, matched_cidr: cidr, comment }: Awaited<ReturnType<typeof locatedBy>>): string {
  if (region === null) return `${plain(ip)} is in no region: no network holds it, and there is no default region`;
  const place = `${plain(ip)} is in ${style.strong(plain(region))}`;
  if (cidr === undefined) return `${place}, the default region: no network holds it`;
  return `${place} by ${plain(cidr)}${comment === undefined ? '' : ` (${plain(comment)})`}`;
}

function networkOf(text: string): string {
  const network = canonicalNetwork(text);
  if (network !== undefined) return network;
  throw new InvalidArgumentError('Expected a network such as 10.0.0.0/8 or 2001:db8::/32.');
}

function addressOf(text: string): string {
  const address = canonicalAddress(text);
  if (address !== undefined) return address;
  throw new InvalidArgumentError('Expected an IP address such as 192.0.2.7 or 2001:db8::7.');
}
