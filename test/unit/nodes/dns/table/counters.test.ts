import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Decision } from '../../../../../src/nodes/dns/reply.ts';
import { createSpokeCounters, type Decisions } from '../../../../../src/nodes/dns/table/counters.ts';

const decision = (service: string, address: string) => ({ service, algorithm: 'round-robin', addresses: [address] }) as Decision;
/** As the writer has them: what a service says now, and its number. */
function counting(readers: number, onGrown: () => number) {
  const services: string[] = [];
  const said = new Map<string, Decisions>();
  const counters = createSpokeCounters({
    ...{ readers, expected: 0, onGrown },
    numberOf: (service) => (services.includes(service) ? services.indexOf(service) : services.push(service) - 1),
    serviceOf: (number) => services[number] ?? '',
    decisionsOf: (service) => said.get(service) ?? new Map(),
  });
  const renew = (service: string, addresses: readonly string[], epoch: number) => {
    const was = said.get(service) ?? new Map();
    said.set(service, new Map([['A', addresses.map((address) => decision(service, address))]]));
    counters.renew(service, was, epoch);
  };
  return { counters, renew };
}
const told = (counters: ReturnType<typeof createSpokeCounters>) => {
  const lines: string[] = [];
  counters.collect(({ service, addresses }, count) => lines.push(`${service} ${addresses} ${count}`));
  return lines.sort();
};

describe('counts by spoke', () => {
  it('are added up over readers, each told once', () => {
    const { counters, renew } = counting(2, () => 1);
    renew('app', ['192.0.2.1', '192.0.2.2'], 1);
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
    const { counters, renew } = counting(1, () => 1);
    renew('app', ['192.0.2.1'], 1);
    const before = counters.of({ service: 'app', family: 'A' }, 0);
    renew('app', ['192.0.2.9'], 2);
    assert.notEqual(counters.of({ service: 'app', family: 'A' }, 0), before);
    new Int32Array(counters.buffer)[before]! += 5;
    counters.reclaim((epoch) => epoch < 2);
    renew('other', ['192.0.2.7'], 2);
    assert.notEqual(counters.of({ service: 'other', family: 'A' }, 0), before, 'somebody may still count under it');
    counters.reclaim((epoch) => epoch < 3);
    renew('third', ['192.0.2.8'], 3);
    assert.equal(counters.of({ service: 'third', family: 'A' }, 0), before);
    assert.deepEqual(told(counters), ['app 192.0.2.1 5']);
  });

  it('survive a buffer that was outgrown, also those that come late', () => {
    let grown = 0;
    const { counters, renew } = counting(1, () => {
      grown += 1;
      return 5;
    });
    renew('app', ['192.0.2.1'], 1);
    const number = counters.of({ service: 'app', family: 'A' }, 0);
    const old = new Int32Array(counters.buffer);
    old[number]! += 1;
    renew(
      'wide',
      Array.from({ length: 2000 }, (_, index) => `${index}`),
      2,
    );
    assert.equal(grown, 1);
    assert.notEqual(counters.buffer, old.buffer);
    new Int32Array(counters.buffer)[number]! += 10;
    assert.deepEqual(told(counters), ['app 192.0.2.1 1', 'app 192.0.2.1 10']);
    old[number]! += 2;
    counters.reclaim((epoch) => epoch < 6);
    assert.deepEqual(told(counters), ['app 192.0.2.1 2']);
  });

  it('of a replaced answer that was counted in an outgrown buffer are told before its numbers mean something else', () => {
    const { counters, renew } = counting(1, () => 5);
    renew('app', ['192.0.2.1'], 1);
    const number = counters.of({ service: 'app', family: 'A' }, 0);
    const old = new Int32Array(counters.buffer);
    renew(
      'wide',
      Array.from({ length: 2000 }, (_, index) => `${index}`),
      2,
    );
    old[number]! += 3;
    renew('app', ['192.0.2.2'], 3);
    counters.reclaim((epoch) => epoch < 4);
    renew('other', ['192.0.2.7'], 4);
    assert.equal(counters.of({ service: 'other', family: 'A' }, 0), number);
    old[number]! += 2;
    counters.reclaim((epoch) => epoch < 6);
    assert.deepEqual(told(counters), ['app 192.0.2.1 3', 'other 192.0.2.7 2']);
  });
});
