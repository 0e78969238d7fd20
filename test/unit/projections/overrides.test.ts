/** What people and tools demanded: which override decides, and when one ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advance } from '../../../src/projections/evolve.ts';
import { decidingOverride, overrideOn } from '../../../src/projections/overrides.ts';
import type { State } from '../../../src/projections/state.ts';
import { a, a6, app, at, b, cleared, overridden, stateOf } from '../../given.ts';

const tool = { authority: 'tool' } as const;

function reasonOf(state: State, port = 80): string | undefined {
  return decidingOverride(state.overrides, app, a, port)?.reason;
}

describe('the override that decides', () => {
  const all = [
    overridden(a, 'down', { reason: 'tool, address', ...tool }),
    overridden(a, 'down', { reason: 'tool, port', port: 80, ...tool }),
    overridden(a, 'down', { reason: 'human, address' }),
    overridden(a, 'down', { reason: 'human, port', port: 80 }),
  ];

  for (const [count, expected] of [undefined, 'tool, address', 'tool, port', 'human, address', 'human, port'].entries()) {
    it(`of the ${count} lowest is ${expected ?? 'none'}`, () => {
      assert.equal(reasonOf(stateOf(at(0, ...all.slice(0, count)))), expected);
      assert.equal(reasonOf(stateOf(at(0, ...all.slice(0, count).reverse()))), expected);
    });
  }

  it('on an address is for every port of it; on a port for that one alone', () => {
    assert.equal(reasonOf(stateOf(at(0, ...all)), 81), 'human, address');
    assert.equal(reasonOf(stateOf(at(0, overridden(a, 'down', { port: 80 }))), 81), undefined);
  });

  it('is of the same service and address', () => {
    const state = stateOf(at(0, overridden(b, 'down'), overridden(a, 'down', { service: 'other.example.com' })));
    assert.equal(reasonOf(state), undefined);
  });
});

describe('an override', () => {
  it('replaces the earlier one of its authority with the same target', () => {
    const state = stateOf(at(0, overridden(a, 'down')), at(5, overridden(a, 'drain', { reason: 'newer' })));
    const override = overrideOn(state.overrides, 'human', app, a, null);
    assert.deepEqual([override?.action, override?.at, override?.position], ['drain', 5, 2]);
    assert.equal(state.overrides.get(app)?.size, 1);
  });

  it('keeps who gave it', () => {
    const state = stateOf(at(0, { ...overridden(a, 'down'), actor: { kind: 'tool', name: 'ci' } }));
    assert.deepEqual(overrideOn(state.overrides, 'human', app, a, null)?.actor, { kind: 'tool', name: 'ci' });
  });

  it('ends when its own authority and target are cleared, and by no other clearing', () => {
    const set = overridden(a, 'down', { port: 80 });
    for (const other of [cleared(a), cleared(a, { port: 80, ...tool }), cleared(a, { port: 81 }), cleared(b, { port: 80 })]) {
      assert.equal(reasonOf(stateOf(at(0, set), at(1, other))), 'because');
    }
    const state = stateOf(at(0, set), at(1, cleared(a, { port: 80 })));
    assert.equal(reasonOf(state), undefined);
    assert.equal(state.overrides.size, 0);
  });

  it('ends by itself at its moment and not before', () => {
    const state = stateOf(at(0, overridden(a6, 'down', { port: 80, until: 100 })));
    const present = () => overrideOn(state.overrides, 'human', app, a6, 80) !== undefined;
    assert.deepEqual(advance(state, 99), []);
    assert.equal(present(), true);
    assert.deepEqual(advance(state, 100), [app]);
    assert.equal(present(), false);
    assert.equal(state.overrides.size, 0);
  });

  it('that replaces one which would end by itself ends at its own moment, or never', () => {
    const later = stateOf(at(0, overridden(a, 'down', { until: 100 })), at(1, overridden(a, 'down', { until: 200 })));
    advance(later, 100);
    assert.equal(reasonOf(later), 'because');
    advance(later, 200);
    assert.equal(reasonOf(later), undefined);
    const never = stateOf(at(0, overridden(a, 'down', { until: 100 })), at(1, overridden(a, 'down')));
    advance(never, 1e12);
    assert.equal(reasonOf(never), 'because');
  });

  it('that was cleared does not take a later one with it when its moment comes', () => {
    const state = stateOf(at(0, overridden(a, 'down', { until: 100 })), at(1, cleared(a)), at(2, overridden(a, 'down')));
    advance(state, 100);
    assert.equal(reasonOf(state), 'because');
  });

  it('that is over when it is set never was, and what it replaced is gone', () => {
    const alone = stateOf(at(100, overridden(a, 'down', { until: 100 })));
    assert.equal(reasonOf(alone), undefined);
    assert.equal(alone.overrides.size, 0);
    const replacing = stateOf(at(0, overridden(a, 'down', { until: 500 })), at(100, overridden(a, 'down', { until: 99 })));
    assert.equal(reasonOf(replacing), undefined);
    assert.deepEqual(advance(replacing, 1_000), []);
  });
});
