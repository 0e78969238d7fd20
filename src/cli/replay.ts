/** `opengslb replay FILE|DIR`: what happened to the answers, why, and how long it hurt. */
import { Command } from 'commander';
import { openSource } from '../nodes/replay/open-source.ts';
import { type ReplayReport, replay } from '../nodes/replay/replay.ts';
import type { ServiceSummary, TimelineEntry } from '../projections/timeline.ts';
import { progress } from './progress.ts';
import { moment, seconds, style } from './style.ts';
import { answerWords } from './words.ts';

interface ReplayOptions {
  readonly json?: true;
  readonly skipBad?: true;
  readonly service?: string;
}

export function replayCommand(): Command {
  return new Command('replay')
    .description('Tell an incident again from its facts: when the answers changed, from what to what, and why.')
    .argument('<path>', 'an NDJSON file, or the data folder of a node that is stopped')
    .option('--json', 'one JSON document instead of a story')
    .option('--skip-bad', 'pass over lines that are no events, and count them')
    .option('--service <name>', 'tell of this service alone')
    .addHelpText('after', '\nExample:\n  opengslb replay replay-fixtures/outage.ndjson\n')
    .action(run);
}

async function run(path: string, options: ReplayOptions): Promise<void> {
  const opened = await openSource(path, { skipBad: options.skipBad === true });
  const line = progress();
  try {
    const began = performance.now();
    const report = await replay(opened.source, (events) => line.show(() => progressText(events, opened.progress())));
    line.clear();
    const told = options.service === undefined ? report : onlyOf(report, options.service);
    const bad = opened.bad();
    if (options.json) process.stdout.write(`${JSON.stringify({ source: path, ...told, badLines: bad })}\n`);
    else process.stdout.write(story(path, told, performance.now() - began));
    if (bad.count > 0 && !options.json) process.stdout.write(badLineWords(bad));
  } finally {
    line.clear();
    await opened.close();
  }
}

function progressText(events: number, bytes: { read: number; all: number } | undefined): string {
  const share = bytes === undefined ? '' : ` (${Math.floor((100 * bytes.read) / Math.max(1, bytes.all))} %)`;
  return `replaying: ${events.toLocaleString('en')} events${share}`;
}

function onlyOf(report: ReplayReport, service: string): ReplayReport {
  const isIt = (entry: { readonly service: string }) => entry.service === service;
  return { ...report, timeline: report.timeline.filter(isIt), services: report.services.filter(isIt) };
}

function story(path: string, report: ReplayReport, tookMs: number): string {
  if (report.from === null || report.to === null) return `${path}: no events\n`;
  const { from, to } = report;
  const span = `${moment(from)} to ${moment(to)} UTC (${seconds(to - from)})`;
  const parts = [`${style.strong(path)}: ${report.events.toLocaleString('en')} events of ${report.node}, ${span}`];
  for (const summary of report.services) {
    parts.push(`\n${style.strong(summary.service)}: ${counted(summary.changes, 'change')}, ${fitnessWords(summary)}`);
    for (const entry of report.timeline) if (entry.service === summary.service) parts.push(entryLines(entry, from));
  }
  return `${parts.join('\n')}\n\n${ending(report, tookMs)}`;
}

/** Two lines, so that an answer of many addresses and a long reason both fit a terminal. */
function entryLines({ at, from, to, because }: TimelineEntry, begin: number): string {
  const position = because.position === null ? '' : `#${because.position} `;
  const since = `+${((at - begin) / 1000).toFixed(3)} s`.padStart(12);
  return [
    `${moment(at).slice(11)}  ${answerWords(from)} ${style.dim('->')} ${style.strong(answerWords(to))}`,
    style.dim(`${since}  ${position}${because.sentence}`),
  ].join('\n');
}

function fitnessWords({ outages, withoutFitMs, beforeFirstFitMs }: ServiceSummary): string {
  const first = beforeFirstFitMs === 0 ? '' : `the first fit server after ${seconds(beforeFirstFitMs)}, and then `;
  if (outages === 0) return withoutFitMs === beforeFirstFitMs ? `${first}${style.good('never without one')}` : `${first}without one`;
  const outageMs = withoutFitMs - beforeFirstFitMs;
  return `${first}${style.bad(`${counted(outages, 'outage')}: ${seconds(outageMs)} without a fit server`)}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function ending(report: ReplayReport, tookMs: number): string {
  const { attestations, digest, position, at } = report;
  const rate = Math.round(report.events / Math.max(1, tookMs)) * 1000;
  const lines = [`state at position ${position}, ${moment(at)} UTC: ${digest}`];
  if (attestations.firstDifference !== null) {
    const { position: where, at: when } = attestations.firstDifference;
    lines.push(style.odd(`from position ${where} (${moment(when)} UTC) on, this program answers otherwise than the node said it did`));
  } else if (attestations.compared > 0) {
    lines.push(`agrees with what the node said it answered, at ${counted(attestations.compared, 'moment')}`);
  }
  if (tookMs > 1000) lines.push(`${rate.toLocaleString('en')} events a second`);
  return `${lines.join('\n')}\n`;
}

function badLineWords(bad: {
  readonly count: number;
  readonly first: readonly { readonly line: number; readonly problem: string }[];
}): string {
  const lines = bad.first.slice(0, 10).map(({ line, problem }) => `  line ${line}: ${problem}`);
  return `${style.odd(`${bad.count} bad lines passed over`)}\n${lines.join('\n')}\n`;
}
