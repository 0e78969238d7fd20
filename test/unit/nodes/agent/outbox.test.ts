import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox, type Outbox } from '../../../../src/nodes/agent/outbox.ts';

const outbox = (intervalMs = 10_000) => createOutbox({ boot: 7, claims: 'first', intervalMs });

/** Every message from `from` to `to`, each taken when it is due: [moment, overwatch, sequence, claims]. */
function run(box: Outbox<string>, to: number) {
  const sent: [at: number, overwatch: string, sequence: number, claims: string | undefined][] = [];
  for (let at = box.wakeAt(); at !== undefined && at <= to; at = box.wakeAt())
    for (const { overwatch, sequence, claims } of box.take(at)) sent.push([at, overwatch, sequence, claims]);
  return sent;
}

test('a new overwatch is told at once, and again until it acknowledges: 200 ms after, doubling up to the interval', () => {
  const box = outbox(1_000);
  box.add('o1', 0);
  assert.deepEqual(run(box, 3_500), [
    [0, 'o1', 1, 'first'],
    [200, 'o1', 2, 'first'],
    [600, 'o1', 3, 'first'],
    [1_400, 'o1', 4, 'first'],
    [2_400, 'o1', 5, 'first'],
    [3_400, 'o1', 6, 'first'],
  ]);
});

test('once it acknowledged, it gets signs of life at the interval, the first an interval after the last message', () => {
  const box = outbox();
  box.add('o1', 0);
  run(box, 0);
  assert.equal(box.acknowledge('o1', 7, 1), true);
  assert.deepEqual(run(box, 25_000), [
    [10_000, 'o1', 2, undefined],
    [20_000, 'o1', 3, undefined],
  ]);
});

test('a change goes at once to every overwatch, whatever each has, and begins at 200 ms again', () => {
  const box = outbox();
  box.add('o1', 0);
  box.add('o2', 0);
  run(box, 5_000);
  box.acknowledge('o1', 7, 1);
  box.change('second', 5_500);
  assert.deepEqual(
    run(box, 5_700).map(([at, overwatch, , claims]) => [at, overwatch, claims]),
    [
      [5_500, 'o1', 'second'],
      [5_500, 'o2', 'second'],
      [5_700, 'o1', 'second'],
      [5_700, 'o2', 'second'],
    ],
  );
});

/** What an acknowledgement means, after claims went out as 1 and 2, and changed claims as 3 and 4. */
for (const [name, boot, sequence, isNews, isCurrent] of [
  ['of claims that have changed since', 7, 2, true, false],
  ['of the first message with the claims as they are', 7, 3, true, true],
  ['of a repetition', 7, 4, true, true],
  ['of a message that was never sent', 7, 5, false, false],
  ['of another start of this agent', 6, 3, false, false],
] as const) {
  test(`an acknowledgement ${name}`, () => {
    const box = outbox();
    box.add('o1', 0);
    run(box, 200);
    box.change('second', 300);
    run(box, 500);
    assert.equal(box.acknowledge('o1', boot, sequence), isNews);
    assert.deepEqual(box.deliveries(), [{ overwatch: 'o1', sent: 4, acknowledged: isNews ? sequence : 0, isCurrent }]);
  });
}

test('the same acknowledgement twice is news once, and one of an overwatch that is not there none', () => {
  const box = outbox();
  box.add('o1', 0);
  run(box, 0);
  assert.deepEqual([box.acknowledge('o1', 7, 1), box.acknowledge('o1', 7, 1), box.acknowledge('o2', 7, 1)], [true, false, false]);
});

test('an acknowledgement of one overwatch says nothing of another', () => {
  const box = outbox();
  box.add('o1', 0);
  box.add('o2', 0);
  run(box, 0);
  box.acknowledge('o1', 7, 1);
  assert.deepEqual(run(box, 200), [[200, 'o2', 3, 'first']]);
});

test('an overwatch that is added while it is there may have forgotten: it is told everything', () => {
  const box = outbox();
  box.add('o1', 0);
  run(box, 0);
  box.acknowledge('o1', 7, 1);
  box.add('o1', 3_000);
  assert.deepEqual(run(box, 3_000), [[3_000, 'o1', 2, 'first']]);
});

test('sequences are of all messages, with those that go elsewhere', () => {
  const box = outbox();
  assert.equal(box.nextSequence(), 1);
  box.add('o1', 0);
  assert.deepEqual(run(box, 0), [[0, 'o1', 2, 'first']]);
});
