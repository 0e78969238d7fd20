import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Decision } from '../../../../../src/nodes/dns/reply.ts';
import { createSpokeCounters } from '../../../../../src/nodes/dns/table/counters.ts';

const decision = (service: string, address: string) => ({ service, algorithm: 'round-robin', addresses: [address] }) as Decision;
const told = (counters: ReturnType<typeof createSpokeCounters>) => {
  const lines: string[] = [];
  counters.collect(({ service, addresses }, count) => lines.push(`${service} ${addresses} ${count}`));
  return lines.sort();
};

describe('counts by spoke', () => {
  it('are added up over readers, each told once', () => {
    const counters = createSpokeCounters(2, 0, () => 1);
    counters.renew('app', new Map([['A', [decision('app', '192.0.2.1'), decision('app', '192.0.2.2')]]]), 1);
    const second = counters.of({ service: 'app', family: 'A' }, 1);
    const words = new Int32Array(counters.buffer);
    words[second]! += 3;
    words[words.length / 2 + second]! += 4;
    assert.deepEqual(told(counters), ['app 192.0.2.2 7']);
    assert.deepEqual(told(counters), []);
    words[second]! += 1;
    assert.deepEqual(told(counters), ['app 192.0.2.2 1']);
  });

  it('of a replaced answer are told to the last, and its numbers used again only then', () => {
    const counters = createSpokeCounters(1, 0, () => 1);
    counters.renew('app', new Map([['A', [decision('app', '192.0.2.1')]]]), 1);
    const before = counters.of({ service: 'app', family: 'A' }, 0);
    counters.renew('app', new Map([['A', [decision('app', '192.0.2.9')]]]), 2);
    assert.notEqual(counters.of({ service: 'app', family: 'A' }, 0), before);
    new Int32Array(counters.buffer)[before]! += 5;
    counters.reclaim((epoch) => epoch < 2);
    counters.renew('other', new Map([['A', [decision('other', '192.0.2.7')]]]), 2);
    assert.notEqual(counters.of({ service: 'other', family: 'A' }, 0), before, 'somebody may still count under it');
    counters.reclaim((epoch) => epoch < 3);
    counters.renew('third', new Map([['A', [decision('third', '192.0.2.8')]]]), 3);
    assert.equal(counters.of({ service: 'third', family: 'A' }, 0), before);
    assert.deepEqual(told(counters), ['app 192.0.2.1 5']);
  });

  it('survive a buffer that was outgrown, also those that come late', () => {
    let grown = 0;
    const counters = createSpokeCounters(1, 0, () => {
      grown += 1;
      return 5;
    });
    counters.renew('app', new Map([['A', [decision('app', '192.0.2.1')]]]), 1);
    const number = counters.of({ service: 'app', family: 'A' }, 0);
    const old = new Int32Array(counters.buffer);
    old[number]! += 1;
    counters.renew('wide', new Map([['A', Array.from({ length: 2000 }, (_, index) => decision('wide', `${index}`))]]), 2);
    assert.equal(grown, 1);
    assert.notEqual(counters.buffer, old.buffer);
    new Int32Array(counters.buffer)[number]! += 10;
    assert.deepEqual(told(counters), ['app 192.0.2.1 1', 'app 192.0.2.1 10']);
    old[number]! += 2;
    counters.reclaim((epoch) => epoch < 6);
    assert.deepEqual(told(counters), ['app 192.0.2.1 2']);
  });
});
