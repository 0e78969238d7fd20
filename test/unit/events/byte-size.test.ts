/** Sizes as people write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from '../../../src/events/byte-size.ts';

const rows: readonly (readonly [size: number | string, bytes: number])[] = [
  [1_048_576, 1_048_576],
  ['7B', 7],
  ['2KiB', 2_048],
  ['512MiB', 536_870_912],
  ['1.5GiB', 1_610_612_736],
  ['1TiB', 1_099_511_627_776],
  ['0.3KiB', 307],
];
for (const [size, bytes] of rows) test(`${size} is ${bytes} bytes`, () => assert.equal(bytesOf(size), bytes));
