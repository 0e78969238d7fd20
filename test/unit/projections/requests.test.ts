/** Which commands were carried out: remembered for a day, and forgotten exactly then. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advance } from '../../../src/projections/evolve.ts';
import { rememberedMs } from '../../../src/projections/requests.ts';
import { a, at, b, overridden, requested, stateOf } from '../../given.ts';

describe('a request key', () => {
  it('stands for the digest of its command and the positions of its facts', () => {
    const facts = [overridden(a, 'down'), overridden(b, 'down'), overridden(b, 'up')].map((fact) => requested(fact, 'key'));
    const state = stateOf(at(5, overridden(b, 'up'), ...facts));
    assert.deepEqual(state.requests.get('key'), { digest: 'body', first: 2, last: 4, until: 5 + rememberedMs });
  });

  it('is remembered for 24 hours and forgotten exactly then', () => {
    assert.equal(rememberedMs, 86_400_000);
    const state = stateOf(at(5, requested(overridden(a, 'down'), 'key')));
    advance(state, 5 + rememberedMs - 1);
    assert.equal(state.requests.has('key'), true);
    assert.deepEqual(advance(state, 5 + rememberedMs), []);
    assert.equal(state.requests.has('key'), false);
  });

  it('stands for the newer command where it was used again', () => {
    const state = stateOf(at(5, requested(overridden(a, 'down'), 'key', 'one')), at(6, requested(overridden(a, 'up'), 'key', 'two')));
    assert.deepEqual(state.requests.get('key'), { digest: 'two', first: 2, last: 2, until: 6 + rememberedMs });
    advance(state, 5 + rememberedMs);
    assert.equal(state.requests.has('key'), true);
  });

  it('costs one deadline, however many facts the command had', () => {
    const state = stateOf(at(5, ...Array.from({ length: 500 }, () => requested(overridden(a, 'down'), 'key'))));
    assert.equal(state.deadlines.heap.length, 1);
  });
});
