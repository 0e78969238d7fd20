/** `opengslb log verify|export|import`: whether a log is what was written, and how it gets from one place to another. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { type ExportOptions, exportLines, isWhole } from '../nodes/log-files/export.ts';
import { importLog } from '../nodes/log-files/import.ts';
import { withStoppedLog } from '../nodes/log-files/stopped-log.ts';
import { type Verdict, verifyLog } from '../nodes/log-files/verify.ts';
import { exitCodes } from './failure.ts';
import { progress } from './progress.ts';
import { moment, style } from './style.ts';

export function logCommand(): Command {
  const command = new Command('log')
    .description('Verify, export and import the log of a node that is stopped.')
    .addHelpText('after', '\nExample:\n  opengslb log verify replay-fixtures/outage.ndjson\n');
  return command.addCommand(verifyCommand()).addCommand(exportCommand()).addCommand(importCommand());
}

const count = (events: number) => events.toLocaleString('en');

function verifyCommand(): Command {
  return new Command('verify')
    .description('Check every batch of a log, or of a whole export, against its hash. Ends with 4 where one differs.')
    .argument('<path>', "a stopped node's data folder, or an NDJSON file")
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  opengslb log verify replay-fixtures/outage.ndjson\n')
    .action(async (path: string, { json }: { readonly json?: true }) => {
      const line = progress();
      const verdict = await verifyLog(path, (events) => line.show(() => `verifying: ${count(events)} events`)).finally(line.clear);
      process.stdout.write(json ? `${JSON.stringify({ source: path, ...verdict })}\n` : verdictWords(path, verdict));
      if (verdict.problem !== null) process.exitCode = exitCodes.difference;
    });
}

function verdictWords(path: string, { node, begins, batches, events, position, at, hash, problem }: Verdict): string {
  const amount = `${count(events)} events in ${count(batches)} batches`;
  const upTo = position === 0 ? 'nothing' : `position ${position}, ${moment(at)} UTC: ${hash}`;
  const from =
    (begins?.position ?? 1) === 1
      ? ''
      : `begins with position ${begins?.position}, ${moment(begins?.at ?? 0)} UTC: what was before was dropped\n`;
  if (problem === null)
    return `${style.good('sound')}: ${path}, ${amount}${node === null ? '' : ` of ${node}`}\n${from}ends with ${upTo}\n`;
  return `${style.bad('not sound')}: ${problem.error}\nsound up to ${upTo}\n${style.dim('what to do:')} ${problem.remedy}\n`;
}

interface ExportFlags {
  readonly output?: string;
  readonly from?: Bound;
  readonly to?: Bound;
  readonly type?: string;
  readonly service?: string;
  readonly redact?: true;
}

/** A position, or a moment. */
type Bound = { readonly position: number } | { readonly at: number };

function bound(text: string): Bound {
  if (/^\d{1,15}$/.test(text)) return { position: Number(text) };
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('expected a position such as 1200, or a moment such as 2026-11-21T03:12:00Z');
  return { at };
}

function exportCommand(): Command {
  return new Command('export')
    .description('Write a log as NDJSON. Without filters it can be verified and imported.')
    .argument('<directory>', "a stopped node's data folder")
    .option('--output <file>', 'where to; default: standard output')
    .option('--from <position or time>', 'the first to export', bound)
    .option('--to <position or time>', 'the last to export', bound)
    .option('--type <type>', 'only facts of this type')
    .option('--service <name>', 'only facts about this service')
    .option('--redact', "put other names in the place of actors' names and addresses")
    .addHelpText('after', '\nExample:\n  opengslb log export /var/lib/opengslb --output incident.ndjson\n')
    .action(runExport);
}

async function runExport(directory: string, { output, from, to, type, service, redact }: ExportFlags): Promise<void> {
  const options: ExportOptions = {
    ...(from && ('position' in from ? { from: from.position } : { since: from.at })),
    ...(to && ('position' in to ? { to: to.position } : { until: to.at })),
    ...(type !== undefined && { type }),
    ...(service !== undefined && { service }),
    ...(redact && { redact }),
  };
  const out = output === undefined ? process.stdout : createWriteStream(output, { flags: 'wx' });
  if (output !== undefined) await once(out, 'open');
  const line = progress();
  let lines = 0;
  await withStoppedLog(directory, async (log) => {
    for await (const batch of exportLines(log, options)) {
      if (batch.length === 0) continue;
      lines += batch.length;
      if (!out.write(`${batch.join('\n')}\n`)) await once(out, 'drain');
      line.show(() => `exporting: ${count(lines)} lines`);
    }
  }).finally(line.clear);
  if (output !== undefined) await new Promise<void>((resolve) => out.end(resolve));
  if (!isWhole(options)) process.stderr.write('This is a part of a log, or a redacted one: it cannot be verified or imported.\n');
}

function importCommand(): Command {
  return new Command('import')
    .description('Make a log directory from a whole export, batch for batch the same.')
    .argument('<file>', 'a whole export')
    .argument('<directory>', 'where the log goes; it holds none yet')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  opengslb log import incident.ndjson /tmp/incident/log\n')
    .action(async (file: string, directory: string, { json }: { readonly json?: true }) => {
      const line = progress();
      const imported = await importLog(file, directory, (events) => line.show(() => `importing: ${count(events)} events`)).finally(
        line.clear,
      );
      const words = `${count(imported.events)} events of ${imported.node}, up to position ${imported.position}: ${imported.hash}\n`;
      process.stdout.write(json ? `${JSON.stringify({ directory, ...imported })}\n` : words);
    });
}
