/**
 * Writes docs/troubleshooting.md: what to look at, by hand, and below it every sentence that the program says when
 * something goes wrong, from its source.
 *
 *     node --import tsx scripts/troubleshooting-reference.ts
 */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ErrorSentence, errorSentences } from './error-sentences.ts';

export const target = new URL('../docs/troubleshooting.md', import.meta.url);
const template = new URL('./troubleshooting-introduction.md', import.meta.url);

const chapters: Readonly<Record<ErrorSentence['kind'], string>> = {
  start: '### What stops a start',
  log: '### The log',
  configuration:
    '### The configuration\n\nEach is told with file, line and path. At a start they end it, at a reload nothing changes; those that are only warnings are told and passed.',
  request:
    '### What the API and its commands refuse\n\nThe code is `reason` in the answer; [api.md](api.md) says with which status it comes. The command line says the same sentence.',
};

export function troubleshootingReference(): string {
  const all = errorSentences();
  const texts = (Object.keys(chapters) as ErrorSentence['kind'][]).map((kind) => {
    const entries = all.filter((entry) => entry.kind === kind);
    const hasCodes = kind !== 'configuration';
    const heading = hasCodes ? '| code | sentence | what to do |\n|---|---|---|' : '| sentence | what to do |\n|---|---|';
    const rows = entries.map(
      ({ code, sentence, remedy }) => `| ${[...(hasCodes ? [`\`${code}\``] : []), sentence, remedy].map(cell).join(' | ')} |`,
    );
    return `${chapters[kind]}\n\n${heading}\n${rows.join('\n')}\n`;
  });
  return `${readFileSync(template, 'utf8').trimEnd()}\n\n${texts.join('\n')}`;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(target, troubleshootingReference());
}
