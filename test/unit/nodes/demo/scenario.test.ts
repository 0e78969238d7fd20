import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientEntry } from '../../../../src/nodes/demo/client-log.ts';
import { failures, type Step, warmUp } from '../../../../src/nodes/demo/scenario.ts';
import { answer, failed, one, served, servedInTurn, three, two } from './entries.ts';

const step = (name: string): Step => failures.find((candidate) => candidate.name === name) as Step;
const calm = servedInTurn(200, 40, [one, three]);

const cases: readonly { readonly what: string; readonly entries: readonly ClientEntry[]; readonly seen: boolean }[] = [
  { what: 'the answer without it, and forty calm requests', entries: [answer(100, [three, one]), ...calm], seen: true },
  { what: 'no answer yet', entries: calm, seen: false },
  { what: 'an answer that still holds it', entries: [answer(100, [one, two, three]), ...calm], seen: false },
  { what: 'an answer that holds too little', entries: [answer(100, [one]), ...calm], seen: false },
  { what: 'an answer that only the witness got', entries: [answer(100, [one, three], 'witness'), ...calm], seen: false },
  {
    what: 'the answer, but a newer one that holds it again',
    entries: [answer(100, [one, three]), answer(150, [one, two, three]), ...calm],
    seen: false,
  },
  { what: 'one request too few', entries: [answer(100, [one, three]), ...calm.slice(1)], seen: false },
  { what: 'a failure among the last forty', entries: [answer(100, [one, three]), ...calm, failed(300, two)], seen: false },
  { what: 'a failure before the last forty', entries: [answer(100, [one, three]), failed(150, two), ...calm], seen: true },
  { what: 'a server that still serves', entries: [answer(100, [one, three]), ...calm.slice(1), served(300, two)], seen: false },
  { what: 'a server that serves nothing', entries: [answer(100, [one, three]), ...servedInTurn(200, 40, [one])], seen: false },
  {
    what: 'direct requests, which prove nothing',
    entries: [answer(100, [one, three]), ...calm.slice(1), served(300, one, true)],
    seen: false,
  },
];

for (const { what, entries, seen } of cases) {
  test(`the kill is ${seen ? 'seen' : 'not seen'} with ${what}`, () => assert.equal(step('kill').isSeen(entries), seen));
}

test('web3 proves by a direct request that it would still serve', () => {
  assert.equal(step('direct').isSeen([served(1, three, true)]), true);
  assert.equal(step('direct').isSeen([served(1, three)]), false);
  assert.equal(step('direct').isSeen([{ ...failed(1, three), direct: true }]), false);
});

test('every step but the direct request says what DNS answers then', () => {
  const answers = [warmUp, ...failures].map(({ name, answer: addresses }) => [name, addresses]);
  assert.deepEqual(answers, [
    ['warm-up', [one, two, three]],
    ['kill', [one, three]],
    ['return', [one, two, three]],
    ['override', [one, two]],
    ['direct', null],
    ['clear', [one, two, three]],
  ]);
});
