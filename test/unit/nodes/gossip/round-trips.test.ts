import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createRoundTrips } from '../../../../src/nodes/gossip/round-trips.ts';

const to = { address: '192.0.2.1', port: 7946 };

it('counts from a ping to its acknowledgement by the one that was pinged, once', () => {
  const trips = createRoundTrips();
  trips.pinged(1, to, 100);
  trips.acknowledged(1, { ...to, port: 1 }, 101);
  trips.acknowledged(2, to, 101);
  assert.equal(trips.counts().count, 0, 'another address, another number');
  trips.acknowledged(1, to, 107);
  trips.acknowledged(1, to, 108);
  const { count, sumMs, buckets } = trips.counts();
  assert.deepEqual([count, sumMs], [1, 7]);
  assert.deepEqual(
    buckets.filter(({ mostMs }) => mostMs >= 5 && mostMs <= 25),
    [
      { mostMs: 5, count: 0 },
      { mostMs: 10, count: 1 },
      { mostMs: 25, count: 1 },
    ],
  );
});

it('forgets the oldest of many pings without an answer', () => {
  const trips = createRoundTrips();
  for (let seqNo = 0; seqNo < 1_000; seqNo += 1) trips.pinged(seqNo, to, 0);
  trips.acknowledged(0, to, 1);
  trips.acknowledged(999, to, 1);
  assert.equal(trips.counts().count, 1);
});
