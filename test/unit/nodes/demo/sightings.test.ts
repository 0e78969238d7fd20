import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureRuns, seenSets, whatWasSeen } from '../../../../src/nodes/demo/sightings.ts';
import { answer, failed, one, served, three, two } from './entries.ts';

test('a change lies between the last question that got the old set and the first arrival of the new one', () => {
  const entries = [answer(100, [two, one]), answer(200, [one, two]), answer(300, [one]), answer(400, [one]), answer(500, [one, two])];
  assert.deepEqual(seenSets(entries, 'client'), [
    { addresses: [one, two], notBefore: null, notAfter: null },
    { addresses: [one], notBefore: 197, notAfter: 300 },
    { addresses: [one, two], notBefore: 397, notAfter: 500 },
  ]);
});

test('each asker has its own sets', () => {
  const entries = [answer(100, [one, two]), answer(150, [one], 'witness'), answer(200, [one])];
  assert.deepEqual(
    seenSets(entries, 'witness').map(({ addresses }) => addresses),
    [[one]],
  );
  assert.equal(seenSets(entries, 'client').length, 2);
});

test('failures at one address with one error are one run, whatever else was served meanwhile', () => {
  const entries = [failed(10, two), served(11, one), failed(12, two), failed(13, two, 'timed out'), failed(14, three), failed(15, null)];
  assert.deepEqual(failureRuns(entries), [
    { address: two, error: 'refused', first: 10, last: 12, requests: 2 },
    { address: two, error: 'timed out', first: 13, last: 13, requests: 1 },
    { address: three, error: 'refused', first: 14, last: 14, requests: 1 },
    { address: null, error: 'refused', first: 15, last: 15, requests: 1 },
  ]);
});

test('a log as a whole begins with its first question', () => {
  const entries = [answer(100, [one]), answer(110, [one, two], 'witness'), failed(120, two)];
  const { from, to, client, witness, failures } = whatWasSeen(entries);
  assert.deepEqual([from, to, client.length, witness.length, failures.length], [97, 120, 1, 1, 1]);
});
