/** `opengslb events`: the facts of a node as they come in, and all of them as NDJSON that can be replayed. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { catalogue } from '../events/event.ts';
import { eventToLine } from '../events/ndjson.ts';
import type { NodeClient } from '../nodes/client/client.ts';
import { eventPages, isDropped } from '../nodes/client/events.ts';
import { type EventsPage, eventsOf, type ShownEvent } from '../nodes/client/node-api.ts';
import { NodeError } from '../nodes/client/node-error.ts';
import { serviceName } from './change.ts';
import { eventLine } from './event-words.ts';
import { commandWith, type NodeFlags, warn, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { progress } from './progress.ts';

/** How long after the last look the next one follows. */
const lookAgainMs = 1_000;

interface TailFlags extends NodeFlags {
  readonly follow?: true;
  readonly from?: number;
  readonly type?: string;
  readonly service?: string;
}

interface ExportFlags extends NodeFlags {
  readonly from?: number;
  readonly to?: number;
}

export function eventsCommand(): Command {
  const examples = ['opengslb events tail --follow', 'opengslb events export > node.ndjson'];
  return commandWith('events', 'Read the facts that a node has recorded.', ...examples)
    .addCommand(tailCommand())
    .addCommand(exportCommand());
}

function tailCommand(): Command {
  const examples = ['opengslb events tail', 'opengslb events tail --follow --type override.set'];
  return withNodeFlags(commandWith('tail', 'Show the last events, and with --follow those that come.', ...examples))
    .option('--follow', 'go on until Ctrl-C, across restarts of the node')
    .option('--from <position>', 'begin here; a negative number counts from the end. Default: -10', position)
    .addOption(new Option('--type <type>', 'only events of this type').choices(catalogue.map(({ type }) => type)))
    .option('--service <name>', 'only events about this service', serviceName)
    .action(async (flags: TailFlags) => {
      // One node all the while: positions mean something within one log alone.
      const { client, page } = await askOne(flags, async (first) => ({ client: first, page: await look(first, flags, flags.from ?? -10) }));
      await show(page, flags);
      for (let next = page.next; flags.follow || next <= page.last; ) {
        const more = flags.follow ? await lookAgain(client, flags, next) : await look(client, flags, next);
        await show(more, flags);
        if (!flags.follow && more.next <= next) break;
        next = more.next;
      }
    });
}

const look = (client: NodeClient, { type, service }: TailFlags, from: number | undefined): Promise<EventsPage> =>
  eventsOf(client, { from, type, service });

/** Waits out a node that is away, and says so once. */
async function lookAgain(client: NodeClient, flags: TailFlags, from: number): Promise<EventsPage> {
  for (let away = false; ; ) {
    await setTimeout(lookAgainMs);
    try {
      const page = await look(client, flags, from).catch((error: unknown) => {
        if (isDropped(error)) return look(client, flags, undefined);
        throw error;
      });
      if (away) warn(`${client.endpoint} answers again`);
      if (page.oldest !== null && page.oldest > from) warn(`the events from ${from} to ${page.oldest - 1} are no longer in the log`);
      return page;
    } catch (error) {
      if (!(error instanceof NodeError) || error.kind === 'refused') throw error;
      if (!away) warn(`${error.message}; trying on`);
      away = true;
    }
  }
}

async function show({ events }: Pick<EventsPage, 'events'>, { json }: TailFlags): Promise<void> {
  for (const event of events) await print(json ? eventToLine(event) : eventLine(event));
}

/** At the pace of whoever reads. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

function exportCommand(): Command {
  const examples = ['opengslb events export > node.ndjson', 'opengslb events export --from 1 --to 5000 > part.ndjson'];
  return withNodeFlags(commandWith('export', 'Write the events of a running node as NDJSON, for "opengslb replay".', ...examples))
    .option('--from <position>', 'the first event. Default: the oldest', position)
    .option('--to <position>', 'the last event. Default: the last one now', position)
    .action(async (flags: ExportFlags) => {
      const { from, to } = flags;
      const count = await askOne(flags, (client) => writeEvents(client, from, to));
      warn(`${count} events; an export through the API has no batch lines, so "opengslb log verify" cannot check its chain`);
    });
}

/** Says where the log begins now: what was dropped is in no export. */
async function writeEvents(client: NodeClient, from: number | undefined, to: number | undefined): Promise<number> {
  const line = progress();
  let count = 0;
  try {
    for await (const { events, oldest, to: last } of eventPages(client, { from, to })) {
      if (count === 0 && from === undefined && oldest !== null && oldest > 1) warn(`the events before ${oldest} are no longer in the log`);
      await printAll(events);
      count += events.length;
      line.show(() => `exported ${count} events, up to position ${events.at(-1)?.position ?? 0} of ${last}`);
    }
  } catch (error) {
    // What was written cannot be taken back, so the next node must not write its own log behind it.
    if (count === 0 || !(error instanceof NodeError)) throw error;
    throw new NodeError(
      'refused',
      client.endpoint,
      `the export broke off after ${count} events: ${error.message}`,
      'begin again, or go on with --from',
    );
  } finally {
    line.clear();
  }
  return count;
}

async function printAll(events: readonly ShownEvent[]): Promise<void> {
  if (events.length > 0) await print(events.map(eventToLine).join('\n'));
}

function position(text: string): number {
  if (/^-?[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a position from 1 on, or a negative number, which counts from the end.');
}
