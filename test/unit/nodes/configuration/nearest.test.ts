import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../../src/nodes/configuration/nearest.ts';

const known = ['name', 'port', 'weight', 'routing_algorithm', 'regions', 'health_check', 'A'];

const rows: readonly (readonly [word: string, meant: string | undefined, why: string])[] = [
  ['routing_algorith', 'routing_algorithm', 'a letter left out'],
  ['namee', 'name', 'a letter added'],
  ['prot', 'port', 'two neighbours swapped are one edit'],
  ['wieght', 'weight', 'two neighbours swapped'],
  ['region', 'regions', 'singular'],
  ['Regions', 'regions', 'case is no edit'],
  ['healthcheck', 'health_check', 'a letter left out'],
  ['prto', undefined, 'three edits of four letters'],
  ['address', undefined, 'nothing like it'],
  ['Q', undefined, 'one letter is never near another'],
  ['x'.repeat(100_000), undefined, 'too long to look at'],
];

for (const [word, meant, why] of rows) {
  test(`${word.slice(0, 20)}: ${meant ?? 'nothing'} (${why})`, () => assert.equal(nearest(word, known), meant));
}

test('the nearest wins over the first', () => assert.equal(nearest('ports', ['parts', 'port', 'ports2']), 'parts'));
test('fewer edits win', () => assert.equal(nearest('intervall', ['internal', 'interval']), 'interval'));
