import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReconnect } from '../../../../src/nodes/agent/reconnect.ts';

const middle = () => 0.5;
const of = (...addresses: string[]) => createReconnect({ addresses, firstMs: 1_000, mostMs: 6_000, attemptMs: 15_000 });

test('what was never tried is due at once, and while it is tried not again', () => {
  const reconnect = of('a', 'b');
  assert.deepEqual(reconnect.take(5, middle), ['a', 'b']);
  assert.deepEqual(reconnect.take(5, middle), []);
});

test('what does not answer waits half to all of a wait that doubles, up to the longest', () => {
  const waits = [0, 0.5, 0.999_999].map((draw) => {
    const reconnect = of('a');
    let now = 0;
    return Array.from({ length: 5 }, () => {
      reconnect.take(now, middle);
      reconnect.failed('a', now, draw);
      const waited = (reconnect.wakeAt() as number) - now;
      now += waited;
      return waited;
    });
  });
  assert.deepEqual(waits, [
    [500, 1_000, 2_000, 3_000, 3_000],
    [750, 1_500, 3_000, 4_500, 4_500],
    [1_000, 2_000, 4_000, 6_000, 6_000],
  ]);
});

test('it is tried for ever: the thousandth wait is no longer than the longest', () => {
  const reconnect = of('a');
  let now = 0;
  for (let attempts = 0; attempts < 1_000; attempts++) {
    assert.deepEqual(reconnect.take(now, middle), ['a']);
    reconnect.failed('a', now, 0.5);
    now = reconnect.wakeAt() as number;
  }
  assert.deepEqual(reconnect.nodes(), [{ address: 'a', isReached: false, failures: 1_000 }]);
});

test('an attempt of which nothing is heard counts as one that failed', () => {
  const reconnect = of('a');
  reconnect.take(0, middle);
  assert.equal(reconnect.wakeAt(), 15_000);
  assert.deepEqual(reconnect.take(15_000, middle), []);
  assert.equal(reconnect.wakeAt(), 15_750);
  assert.deepEqual(reconnect.take(15_750, middle), ['a']);
});

test('what was reached is not tried; what was lost comes back soon, by chance, with its failures forgotten', () => {
  const reconnect = of('a', 'b');
  reconnect.take(0, middle);
  reconnect.failed('a', 0, 0.5);
  reconnect.take(1_000, middle);
  reconnect.reached('a');
  reconnect.reached('b');
  assert.equal(reconnect.wakeAt(), undefined);
  reconnect.lost('a', 9_000, 0.3);
  assert.equal(reconnect.wakeAt(), 9_300);
  assert.deepEqual(reconnect.nodes(), [
    { address: 'a', isReached: false, failures: 0 },
    { address: 'b', isReached: true, failures: 0 },
  ]);
});

test('what is said of a node out of turn is no news', () => {
  const reconnect = of('a');
  reconnect.failed('a', 0, 0.5);
  reconnect.lost('a', 0, 0.5);
  reconnect.reached('elsewhere');
  assert.deepEqual([reconnect.wakeAt(), reconnect.nodes()], [0, [{ address: 'a', isReached: false, failures: 0 }]]);
});
