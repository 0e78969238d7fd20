/** What a checkpoint restates: all that a state holds, section by section. The laws are in the property tests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logCheckpoint } from '../../../src/events/catalogue/checkpoint.ts';
import type { Event } from '../../../src/events/event.ts';
import { checkpointOf } from '../../../src/projections/checkpoint.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import { initialState } from '../../../src/projections/state.ts';
import {
  a,
  agent1,
  app,
  at,
  b,
  beat,
  c,
  checked,
  claims,
  cpuPolicy,
  draining,
  inForce,
  joined,
  measuring,
  oneDomain,
  overridden,
  received,
  requested,
  restated,
  someone,
  stateOf,
} from '../../given.ts';

/** Of the event itself, or derived from the rest. */
const withoutSection = ['position', 'at', 'checkpoint', 'deadlines'];

function rich() {
  return stateOf(
    at(10, ...inForce(oneDomain([a, { address: b, host: 'web', health_check: { path: '/up' } }], { when_all_unhealthy: 'last_healthy' }))),
    at(20, checked(a, 'ok'), checked(b, 'ok'), checked(b, 'failed')),
    at(
      25,
      ...joined(agent1, c),
      draining(c),
      received(beat(2, { signals: measuring(99), claims: { ...claims(c), predictive: cpuPolicy } })),
    ),
    at(30, requested({ ...overridden(a, 'drain', { until: 5_000 }), actor: someone }, 'key')),
  );
}

describe('a checkpoint', () => {
  it('has a section for every field of the state, and no other', () => {
    const fields = Object.keys(initialState()).filter((field) => !withoutSection.includes(field));
    assert.deepEqual(Object.keys(checkpointOf(initialState())).sort(), ['previous', ...fields].sort());
    assert.deepEqual(Object.keys(logCheckpoint.data.shape).sort(), ['previous', ...fields].sort());
  });

  it('says what stands, with where it came from', () => {
    const data = checkpointOf(rich());
    assert.deepEqual(logCheckpoint.data.parse(data), data);
    assert.equal(data.previous, null);
    assert.deepEqual([data.configuration?.position, data.configuration?.at], [1, 10]);
    const [first, second] = data.registry;
    assert.deepEqual([first?.address, first?.position, first?.registeredAt], [a, 2, 10]);
    assert.deepEqual([second?.host, second?.health_check, second?.source], ['web', { path: '/up' }, 'static']);
    assert.deepEqual(
      data.health.map(({ last, status, decidedBy, against }) => [last.address, status, decidedBy, against]),
      [
        [a, 'up', [4], []],
        [b, 'up', [5], [6]],
      ],
    );
    assert.deepEqual(
      data.overrides.map(({ address, action, until, position, actor }) => [address, action, until, position, actor]),
      [[a, 'drain', 5_000, 12, someone]],
    );
    assert.deepEqual(data.requests, [{ key: 'key', digest: 'body', first: 12, last: 12, until: 86_400_030 }]);
    assert.deepEqual(data.standings[0]?.lastFit.A, [b]);
    assert.deepEqual(data.changedAt, [{ service: app, at: 30 }]);
    assert.equal(data.livedAt, 30);
    assert.deepEqual(
      data.trust?.map(({ agent, boot, sequence, position }) => [agent, boot, sequence, position]),
      [[agent1, 1, 2, 7]],
    );
    assert.deepEqual(
      data.liveness?.map(({ agent, heardAt, until }) => [agent, heardAt, until]),
      [[agent1, 25, 30_025]],
    );
    assert.deepEqual(
      data.claims?.map(({ agent, backends }) => [agent, backends.map(({ address, position }) => [address, position])]),
      [[agent1, [[c, 8]]]],
    );
    assert.deepEqual(data.agentDrains, [{ service: app, endpoint: `${c}:80`, agent: agent1, reason: 'deploy', at: 25, position: 10 }]);
    assert.deepEqual(
      data.bleeds?.map(({ agent, bad, nextAt }) => [agent, bad, nextAt]),
      [[agent1, ['cpu'], 1_025]],
    );
  });

  it('names the one before it', () => {
    const state = rich();
    evolve(state, { ...restated(state), position: 13, at: 40, node: 'test', v: 1 } as Event);
    assert.deepEqual(state.checkpoint, { position: 13, at: 40 });
    assert.deepEqual(checkpointOf(state).previous, { position: 13, at: 40 });
  });
});
