import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kernelAddress, peerBytes } from '../../../../../src/native/kernel-address.ts';
import { gapBefore, peerText, type QuerySample, sampling } from '../../../../../src/nodes/dns/workers/query-samples.ts';
import { createTableReaders } from '../../../../../src/nodes/dns/workers/table-readers.ts';
import { seededChance } from '../../../../e2e/stub-resolver.ts';
import { demoTable, query, subnetOption } from '../demo.ts';

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

describe('what is sampled of a query', () => {
  const samples: QuerySample[] = [];
  const readers = createTableReaders(demoTable(), 0);
  const answer = readers.answerTcp({
    ...{ chance: () => 0, sample: 1, onSample: (sample) => samples.push(sample) },
    onFailure: (error) => assert.fail(String(error)),
  });
  const sampled = (...asked: Parameters<typeof query>) => {
    answer(query(...asked), { address: '192.0.2.200', port: 1024, transport: 'tcp' });
    return samples.pop();
  };
  const subnetOf = (...option: Parameters<typeof subnetOption>) =>
    sampled('app.demo.local', { edns: { options: subnetOption(...option) } })?.subnet;

  it('is what it takes to explain its answer: client, subnet, draw, and what was published by then', () => {
    const sample = sampled('aPp.demo.local');
    assert(sample?.name !== undefined);
    const { client, subnet, type, rcode, draw, publication } = sample;
    assert.deepEqual({ client, subnet, type, rcode, draw }, { client: '192.0.2.200:1024', subnet: undefined, type: 1, rcode: 0, draw: 0 });
    assert.equal(publication, readers.writer.publication.number);
    assert.equal(sampled('app.demo.local')?.draw, 1);
    assert.equal(Buffer.from(sample.name).toString('latin1'), '\x03app\x04demo\x05local\0');
  });

  it('has a subnet as text, whole though it is sent short, and none of a packet that is refused for it', () => {
    assert.equal(subnetOf(1, 20, 0, [198, 51, 96]), '198.51.96.0/20');
    assert.equal(subnetOf(2, 56, 0, [0x20, 1, 0xd, 0xb8, 0, 0, 1]), '2001:db8:0:100::/56');
    assert.equal(subnetOf(1, 0, 0, []), '0.0.0.0/0');
    assert.equal(subnetOf(1, 20, 1, [198, 51, 96]), undefined);
    assert.equal(sampled('app.demo.local')?.subnet, undefined, 'and none of the query before');
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
