/** A file as JSON is written is read as the reader of YAML reads it, or left to him. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonTree } from '../../../../src/nodes/configuration/json-tree.ts';
import { ConfigurationError } from '../../../../src/nodes/configuration/problem.ts';
import { plainValue } from '../../../../src/nodes/configuration/tree.ts';
import { yamlTree } from '../../../../src/nodes/configuration/yaml-tree.ts';
import { tries } from '../../../tries.ts';
import { folderWith, readIn } from './folder.ts';

const file = 'main.yaml';
const plain = (text: string) => {
  const tree = jsonTree({ text, file });
  return tree && plainValue(tree);
};

describe('a file of JSON', () => {
  const rows: readonly (readonly [what: string, text: string, isRead: boolean])[] = [
    ['as it is written', '{"a":[1,{"b":"x"}],"c":true}', true],
    ['with a line end', '{"a":1}\n', true],
    ['with blanks inside', '{"a": 1}', false],
    ['with a key that stands twice', '{"a":1,"a":2}', false],
    ['with a variable', JSON.stringify({ a: `$\{A}` }), false],
    ['with a value left out', '{"a":null}', false],
    ['with a key that is none', '{"__proto__":{"a":1}}', false],
    ['with a number that is written in another way', '{"a":1.0}', false],
    ['that nests too deeply', `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`, false],
    ['that nests far too deeply', `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`, false],
    ['that is a list', '[1]', false],
    ['that is YAML', 'a: 1', false],
    ['that is broken', '{"a":1', false],
  ];
  for (const [what, text, isRead] of rows) {
    it(`${what} is ${isRead ? 'read' : 'left to the reader of YAML'}`, () => {
      if (isRead) assert.deepEqual(plain(text), JSON.parse(text));
      else assert.equal(plain(text), undefined);
    });
  }

  it('names the files that it includes as YAML does', () => {
    const tree = jsonTree({ text: '{"includes":["a.yaml"]}', file });
    const includes = tree?.entries.get('includes')?.value;
    assert.deepEqual(includes?.kind === 'list' && includes.items.map(({ kind }) => kind), ['scalar']);
  });

  it('says what YAML says', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(value, (written) => {
        const text = JSON.stringify(written);
        const read = plain(text);
        if (read === undefined) return;
        const problems: unknown[] = [];
        const tree = yamlTree({ text, file, environment: {}, report: (problem) => void problems.push(problem) });
        assert.deepEqual(problems, []);
        assert.deepEqual(read, tree && plainValue(tree));
      }),
      tries(500),
    );
  });
});

const servers = [{ service: 'app.example.com', address: '192.0.2.1', health_check: { headers: { Authorization: 'Bearer x' } } }];
const whole = { regions: [{ name: 'eu', servers }], domains: [{ name: 'app.example.com', regions: ['eu'] }] };

describe('a configuration in JSON', () => {
  it('is the same as in YAML', (test) => {
    const inJson = readIn(folderWith(test, { 'main.yaml': JSON.stringify(whole) }));
    const inYaml = readIn(folderWith(test, { 'main.yaml': JSON.stringify(whole, null, 2) }));
    assert.deepEqual(inJson.configuration, inYaml.configuration);
  });

  it('joins what other files hold', (test) => {
    const parts = { 'a.yaml': JSON.stringify({ regions: whole.regions }), 'b.yaml': 'domains: [{ name: app.example.com, regions: [eu] }]' };
    const { configuration } = readIn(folderWith(test, { 'main.yaml': '{"includes":["a.yaml","b.yaml"]}', ...parts }));
    assert.deepEqual([configuration.regions.length, configuration.domains.length], [1, 1]);
  });

  it('is told where it is wrong', (test) => {
    const wrong = { ...whole, domains: [{ name: 'app.example.com', regions: ['us'] }] };
    const text = JSON.stringify(wrong);
    const error = `main.yaml:1:${text.indexOf('"us"') + 1}: domains[0].regions[0]: there is no region named us`;
    assert.throws(
      () => readIn(folderWith(test, { 'main.yaml': text })),
      (thrown) => thrown instanceof ConfigurationError && thrown.message.includes(error),
    );
  });

  it('may hold no secret that everybody can read', (test) => {
    const folder = folderWith(test, { 'main.yaml': JSON.stringify(whole) });
    chmodSync(join(folder, 'main.yaml'), 0o644);
    assert.throws(() => readIn(folder), /is a secret in a file that every user of this machine may read/);
  });
});
