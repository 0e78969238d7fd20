import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand } from '../../../../src/nodes/configuration/environment.ts';

const environment = { NAME: 'value', EMPTY: '', NESTED: '$' + '{NAME}', COUNT: '7' };

/** Written without the interpolation of JavaScript in the way. */
const rows: readonly (readonly [text: string, filled: string])[] = [
  ['plain', 'plain'],
  ['a #{NAME} b', 'a value b'],
  ['#{NAME}#{COUNT}', 'value7'],
  ['#{EMPTY}', ''],
  ['#{EMPTY:-other}', 'other'],
  ['#{NONE:-other}', 'other'],
  ['#{NONE:-}', ''],
  ['#{NONE:-a:-b c}', 'a:-b c'],
  ['#{NAME:-other}', 'value'],
  ['$#{NAME}', '#{NAME}'],
  ['$#{NAME} #{NAME}', '#{NAME} value'],
  ['$NAME and $$', '$NAME and $$'],
  ['#{NESTED}', '#{NAME}'],
];

const dollar = (text: string) => text.replaceAll('#', '$');

for (const [text, filled] of rows) {
  test(`${dollar(text)} becomes ${dollar(filled)}`, () => {
    const expansion = expand(dollar(text), environment);
    assert.deepEqual({ text: expansion.text, problems: expansion.problems }, { text: dollar(filled), problems: [] });
  });
}

test('a variable that is not set is a problem that names it', () => {
  const [problem] = expand(dollar('x #{NONE}'), environment).problems;
  assert.deepEqual(problem, { message: 'the environment variable NONE is not set', remedy: dollar('set it, or write #{NONE:-default}') });
});

test('what every object inherits is no variable', () => {
  assert.equal(expand(dollar('#{constructor}'), {}).problems.length, 1);
});

for (const text of ['#{}', '#{1A}', '#{A B}', '#{NAME', '#{NAME-x}']) {
  test(`${dollar(text)} is no reference`, () => {
    assert.match(expand(dollar(text), environment).problems[0]?.message ?? '', /is no reference to a variable/);
  });
}

test('says whether the whole text is one reference, and where the parts came from', () => {
  const facts = (text: string) => {
    const { expanded, whole, fromEnvironment } = expand(dollar(text), environment);
    return { expanded, whole, fromEnvironment };
  };
  assert.deepEqual(facts('plain'), { expanded: false, whole: false, fromEnvironment: false });
  assert.deepEqual(facts('#{NAME}'), { expanded: true, whole: true, fromEnvironment: true });
  assert.deepEqual(facts('Bearer #{NAME}'), { expanded: true, whole: false, fromEnvironment: true });
  assert.deepEqual(facts('#{NONE:-literal}'), { expanded: true, whole: true, fromEnvironment: false });
  assert.deepEqual(facts('#{NAME}#{NONE:-literal}'), { expanded: true, whole: false, fromEnvironment: false });
  assert.deepEqual(facts('$#{NAME}'), { expanded: true, whole: false, fromEnvironment: false });
});

test('a text does not grow without limit', () => {
  const long = { LONG: 'x'.repeat(60_000) };
  assert.deepEqual(expand(dollar('#{LONG}'), long).problems, []);
  assert.equal(expand(dollar('#{LONG}#{LONG}'), long).problems.length, 1);
});
