import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BroadcastQueue, emptyQueue, enqueue, takeBroadcasts } from '../../../../src/nodes/gossip/broadcast-queue.ts';
import type { Message } from '../../../../src/nodes/gossip/messages.ts';
import { text } from './swim-member.ts';

const many = 1_000;
/** A rumour of a length that says itself: what the message holds is its label. */
function add(queue: BroadcastQueue, label: string, bytes: number, name?: string, lengthMax = many): number {
  return enqueue(queue, { name, message: { type: 'user', bytes: text(label) }, bytes, token: label }, lengthMax);
}
const labels = (messages: readonly Message[]) =>
  messages.map((message) => (message.type === 'user' ? Buffer.from(message.bytes).toString() : '?'));
const take = (queue: BroadcastQueue, budget: number, limit = many) => labels(takeBroadcasts(queue, budget, 2, limit).messages);

test('the least sent go first, of those the longest, of those the newest', () => {
  const queue = emptyQueue();
  add(queue, 'old', 100);
  assert.deepEqual(take(queue, many), ['old']);
  add(queue, 'short', 10);
  add(queue, 'long', 200);
  add(queue, 'long, newer', 200);
  assert.deepEqual(take(queue, many), ['long, newer', 'long', 'short', 'old']);
});

test('a gap is filled with what fits, and what does not fit waits', () => {
  const queue = emptyQueue();
  for (const [label, bytes] of [
    ['a', 90],
    ['b', 60],
    ['c', 30],
  ] as const)
    add(queue, label, bytes);
  assert.deepEqual(take(queue, 124), ['a', 'c'], '92 and 32 fit exactly, and the one between does not');
  assert.deepEqual(take(queue, 62), ['b'], 'what was not sent yet goes first');
  assert.deepEqual(take(queue, 31), [], 'nothing is as short as that');
});

test('what was sent as often as the limit says is gone, and that is told', () => {
  const queue = emptyQueue();
  add(queue, 'news', 20);
  const rounds = [1, 2, 3, 4].map(() => take(queue, many, 3));
  assert.deepEqual(rounds, [['news'], ['news'], ['news'], []]);
  assert.deepEqual(queue.finished, ['news']);
  assert.equal(queue.length, 0);
});

test('a newer rumour about somebody replaces the older one, which is told, and starts afresh', () => {
  const queue = emptyQueue();
  add(queue, 'b is suspected', 20, 'b');
  add(queue, 'c is dead', 20, 'c');
  take(queue, many, 3);
  take(queue, many, 3);
  add(queue, 'b is alive', 20, 'b');
  assert.deepEqual(queue.finished, ['b is suspected']);
  assert.deepEqual(take(queue, many, 3), ['b is alive', 'c is dead']);
  assert.deepEqual(take(queue, many, 3), ['b is alive']);
});

test('a full queue drops what was sent most', () => {
  const queue = emptyQueue();
  add(queue, 'heard', 20);
  take(queue, many);
  assert.equal(add(queue, 'new', 30, undefined, 2), 0);
  assert.equal(add(queue, 'newer', 10, undefined, 2), 1);
  assert.deepEqual(take(queue, many), ['new', 'newer']);
});

test('whatever is added and taken, no packet is too full, nothing is sent too often or twice in one, and nothing is lost before', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 120 }), name: fc.option(fc.constantFrom('b', 'c', 'd'), { nil: undefined }) }),
    fc.record({ budget: fc.integer({ min: 0, max: 300 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
      const queue = emptyQueue();
      const waiting = new Map<string, { bytes: number; sent: number; name: string | undefined }>();
      for (const [index, one] of steps.entries()) {
        if ('add' in one) {
          for (const [label, { name }] of waiting) if (one.name !== undefined && name === one.name) waiting.delete(label);
          waiting.set(`${index}`, { bytes: one.add, sent: 0, name: one.name });
          add(queue, `${index}`, one.add, one.name);
        } else {
          const { messages, left } = takeBroadcasts(queue, one.budget, 2, limit);
          const taken = labels(messages).map((label) => [label, waiting.get(label)] as const);
          assert.equal(new Set(labels(messages)).size, taken.length);
          assert.equal(left, one.budget - taken.reduce((sum, [, entry]) => sum + (entry as { bytes: number }).bytes + 2, 0));
          assert.ok(left >= 0);
          for (const [label, entry] of taken) if (++(entry as { sent: number }).sent >= limit) waiting.delete(label);
          const rest = [...waiting].filter(([label]) => !labels(messages).includes(label));
          for (const [label, { bytes }] of rest) assert.ok(bytes + 2 > left, `${label} would have fitted`);
        }
        assert.equal(queue.length, waiting.size);
      }
    }),
  );
});
