import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { isPattern, matchesName, matchFiles } from '../../../../src/nodes/configuration/glob.ts';
import { folderWith } from './folder.ts';

const files = Object.fromEntries(
  [
    'b.yaml',
    'a.yaml',
    'c.yml',
    '.hidden.yaml',
    'x/a.yaml',
    'x/y/a.yaml',
    'x/y/z/deep.yaml',
    '.git/a.yaml',
    'v1/one.yaml',
    'v22/two.yaml',
  ].map((name) => [name, '']),
);

const rows: readonly (readonly [pattern: string, found: readonly string[]])[] = [
  ['a.yaml', ['a.yaml']],
  ['none.yaml', []],
  ['x', []],
  ['*.yaml', ['a.yaml', 'b.yaml']],
  ['./*.yaml', ['a.yaml', 'b.yaml']],
  ['?.y?ml', ['a.yaml', 'b.yaml']],
  ['*', ['a.yaml', 'b.yaml', 'c.yml']],
  ['.*.yaml', ['.hidden.yaml']],
  ['*/a.yaml', ['x/a.yaml']],
  ['v?/*.yaml', ['v1/one.yaml']],
  ['**/a.yaml', ['a.yaml', 'x/a.yaml', 'x/y/a.yaml']],
  ['x/**/*.yaml', ['x/a.yaml', 'x/y/a.yaml', 'x/y/z/deep.yaml']],
  ['x/**', ['x/a.yaml', 'x/y/a.yaml', 'x/y/z/deep.yaml']],
  ['**/y/**/*.yaml', ['x/y/a.yaml', 'x/y/z/deep.yaml']],
  ['x/../b.yaml', ['b.yaml']],
  ['[ab].yaml', []],
  ['', []],
];

for (const [pattern, found] of rows) {
  test(`"${pattern}" finds ${found.length} files`, (t) => {
    const folder = folderWith(t, files);
    const matches = matchFiles(pattern, folder);
    assert.deepEqual(
      matches.files.map((file) => relative(folder, file)),
      found,
    );
    assert.equal(matches.givenUp, false);
  });
}

test('a pattern may begin at the root', (t) => {
  const folder = folderWith(t, files);
  assert.deepEqual(matchFiles(join(folder, '*.yml'), '/nowhere').files, [join(folder, 'c.yml')]);
});

test('** follows no link, so that no circle of folders is walked for ever', (t) => {
  const folder = folderWith(t, { 'x/a.yaml': '' });
  mkdirSync(join(folder, 'x', 'y'));
  symlinkSync(folder, join(folder, 'x', 'y', 'up'));
  assert.deepEqual(matchFiles('**/*.yaml', folder).files, [join(folder, 'x/a.yaml')]);
});

test('a name matches its whole pattern, in time that a hostile one cannot stretch', () => {
  assert.equal(matchesName('*a*b', 'xxaxxb'), true);
  assert.equal(matchesName('*a*b', 'xxaxxbx'), false);
  assert.equal(matchesName('a?c', 'a\u{1F600}c'), true);
  assert.equal(matchesName('**', 'anything'), true);
  const before = performance.now();
  assert.equal(matchesName('*a'.repeat(40), 'a'.repeat(255).concat('b')), false);
  assert.ok(performance.now() - before < 5_000);
});

test('only * and ? make a pattern', () => {
  assert.deepEqual(['a*', 'a?', 'a[b]', 'a{b}', 'a'].map(isPattern), [true, true, false, false, false]);
});
