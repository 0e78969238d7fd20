import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationLimits } from '../../../../src/nodes/configuration/limits.ts';
import type { Problem } from '../../../../src/nodes/configuration/problem.ts';
import { plainValue } from '../../../../src/nodes/configuration/tree.ts';
import { yamlTree } from '../../../../src/nodes/configuration/yaml-tree.ts';

const environment = {
  PORT: '8080',
  FLAG: 'true',
  RATIO: '0.5',
  NOTHING: '',
  TEXT: 'plain words',
  INJECTED: 'x\nadmin: true\n#',
  ANCHOR: '*all',
  FLOW: '[a, b]',
};

function grown(text: string): { value: unknown; problems: readonly string[]; whole: readonly Problem[] } {
  const whole: Problem[] = [];
  const tree = yamlTree({ text, file: 'f.yaml', environment, report: (problem) => whole.push(problem) });
  const problems = whole.map(({ line, column, path, message, remedy }) => `${line}:${column} ${path}: ${message}; ${remedy}`);
  return { value: tree && plainValue(tree), problems, whole };
}

const values: readonly (readonly [what: string, text: string, value: unknown])[] = [
  ['an empty file', '', {}],
  ['only comments', '# nothing\n', {}],
  ['an explicit null', '---\nnull\n', {}],
  ['scalars', 'a: 1\nb: text\nc: true\nd: "1"\n', { a: 1, b: 'text', c: true, d: '1' }],
  ['a key without a value is not written', 'a:\nb: ~\nc: 1\n', { c: 1 }],
  ['an element without a value stays', 'a: [1, ~]\n', { a: [1, null] }],
  ['keys that look like numbers are text', '80: a\n', { 80: 'a' }],
  ['YAML 1.2: yes is text', 'a: yes\n', { a: 'yes' }],
  ['a byte order mark is left to the reader of files', 'a: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
  ['aliases', 'a: &x {b: 1}\nc: *x\n', { a: { b: 1 }, c: { b: 1 } }],
  ['merge keys: what is written goes before', 'd: &d {a: 1, b: 2}\nx:\n  <<: *d\n  b: 3\n', { d: { a: 1, b: 2 }, x: { b: 3, a: 1 } }],
  [
    'merge keys: the first of several',
    'p: &p {a: 1}\nq: &q {a: 2, b: 2}\nx: {<<: [*p, *q]}\n',
    { p: { a: 1 }, q: { a: 2, b: 2 }, x: { a: 1, b: 2 } },
  ],
  ['a variable as a number', `a: $\{PORT}\n`, { a: 8080 }],
  ['a variable as a fraction', `a: $\{RATIO}\n`, { a: 0.5 }],
  ['a variable as a boolean', `a: $\{FLAG}\n`, { a: true }],
  ['an empty variable is no value', `a: $\{NOTHING}\nb: 1\n`, { b: 1 }],
  ['a default as a number', `a: $\{NONE:-7}\n`, { a: 7 }],
  ['a variable in quotes is text', `a: "$\{PORT}"\nb: '$\{FLAG}'\n`, { a: '8080', b: 'true' }],
  ['a variable in the middle is text', `a: 1$\{PORT}\n`, { a: '18080' }],
  ['a variable is never syntax', `a: $\{INJECTED}\nb: $\{ANCHOR}\nc: $\{FLOW}\n`, { a: 'x\nadmin: true\n#', b: '*all', c: '[a, b]' }],
  ['a variable in a block', `a: |\n  $\{TEXT}\n`, { a: 'plain words\n' }],
  ['an escaped reference', `a: $$\{PORT}\n`, { a: `$\{PORT}` }],
  ['no variables in keys or comments', `# $\{NONE}\n"$\{PORT}": 1\n`, Object.fromEntries([[`$\{PORT}`, 1]])],
];

for (const [what, text, value] of values) {
  test(`reads ${what}`, () => assert.deepEqual(grown(text), { value, problems: [], whole: [] }));
}

const faults: readonly (readonly [what: string, text: string, problem: RegExp])[] = [
  ['a list at the top', '- a\n', /^1:1 : expected a map of keys; begin with a key/],
  ['a text at the top', 'hello\n', /^1:1 : expected a map of keys/],
  ['two documents', 'a: 1\n---\nb: 2\n', /^2:1 : holds more than one YAML document/],
  ['a tab as indentation', 'a:\n\tb: 1\n', /^2:1 : is not valid YAML: .*; indent with spaces/],
  ['a missing bracket', 'a: [1, 2\n', /^2:1 : is not valid YAML/],
  ['a tag', 'a: !secret b\n', /^1:4 : is not valid YAML: .*!secret; leave the tag/],
  ['a variable between brackets', `a: [$\{PORT}, b]\n`, /; between \[ \] or \{ \}, put \$\{NAME\} in quotes/],
  ['a key written twice', 'a: 1\nb: 2\na: 3\n', /^3:1 a: is written twice in one map; keep one; the other is in line 1/],
  ['a map as a key', '? {a: 1}\n: 2\n', /^1:3 : this cannot be a key/],
  ['a key that means the prototype', 'a:\n  __proto__: {b: 1}\n', /^2:3 a: this cannot be a key/],
  ['an alias without an anchor', 'a: *x\n', /^1:4 a: \*x names no anchor before it/],
  ['an alias of what it is in', 'a: &x [*x]\n', /^1:8 a\[0\]: \*x names no anchor before it/],
  ['a merge of what is no map', 'a:\n  <<: 1\n', /^2:7 a\["<<"\]: expected a map/],
  ['a variable that is not set', `a:\n  - b: $\{NONE}\n`, /^2:8 a\[0\]\.b: the environment variable NONE is not set/],
];

for (const [what, text, problem] of faults) {
  test(`refuses ${what}`, () => assert.match(grown(text).problems[0] ?? 'no problem', problem));
}

test('a name of control characters does nothing to a terminal', () => {
  const [problem] = grown('a: *\u{202e}\u{7}x\n').problems;
  assert.ok(problem !== undefined && !/[\p{Cc}\p{Cf}]/u.test(problem), problem);
});

test('aliases of aliases end at a limit, with one problem', () => {
  const levels = Array.from({ length: 30 }, (_, level) => `l${level + 1}: &l${level + 1} [${Array(10).fill(`*l${level}`).join(', ')}]`);
  const { problems } = grown(`l0: &l0 [x, x]\n${levels.join('\n')}\n`);
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /repeat more than 100000 values; write the values out/);
});

test('aliases within the limit are read', () => {
  const { problems } = grown(`x: &x {a: 1, b: 2}\ny: [${Array(5_000).fill('*x').join(', ')}]\n`);
  assert.deepEqual(problems, []);
});

test('nesting ends at a limit, whatever its depth', () => {
  const nested = (depth: number) => `a: ${'['.repeat(depth)}1${']'.repeat(depth)}\n`;
  assert.deepEqual(grown(nested(configurationLimits.nestingMax - 1)).problems, []);
  assert.match(grown(nested(configurationLimits.nestingMax)).problems[0] ?? '', /nests deeper than 64 levels/);
  assert.ok(grown(nested(20_000)).problems.length > 0);
});
