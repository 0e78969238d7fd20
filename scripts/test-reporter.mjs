/**
 * How a test run reads: one line a file, failures in full, the figures that tests report, and node's own closing lines
 * (`# tests N`, ...) as they are. What comes from tests stands behind a bar, so that it cannot be taken for a closing line.
 */
import { relative } from 'node:path';
import { inspect } from 'node:util';

const closing = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

const shown = (path) => relative(process.cwd(), path);
/** Where several files share a process, each is a suite that is named after it. */
const isSharing = (event) => event.nesting === 0 && event.details?.type === 'suite' && event.name.endsWith('.test.ts');
const isFile = (event) => event.name === event.file || isSharing(event);
/** What stands for all of them. */
const isShared = (event) => event.name === event.file && event.name.endsWith('.mjs');
const pathOf = (event) => (isSharing(event) ? event.name : shown(event.file));

const barred = (text, bar) =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${bar}${line}\n`)
    .join('');

/** A suite fails when a test in it does, and that test has been shown. */
const onlyByChildren = (event) => event.details.error?.failureType === 'subtestsFailed' || event.details.type === 'suite';

/** Message and stack of an error and of what caused it, without the frames of node itself. */
function story(error) {
  if (!(error instanceof Error)) return inspect(error);
  const stack = (error.stack ?? String(error))
    .replace(/\n +at [^\n]*\bnode:internal\/[^\n]*/g, '')
    .replace(/\n +at [^\n]*<anonymous>\)$/, '');
  return error.cause === undefined ? stack : `${stack}\ncaused by ${story(error.cause)}`;
}

function failure(event, titles, path) {
  const error = event.details.error;
  const where = path === undefined ? '' : `  in ${path}\n`;
  return `\n✖ ${titles.join(' > ')}\n${where}${barred(story(error?.cause ?? error), '    ')}\n`;
}

export default async function* report(events) {
  const titles = [];
  const empty = [];
  const lines = [];
  /** The files among those that share a process in which something was tested. */
  const tested = new Set();
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      titles.splice(data.nesting, titles.length, data.name);
      if (data.nesting > 0) tested.add(titles[0]);
    } else if (type === 'test:complete' && isFile(data)) {
      if (isShared(data)) continue;
      yield `${data.details.passed === false ? '✖' : '✔'} ${pathOf(data)} (${(data.details.duration_ms / 1000).toFixed(2)} s)\n`;
    } else if (type === 'test:pass' && isFile(data)) {
      // Node reports a file as a test of its own exactly where no test was in it.
      empty.push(pathOf(data));
    } else if (type === 'test:fail' && (!onlyByChildren(data) || (isSharing(data) && !tested.has(data.name)))) {
      const shares = titles[0]?.endsWith('.test.ts') && titles[0] !== data.file;
      const path = shares ? titles[0] : data.file && shown(data.file);
      yield failure(data, isFile(data) ? [pathOf(data)] : [...titles.slice(shares ? 1 : 0, data.nesting), data.name], path);
    } else if (type === 'test:stdout' || type === 'test:stderr') yield barred(data.message, '  | ');
    else if (type === 'test:diagnostic') {
      if (data.nesting === 0 && closing.test(data.message)) lines.push(data.message);
      else yield barred(data.message, '  · ');
    }
  }
  for (const path of empty) if (!tested.has(path)) yield `# no test in ${path}\n`;
  for (const line of lines) yield `# ${line}\n`;
}
