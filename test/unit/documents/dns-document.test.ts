/** docs/dns.md: each of its tables' tests exists, each RFC that it is to cover is there, and its configurations can be started with. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { parse as parseYaml } from 'yaml';
import { configurationProblems } from '../../../src/commands/configuration-problems.ts';
import { configurationOf } from '../../given.ts';
import { parse, read, walk } from '../../house/source.ts';

const text = readFileSync(new URL('../../../docs/dns.md', import.meta.url), 'utf8');
const files = new Map(
  [...text.matchAll(/^\| `([a-z0-9]+)` \| `(test\/\S+\.test\.ts)` \|$/gm)].map(([, name = '', path = '']) => [name, path]),
);
const tables = text.slice(text.indexOf('### RFC 1034'), text.indexOf('## Limits'));
const rows = [...tables.matchAll(/^\| ([^|]*?) \| (.*) \| ([^|]*) \|$/gm)]
  .map(([, section = '', done = '', by = '']) => ({ section, done, by }))
  .filter(({ by }) => by !== 'held by' && by !== '---');

/** What a test is called by: titles of suites and tests, and, where these are made from rows, what the rows are called. */
interface Names {
  readonly titles: readonly string[];
  readonly rows: ReadonlySet<string>;
}

const rowKeys = ['what', 'ask', 'dig'];

function namesIn(path: string): Names {
  const titles: string[] = [];
  const rowNames = new Set<string>();
  walk(parse(path, read(path)).tree, (node) => {
    if (ts.isCallExpression(node) && ['it', 'test', 'describe'].includes(node.expression.getText()))
      titles.push(...piecesOf(node.arguments[0]));
    if (ts.isPropertyAssignment(node) && rowKeys.includes(node.name.getText()) && ts.isStringLiteral(node.initializer))
      rowNames.add(node.initializer.text);
    if (ts.isArrayLiteralExpression(node) && node.elements[0] !== undefined && ts.isStringLiteral(node.elements[0]))
      rowNames.add(node.elements[0].text);
  });
  return { titles, rows: rowNames };
}

/** A title that is put together has its fixed pieces. */
function piecesOf(title: ts.Expression | undefined): readonly string[] {
  if (title === undefined) return [];
  if (ts.isStringLiteralLike(title)) return [title.text];
  if (ts.isTemplateExpression(title))
    return [title.head.text, ...title.templateSpans.flatMap(({ expression, literal }) => [...piecesOf(expression), literal.text])];
  return ts.isConditionalExpression(title) ? [...piecesOf(title.whenTrue), ...piecesOf(title.whenFalse)] : [];
}

/** `` `file`: *words*, *words* `` and more of them with semicolons between. */
function citationsIn(by: string): readonly { readonly file: string; readonly words: string }[] {
  return by.split(/; (?=`)/).flatMap((part) => {
    const [, file = '', list = ''] = /^`([a-z0-9]+)`: (.*)$/.exec(part) ?? assert.fail(`cannot read: ${part}`);
    const words = [...list.matchAll(/\*((?:[^*\\]|\\\*)+)\*/g)].map(([, quoted = '']) => quoted.replaceAll('\\*', '*'));
    assert.equal(words.map((each) => `*${each.replaceAll('*', '\\*')}*`).join(', '), list, `cannot read: ${part}`);
    return words.map((each) => ({ file, words: each }));
  });
}

describe('docs/dns.md', () => {
  test('names files that there are, each of which holds something', () => {
    assert(files.size > 20);
    const cited = new Set(rows.filter(({ by }) => by !== '—').flatMap(({ by }) => citationsIn(by).map(({ file }) => file)));
    for (const [name, path] of files) {
      assert(existsSync(new URL(`../../../${path}`, import.meta.url)), path);
      assert(cited.has(name), `nothing is held by ${name}`);
    }
  });

  test('names, in each row, tests that there are, or says why nothing is done', () => {
    assert(rows.length > 100, `${rows.length} rows`);
    const names = new Map([...files].map(([name, path]) => [name, namesIn(path)]));
    const missing = rows.flatMap(({ section, done, by }) => {
      if (by === '—') return /^Not done: .{20}|dnssec\.md|^No subnet is sent/.test(done) ? [] : [`${section}: nothing holds "${done}"`];
      return citationsIn(by).flatMap(({ file, words }) => {
        const of = names.get(file);
        if (of === undefined) return [`${section}: no file is called ${file}`];
        return of.rows.has(words) || of.titles.some((title) => title.includes(words)) ? [] : [`${section}: ${file} has no test *${words}*`];
      });
    });
    assert.deepEqual(missing, []);
  });

  test('covers every RFC that such a server is measured by', () => {
    const wanted = [1034, 1035, 2181, 2308, 3597, 4033, 4034, 4035, 6840, 6891, 7344, 7766, 7871, 8078, 8198, 8482, 8906];
    const headings = [...tables.matchAll(/^### RFC ([\d, ]+):/gm)].flatMap(([, numbers = '']) => numbers.split(', ').map(Number));
    assert.deepEqual(
      [...headings].sort((a, b) => a - b),
      wanted,
    );
  });

  test('shows configurations that can be started with, and so does docs/dnssec.md', () => {
    const dnssec = readFileSync(new URL('../../../docs/dnssec.md', import.meta.url), 'utf8');
    const examples = [...`${text}${dnssec}`.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => parseYaml(yaml) as object);
    assert(examples.length >= 5);
    for (const example of examples) {
      // One that shows a setting alone stands in a configuration such as the first.
      const problems = configurationProblems(configurationOf({ ...examples[0], ...example })).filter(
        ({ severity }) => severity === 'error',
      );
      assert.deepEqual(problems, [], JSON.stringify(example));
    }
  });
});
