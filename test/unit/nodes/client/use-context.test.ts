import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { useContext } from '../../../../src/nodes/client/use-context.ts';
import { settingsFolder } from './settings-folder.ts';

const contexts =
  'contexts: # all\n  one: { endpoints: [http://one] }\n  two: { endpoints: [http://two] }\n  "true": { endpoints: [http://x] }\n';

const cases: readonly (readonly [before: string, name: string, after: string])[] = [
  [contexts, 'one', `context: one\n${contexts}`],
  [`# mine\ncontext: one # at home\n${contexts}`, 'two', `# mine\ncontext: two # at home\n${contexts}`],
  [`${contexts}context: "one"\n`, 'two', `${contexts}context: two\n`],
  [contexts, 'true', `context: "true"\n${contexts}`],
];
for (const [before, name, after] of cases) {
  test(`${JSON.stringify(before.split('\n').slice(0, 2))} comes to mean ${name}, by one line`, (context) => {
    const { write, path, environment } = settingsFolder(context);
    write(before, { mode: 0o640 });
    useContext(path, name, environment);
    assert.equal(readFileSync(path, 'utf8'), after);
    assert.equal(statSync(path).mode & 0o777, 0o640, 'who may read it stays');
    assert.deepEqual(readdirSync(dirname(path)), ['cli.yaml'], 'nothing is left beside it');
  });
}

test('a link stays a link', (context) => {
  const { write, path, environment } = settingsFolder(context);
  const target = `${path}.real`;
  write(contexts);
  renameSync(path, target);
  symlinkSync(target, path);
  useContext(path, 'two', environment);
  assert(lstatSync(path).isSymbolicLink());
  assert.match(readFileSync(target, 'utf8'), /^context: two\n/);
});

const refused: readonly (readonly [name: string, text: string, error: RegExp])[] = [
  ['a context that is not there', contexts, /there is no context "three"/],
  ['a file in one line', '{ contexts: { three: { endpoints: [http://x] } } }\n', /cannot be changed by one line/],
];
for (const [name, text, error] of refused) {
  test(`${name} is refused, and nothing is changed`, (context) => {
    const { write, path, environment } = settingsFolder(context);
    write(text);
    assert.throws(() => useContext(path, 'three', environment), error);
    assert.equal(readFileSync(path, 'utf8'), text);
  });
}
