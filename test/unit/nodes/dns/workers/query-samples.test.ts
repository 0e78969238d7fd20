import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kernelAddress, peerBytes } from '../../../../../src/native/kernel-address.ts';
import { gapBefore, peerText, sampling } from '../../../../../src/nodes/dns/workers/query-samples.ts';
import { seededChance } from '../../../../e2e/stub-resolver.ts';

describe('a sample', () => {
  it('holds the share that was asked for, all at 1 and none at 0', () => {
    for (const share of [0, 0.01, 0.3, 1]) {
      const isSampled = sampling(share, seededChance(7));
      const asked = 100_000;
      let taken = 0;
      for (let count = 0; count < asked; count += 1) if (isSampled()) taken += 1;
      // Five standard deviations of a binomial count.
      const slack = 5 * Math.sqrt(asked * share * (1 - share));
      assert.ok(Math.abs(taken - asked * share) <= slack, `${taken} of ${asked} at ${share}`);
    }
  });

  it('passes over as many as the draw says: none for a small one, many for a large one', () => {
    assert.deepEqual(
      [0, 0.5, 0.75, 0.9].map((draw) => gapBefore(0.5, () => draw)),
      [0, 1, 2, 3],
    );
  });
});

describe('a peer', () => {
  it('is shown as its address and port, of either family', () => {
    const peers = new Uint8Array(2 * peerBytes);
    peers.set(kernelAddress('192.0.2.7', 4711), 0);
    peers.set(kernelAddress('2001:db8::7', 53), peerBytes);
    assert.deepEqual([peerText(peers, 0), peerText(peers, 1)], ['192.0.2.7:4711', '[2001:db8::7]:53']);
  });
});
