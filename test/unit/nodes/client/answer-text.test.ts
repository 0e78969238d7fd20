import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerText } from '../../../../src/nodes/client/answer-text.ts';
import type { Families } from '../../../../src/nodes/client/node-api.ts';

type Spoke = readonly [share: number, ...addresses: string[]];
const family = (tier: string | null, ...spokes: readonly Spoke[]): Families[string] => ({
  tier,
  spokes: spokes.map(([share, ...addresses]) => ({ share, addresses })),
});

const cases: readonly (readonly [name: string, families: Families | null, text: string])[] = [
  ['no such service', null, 'not served'],
  ['no address', {}, 'no addresses'],
  ['one address', { A: family('fit', [1, 'a']) }, 'a'],
  ['equal shares, in any order', { A: family('fit', [0.5, 'b'], [0.5, 'a']) }, 'a b'],
  ['thirds are equal', { A: family('fit', [1 / 3, 'a'], [1 / 3, 'b'], [1 / 3, 'c']) }, 'a b c'],
  ['weights', { A: family('fit', [0.8, 'a'], [0.2, 'b']) }, 'a 80% b 20%'],
  ['all in every answer', { A: family('fit', [0.5, 'a', 'b'], [0.5, 'b', 'a']) }, 'a b'],
  ['a tier that is not the fit one', { A: family('draining', [1, 'a']) }, 'a (draining)'],
  ['nobody answers', { A: family(null), AAAA: family(null) }, 'SERVFAIL'],
  ['two families, in any order', { AAAA: family(null), A: family('fit', [1, 'a']) }, 'a | SERVFAIL'],
];
for (const [name, families, text] of cases) test(`${name}: ${text}`, () => assert.equal(answerText(families), text));
