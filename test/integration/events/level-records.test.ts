/** The files of LevelDB's own log as LevelDB really writes them: cut off and changed at every byte. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { openLevelLog } from '../../../src/events/level-log.ts';
import { damagedAt } from '../../../src/events/level-records.ts';

const mark = Buffer.concat([Buffer.of(0xff), Buffer.from('synced')]);
let folder: string;
/** Three synced batches, one that is not, and one that is. */
let whole: Buffer;
/** One batch after another, over more than two blocks of 32 KiB. */
let long: Buffer;

async function written(name: string, batches: readonly { readonly sync: boolean; readonly bytes: number }[]): Promise<Buffer> {
  const directory = join(folder, name);
  const log = await openLevelLog({ directory, node: 'ow-1' });
  for (const { sync, bytes } of batches) {
    const facts: Fact[] = [{ type: 'node.stopped', data: { reason: 'r'.repeat(bytes) } }];
    await log.append(facts, log.end.at + 1, { sync });
  }
  const file = (await readdir(directory)).find((each) => each.endsWith('.log')) as string;
  const content = await readFile(join(directory, file));
  await log.close();
  return content;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-records-'));
  whole = await written(
    'whole',
    [true, true, true, false, true].map((sync) => ({ sync, bytes: 30 })),
  );
  long = await written(
    'long',
    Array.from({ length: 90 }, () => ({ sync: true, bytes: 700 })),
  );
});
after(() => rm(folder, { recursive: true }));

/** Where each record that asked for a sync begins or ends is not asked: the marks say where it is. */
function marksIn(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) found.push(at);
  return found;
}

function changedAt(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x41;
  return copy;
}

describe('a file of records', () => {
  test('as it was written is whole', () => {
    assert.equal(damagedAt(whole, mark), undefined);
    assert.equal(damagedAt(long, mark), undefined);
    assert(long.length > 2 * 32 * 1024, `${long.length} bytes: nothing was proved of more than one block`);
    assert.equal(damagedAt(Buffer.alloc(0), mark), undefined);
  });

  test('cut off anywhere is whole: so a kill or a loss of power may leave it', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(damagedAt(whole.subarray(0, length), mark), undefined, `cut off after ${length} bytes`);
    }
  });

  test('changed anywhere before the last two syncs is damaged, and what was never synced may be anything', () => {
    const marks = marksIn(whole);
    assert.equal(marks.length, 4);
    const [, , third = 0] = marks;
    for (let at = 0; at < whole.length; at++) {
      const place = damagedAt(changedAt(whole, at), mark);
      // Behind the mark comes its value, 40 bytes and a length; after that record there is only one sync left.
      if (at < (marks[1] as number)) assert(place !== undefined && place <= at, `a change of byte ${at} went unseen: ${place}`);
      if (at > third + mark.length + 41) assert.equal(place, undefined, `a change of byte ${at}, which nobody was told is written`);
    }
  });

  test('changed in one block is damaged by what the next blocks say', () => {
    for (const at of [3, 20_000, 32 * 1024 - 20, 32 * 1024 + 5, 60_000]) {
      const place = damagedAt(changedAt(long, at), mark);
      assert(place !== undefined && place <= at, `a change of byte ${at} went unseen: ${place}`);
    }
  });

  test('with a page of zeros in it, up to the end of a block, is damaged', () => {
    const holed = Buffer.from(long);
    holed.fill(0, 28 * 1024, 32 * 1024);
    assert(damagedAt(holed, mark) !== undefined, 'the hole went unseen');
  });
});
