/** What the DNS bench makes of its figures: pairs of one round, medians, and goals that are met, missed or open. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases, chosenCases } from '../../bench/dns/cases.ts';
import { goalsText, tableText } from '../../bench/dns/report.ts';
import { createResults, median, type Results } from '../../bench/dns/results.ts';

const [plain] = cases;

function resultsOf(ours: readonly number[], floor: readonly number[]): Results {
  const results = createResults();
  const measured = (usEach: number) => ({ usEach, perSecond: 1e6 / usEach, busy: 1, bytesEach: 55, lost: 0 });
  for (const each of ours) results.add(plain!, 'overwatch', measured(each));
  for (const each of floor) results.add(plain!, 'floor', measured(each));
  return results;
}

const lineWith = (text: string, words: string) => text.split('\n').find((line) => line.includes(words)) ?? '';
const measurements = (results: Results) => ({ results, latency: undefined, rssMiB: undefined, leftOut: new Map([['signed', 'no keys']]) });

test('a median of pairs compares the figures of each round, not the medians', () => {
  // The machine was twice as slow in the second round; the medians of each would say 3 to 4.
  const results = resultsOf([3, 6, 3], [2, 4, 4]);
  assert.equal(results.ratio(['plain-10', 'overwatch'], ['plain-10', 'floor']), 1.5);
  assert.equal(results.difference(['plain-10', 'overwatch'], ['plain-10', 'floor']), 1);
});

test('what was not measured has no ratio', () => {
  const results = resultsOf([3], []);
  assert.equal(results.ratio(['plain-10', 'overwatch'], ['plain-10', 'floor']), undefined);
  assert.equal(median([]), undefined);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('a goal is met at its limit, missed above, and open with its reason where nothing was measured', () => {
  const met = goalsText(measurements(resultsOf([2.3], [2])));
  assert.match(lineWith(met, 'plain, of the floor'), /^ {2}met .* 1\.150$/);
  assert.match(lineWith(goalsText(measurements(resultsOf([2.4], [2]))), 'plain, of the floor'), /^ {2}not met .* 1\.200$/);
  assert.match(lineWith(met, 'signed, of plain'), /^ {2}open .* no keys$/);
});

test('the table names a case that was left out, with the reason', () => {
  const table = tableText(measurements(resultsOf([2.3], [2])));
  assert.match(lineWith(table, 'overwatch'), /^ {2}plain-10 +overwatch +2\.30 +434783 +100 +55 +1\.150$/);
  assert.match(lineWith(table, 'signed '), /left out: no keys$/);
});

test('a case brings the one that it is compared with, and that one its own', () => {
  assert.deepEqual(
    chosenCases(['two-workers']).map(({ id }) => id),
    ['plain-10', 'sixteen-clients', 'two-workers'],
  );
  assert.equal(chosenCases([]).length, cases.length);
});
