import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventPages, eventsAt } from '../../../../src/nodes/client/events.ts';
import { NodeError } from '../../../../src/nodes/client/node-error.ts';
import { type Asked, scriptedNode } from './scripted-node.ts';

const event = (position: number) => ({ position, at: 0, node: 'n', type: 't', v: 1, data: {} });

/** A log from `oldest` to `last`, given out at most `page` events at a time, whatever is asked for. */
function logOf({ oldest = 1, last, page = 1_000 }: { oldest?: number; last: () => number; page?: number }) {
  return scriptedNode('http://node', ({ query }: Asked) => {
    const asked = query?.from === undefined ? oldest : Number(query.from);
    const end = last();
    if (asked > 0 && asked < oldest) throw new NodeError('refused', 'http://node', 'it was dropped', 'ask later', 'log-dropped');
    const first = asked > 0 ? asked : Math.max(end + 1 + asked, oldest);
    const limit = Math.min(Number(query?.limit), page);
    const events = Array.from({ length: Math.max(0, Math.min(limit, end - first + 1)) }, (_, index) => event(first + index));
    return { events, next: first + events.length, oldest, last: end };
  });
}

async function positionsOf(node: ReturnType<typeof logOf>, from: number | undefined, to?: number): Promise<number[]> {
  const positions: number[] = [];
  for await (const { events } of eventPages(node, { from, to })) positions.push(...events.map(({ position }) => position));
  return positions;
}
const range = (first: number, last: number) => Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

const cases: readonly (readonly [
  name: string,
  log: Parameters<typeof logOf>[0],
  from: number | undefined,
  to: number | undefined,
  found: readonly number[],
])[] = [
  ['all of it, page by page', { last: () => 10, page: 3 }, 1, undefined, range(1, 10)],
  ['a part', { last: () => 10, page: 3 }, 4, 8, range(4, 8)],
  ['the end', { last: () => 10, page: 3 }, -4, undefined, range(7, 10)],
  ['what is left of it', { last: () => 10, oldest: 6, page: 2 }, undefined, undefined, range(6, 10)],
  ['beyond its end', { last: () => 10 }, 11, undefined, []],
  ['nothing, of an empty log', { last: () => 0 }, 1, undefined, []],
];
for (const [name, log, from, to, found] of cases)
  test(`pages give ${name}`, async () => assert.deepEqual(await positionsOf(logOf(log), from, to), found));

test('a log that grows meanwhile is read to where it ended at first', async () => {
  let last = 4;
  assert.deepEqual(await positionsOf(logOf({ last: () => last++, page: 2 }), 1), range(1, 4));
});

test('a gap between pages is never passed over', async () => {
  const node = scriptedNode('http://node', ({ query }) => {
    const from = Number(query?.from);
    return { events: [event(from === 1 ? 1 : 5)], next: from === 1 ? 2 : 6, oldest: 1, last: 9 };
  });
  await assert.rejects(positionsOf(node, 1), { name: 'NodeError', message: /does not give the event at position 2/ });
});

test('a node that never gets on is not asked for ever', async () => {
  const node = scriptedNode('http://node', () => ({ events: [], next: 1, oldest: 1, last: 9 }));
  await assert.rejects(positionsOf(node, 1), { name: 'NodeError', message: /position 1/ });
});

test('single events come with as few requests as they lie together', async () => {
  const node = logOf({ last: () => 5_000, oldest: 3 });
  const found = await eventsAt(node, [900, 5, 2, 7, 5]);
  assert.deepEqual([...found.keys()], [5, 7, 900], 'what is no longer there is left out');
  assert.deepEqual(
    node.asked.map(({ query }) => [query?.from, query?.limit]),
    [
      [2, 6],
      [undefined, 1],
      [5, 3],
      [900, 1],
    ],
    'a log without its beginning is asked twice',
  );
});

test('what was dropped is an error where it was asked for', async () => {
  await assert.rejects(positionsOf(logOf({ last: () => 10, oldest: 6 }), 1), { name: 'NodeError', reason: 'log-dropped' });
});
