/**
 * `opengslb dnssec`: the DS that a parent is to have, the keys of zones and how far each rotation is, and what an operator
 * does about one. A rotation is begun at one node, because one key is to succeed; what is known of a parent, and what is
 * called off, goes to every node of the context.
 */
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { durationMs, durationText } from '../events/duration.ts';
import {
  abortRotation,
  type ChangedZone,
  confirmDs,
  dnssecStatusOf,
  dsOf,
  forgetZoneKeys,
  rotateZone,
  type ShownKey,
  type ShownZone,
  syncKeys,
  zoneKeysOf,
} from '../nodes/client/dnssec.ts';
import { carryOut, durationFlag, requestKey, serviceName } from './change.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { commandWith, type NodeFlags, printJson, warn, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { ago, columns, momentOf, plain, style } from './style.ts';

interface ZoneFlags extends NodeFlags {
  readonly zone?: string;
}
interface OrderFlags extends NodeFlags {
  readonly key?: string;
}
interface DsSeenFlags extends OrderFlags {
  readonly dsTtl?: string;
  readonly tag?: number;
}
interface ReasonFlags extends OrderFlags {
  readonly reason: string;
  readonly force?: true;
}

export function dnssecCommand(): Command {
  return commandWith('dnssec', 'Show the keys that zones are signed with, and replace them stage by stage.', 'opengslb dnssec status')
    .addCommand(dsCommand())
    .addCommand(keysCommand())
    .addCommand(statusCommand())
    .addCommand(rotateCommand())
    .addCommand(dsSeenCommand())
    .addCommand(abortCommand())
    .addCommand(removeCommand())
    .addCommand(syncCommand())
    .addCommand(identityCommand());
}

function dsCommand(): Command {
  const description = 'Print the DS records that parents are to have, as registrars take them.';
  return withZone(commandWith('ds', description, 'opengslb dnssec ds --zone example.com')).action(async (flags: ZoneFlags) => {
    const answer = await askOne(flags, (client) => dsOf(client, flags.zone));
    if (flags.json) return printJson(answer);
    tellMessage(answer);
    for (const { ds_record: record } of answer.ds_records) process.stdout.write(`${plain(record)}\n`);
  });
}

function keysCommand(): Command {
  return withZone(commandWith('keys', 'List the keys of zones, their public parts only.', 'opengslb dnssec keys')).action(
    async (flags: ZoneFlags) => {
      const answer = await askOne(flags, (client) => zoneKeysOf(client, flags.zone));
      if (flags.json) return printJson(answer);
      tellMessage(answer);
      process.stdout.write(answer.keys.length === 0 ? 'no keys\n' : `${keyRows(answer.keys)}\n`);
    },
  );
}

function statusCommand(): Command {
  const description = 'Say of each zone which key signs it, how far a rotation is, and what it waits for.';
  return withNodeFlags(commandWith('status', description, 'opengslb dnssec status')).action(async (flags: NodeFlags) => {
    const answer = await askOne(flags, dnssecStatusOf);
    if (flags.json) return printJson(answer);
    tellMessage(answer);
    process.stdout.write(answer.zones.length === 0 ? 'no zone is signed\n' : `${zoneRows(answer.zones)}\n`);
  });
}

function rotateCommand(): Command {
  const description = 'Begin to replace the key of a zone. It takes days, most of them until the parent has the new DS.';
  return withKey(commandWith('rotate', description, 'opengslb dnssec rotate example.com'))
    .argument('<zone>', 'the zone', serviceName)
    .action(async (zone: string, flags: OrderFlags) => {
      const key = flags.key ?? randomUUID();
      const changed = await askOne(flags, (client) => rotateZone(client, zone, key));
      if (flags.json) printJson(changed);
      else process.stdout.write(`${keyRows(changed.keys)}\n${plain(nextWords(changed))}\n${style.dim(`request key ${key}`)}\n`);
    });
}

function dsSeenCommand(): Command {
  const description = 'Say that every server of the parent shows the DS of the new key, where the node cannot see it by itself.';
  return withKey(commandWith('ds-seen', description, 'opengslb dnssec ds-seen example.com --ds-ttl 1d'))
    .argument('<zone>', 'the zone', serviceName)
    .option('--ds-ttl <duration>', 'the TTL that the parent gives its DS records; default 1d', durationFlag)
    .option('--tag <key tag>', 'of the key whose DS it is; default: whichever is announced', keyTag)
    .action((zone: string, flags: DsSeenFlags) => {
      const { dsTtl, tag } = flags;
      const body = {
        zone,
        ...(tag !== undefined && { key_tag: tag }),
        ...(dsTtl !== undefined && { ds_ttl_seconds: Math.ceil(durationMs(dsTtl) / 1_000) }),
      };
      return carryOut(flags, { order: async (client, key) => nextWords(await confirmDs(client, body, key)) });
    });
}

function abortCommand(): Command {
  const description = 'Call a rotation off, as long as the parent has not taken up the new DS.';
  return withReason(commandWith('abort', description, 'opengslb dnssec abort example.com --reason "wrong zone"'))
    .option('--force', 'even where the parent was asked for the new DS; first see that all its servers show the old one')
    .action((zone: string, flags: ReasonFlags) => {
      const { reason, force = false } = flags;
      return carryOut(flags, { order: async (client, key) => nextWords(await abortRotation(client, { zone, reason }, key, force)) });
    });
}

function removeCommand(): Command {
  const description = 'Forget the keys of a zone that is served no more. Its private keys are removed with them.';
  return withReason(commandWith('remove', description, 'opengslb dnssec remove old.example --reason "sold"')).action(
    (zone: string, flags: ReasonFlags) =>
      carryOut(flags, {
        order: async (client, key) => {
          await forgetZoneKeys(client, { zone, reason: flags.reason }, key);
          return 'forgotten';
        },
      }),
  );
}

function syncCommand(): Command {
  const description = 'Ask the peers of a node for their keys now.';
  return withNodeFlags(commandWith('sync', description, 'opengslb dnssec sync')).action(async (flags: NodeFlags) => {
    const answer = await askOne(flags, syncKeys);
    if (flags.json) printJson(answer);
    else process.stdout.write(`${plain(answer.message)}\n`);
  });
}

function identityCommand(): Command {
  const description =
    "Print the fingerprint of a node's certificate, by which its peers name it. With --config, of a node that need not run.";
  return withNodeFlags(commandWith('identity', description, 'opengslb dnssec identity --config /etc/opengslb/config.yaml'))
    .option('--config <file>', "the node's configuration; its certificate is made where there is none yet, so run it as the node's user")
    .action(async (flags: NodeFlags & { readonly config?: string }) => {
      const fingerprint = flags.config === undefined ? await fingerprintFrom(flags) : await fingerprintIn(flags.config);
      if (flags.json) printJson({ fingerprint });
      else process.stdout.write(`${plain(fingerprint)}\n`);
    });
}

async function fingerprintFrom(flags: NodeFlags): Promise<string> {
  const { sync } = await askOne(flags, dnssecStatusOf);
  if (typeof sync?.fingerprint === 'string') return sync.fingerprint;
  throw new CommandFailure('this node shares its keys with nobody yet', exitCodes.failed, 'name its configuration with --config');
}

async function fingerprintIn(path: string): Promise<string> {
  // Who only asks a node that runs needs neither a schema nor what makes certificates.
  const { identityOfConfiguration } = await import('../nodes/configuration/overwatch-fingerprint.ts');
  return identityOfConfiguration(path, process.env);
}

function withZone(command: Command): Command {
  return withNodeFlags(command).option('--zone <zone>', 'only this zone', serviceName);
}

function withKey(command: Command): Command {
  const description = 'the request key of an order that was given before: where it was carried out, nothing happens again';
  return withNodeFlags(command).option('--key <key>', description, requestKey);
}

function withReason(command: Command): Command {
  return withKey(command).argument('<zone>', 'the zone', serviceName).requiredOption('--reason <text>', 'why; the log keeps it');
}

function keyTag(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('Expected a key tag: a number up to 65535.');
}

function tellMessage({ message }: { readonly message?: string | undefined }): void {
  if (message !== undefined) warn(plain(message));
}

function keyRows(keys: readonly ShownKey[]): string {
  const rows = keys.map((key) => [
    plain(key.zone),
    String(key.key_tag),
    algorithmNames[key.algorithm] ?? String(key.algorithm),
    stageWord(key),
    key.until === null ? '' : `until ${momentOf(key.until).slice(0, 16)}`,
    ago(key.age_seconds * 1_000),
    plain(key.node_id),
    key.can_sign ? 'here' : style.bad('not here'),
  ]);
  return columns(['zone', 'key', 'algorithm', 'stage', '', 'made', 'by', 'private key'], rows);
}

const algorithmNames: Readonly<Record<number, string>> = { 13: 'P-256', 14: 'P-384' };

function stageWord({ stage }: ShownKey): string {
  if (stage === 'active') return style.good(stage);
  return stage === 'retiring' ? style.dim(stage) : style.odd(plain(stage));
}

function zoneRows(zones: readonly ShownZone[]): string {
  const rows = zones.map((zone) => [
    plain(zone.zone),
    zone.signs === null ? style.bad('not signed') : style.good(`key ${zone.signs}`),
    zone.successor === null ? '' : style.odd(`key ${zone.successor}`),
    zone.dnskey_ttl_seconds === undefined ? '' : durationText(zone.dnskey_ttl_seconds * 1_000),
    plain(nextWords(zone)),
  ]);
  return columns(['zone', 'signed with', 'to be succeeded by', 'DNSKEY TTL', 'next'], rows);
}

/** What a zone waits for, in words. */
function nextWords({ waits_for: step, until, parent, held_up_by: behind }: ShownZone | ChangedZone): string {
  if (behind !== null) return `waits for a peer: ${behind}`;
  const when = until === null ? '' : ` at ${momentOf(until).slice(0, 16)}`;
  switch (step) {
    case null:
      return 'nothing is to be done';
    case 'key':
      return "waits for a peer's key";
    case 'rotate':
      return `the next rotation begins${when}`;
    case 'announced':
      return `the parent is asked for the new DS${when}`;
    case 'ask-parent':
      return parent === null ? 'waits for the parent to show the new DS' : `waits for the parent: ${parent.message}`;
    case 'active':
      return `the new key signs${when}`;
    case 'remove':
      return `the old key is removed${when}`;
    default:
      return step;
  }
}
