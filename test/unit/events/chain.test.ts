import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { type Link, linkOf, type StoredRecord, vouched } from '../../../src/events/chain.ts';
import { codec } from '../../../src/events/codec.ts';
import { noHash } from '../../../src/events/log.ts';

/** Batches of 1, 2, 3, ... events, each chained to the one before. */
function chainOf(batches: number): StoredRecord[] {
  const records: StoredRecord[] = [];
  let previousHash: Uint8Array = noHash;
  let first = 1;
  for (let count = 1; count <= batches; count++) {
    const events = Array.from({ length: count }, () => ({ type: 'node.stopped', data: { reason: `batch ${count}` } }) as const);
    const bytes = codec.encodeBatch({ previousHash, at: count, events });
    records.push({ first, bytes });
    previousHash = linkOf({ first, bytes }).hash;
    first += count;
  }
  return records;
}

const records = chainOf(5);
const last = linkOf(records[4] as StoredRecord);
const end = { position: last.last, at: 5, hash: last.hash };

async function* inChunks(all: readonly StoredRecord[], size: number) {
  for (let index = 0; index < all.length; index += size) yield all.slice(index, index + size);
}

async function passed(all: readonly StoredRecord[], from = 1, upTo = end, size = 2): Promise<number[]> {
  const links: Link[] = [];
  for await (const chunk of vouched(inChunks(all, size), from, upTo)) links.push(...chunk);
  return links.map(({ first }) => first);
}

/** `records` with the one at `index` changed. */
const changed = (index: number, change: (record: StoredRecord) => StoredRecord) =>
  records.map((record, at) => (at === index ? change(record) : record));
const flipped = ({ first, bytes }: StoredRecord) => ({
  first,
  bytes: bytes.map((byte, at) => (at === bytes.length - 2 ? byte ^ 1 : byte)),
});

test('a link knows how far its batch goes, however the list is written', () => {
  for (const count of [1, 12, 13, 70_000]) {
    const bytes = encode([1, noHash, 5, ...Array.from({ length: count }, () => 0)]);
    assert.equal(linkOf({ first: 10, bytes }).last, 9 + count);
  }
});

test('a whole chain passes, in chunks of any size', async () => {
  for (const size of [1, 2, 3, 10]) assert.deepEqual(await passed(records, 1, end, size), [1, 2, 4, 7, 11]);
});

test('a chain passes from the middle on', async () => {
  assert.deepEqual(await passed(records.slice(2), 5), [4, 7, 11]);
});

test('what stands behind the end is not looked at', async () => {
  const third = linkOf(records[2] as StoredRecord);
  const upTo = { position: third.last, at: 3, hash: third.hash };
  assert.deepEqual(await passed(changed(3, flipped), 1, upTo), [1, 2, 4]);
});

test('a batch is passed on only when the next has vouched for it', async () => {
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const links of vouched(inChunks(changed(2, flipped), 1), 1, end)) seen.push(...links.map((link) => link.first));
  });
  assert.deepEqual(seen, [1, 2]);
});

describe('a chain that does not fit is broken at a position', () => {
  const rows: readonly [string, () => readonly StoredRecord[], RegExp][] = [
    ['a byte changed in a batch', () => changed(2, flipped), /positions 4 to 6: its bytes do not have the hash that the next/],
    ['a byte changed in the last batch', () => changed(4, flipped), /positions 11 to 15: .*noted when it was written/],
    ['a batch missing', () => records.filter((_, index) => index !== 1), /position 2: the next batch begins with position 4/],
    [
      'a batch at another place',
      () => changed(1, ({ bytes }) => ({ first: 3, bytes })),
      /position 2: the next batch begins with position 3/,
    ],
    ['the last batch missing', () => records.slice(0, 4), /position 11: the log should end with position 15/],
    ['the first batch missing', () => records.slice(1), /position 1: there is no batch that holds it/],
    ['nothing there', () => [], /position 1: there is no batch that holds it/],
    [
      'no batch at all',
      () => changed(1, ({ first }) => ({ first, bytes: Buffer.from('x'.repeat(60)) })),
      /position 2: the record does not begin/,
    ],
    ['an empty record', () => changed(1, ({ first }) => ({ first, bytes: new Uint8Array() })), /position 2: the record does not begin/],
    [
      'a batch of no events',
      () => changed(1, ({ first }) => ({ first, bytes: encode([1, noHash, '......']) })),
      /position 2: the record does not/,
    ],
  ];
  for (const [what, broken, message] of rows) {
    test(what, () => assert.rejects(passed(broken()), { code: 'log-broken', message }));
  }

  test('a first batch that names one before it', async () => {
    const events = [{ type: 'node.stopped', data: { reason: 'x' } } as const];
    const bytes = codec.encodeBatch({ previousHash: last.hash, at: 1, events });
    const { hash } = linkOf({ first: 1, bytes });
    await assert.rejects(passed([{ first: 1, bytes }], 1, { position: 1, at: 1, hash }), {
      message: /position 1: the first batch names one/,
    });
  });

  test('a batch that ends before the position asked for', async () => {
    await assert.rejects(passed(records.slice(1), 4), { message: /position 4: there is no batch/ });
  });
});
