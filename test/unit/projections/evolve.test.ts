/** All folds together: what a fact and the passing of time change, and whose answers they name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { advance, advanceOnce, evolve } from '../../../src/projections/evolve.ts';
import { healthOf } from '../../../src/projections/health.ts';
import { initialState, type State } from '../../../src/projections/state.ts';
import {
  a,
  app,
  applied,
  at,
  b,
  checked,
  cleared,
  configurationOf,
  deregistered,
  events,
  inForce,
  oneDomain,
  overridden,
  registered,
  requested,
  started,
  stateOf,
  times,
  updated,
} from '../../given.ts';

const other = 'other.example.com';
const empty = configurationOf({});

/** Whose answers may have changed by the last of these facts. */
function changedBy(...facts: readonly Fact[]): readonly string[] {
  const state = initialState();
  return events(at(0, ...facts))
    .map((event) => evolve(state, event))
    .at(-1) as readonly string[];
}

describe('the services that a fact may have changed', () => {
  const known = inForce(oneDomain([a]));
  const table: readonly { readonly name: string; readonly facts: readonly Fact[]; readonly changed: readonly string[] }[] = [
    { name: 'the first configuration', facts: [applied(oneDomain([a]))], changed: [app] },
    { name: 'a configuration that drops a domain', facts: [...known, applied(empty)], changed: [app] },
    { name: 'a configuration that keeps a domain', facts: [...known, applied(oneDomain([b]))], changed: [app] },
    { name: 'a registration', facts: [registered(a)], changed: [app] },
    { name: 'an update', facts: [registered(a), updated(a)], changed: [app] },
    { name: 'an update of nobody', facts: [updated(a)], changed: [] },
    { name: 'a deregistration', facts: [registered(a), deregistered(a)], changed: [app] },
    { name: 'a deregistration of nobody', facts: [deregistered(a)], changed: [] },
    { name: 'a first check', facts: [...known, checked(a, 'ok')], changed: [app] },
    { name: 'a check that changes nothing', facts: [...known, checked(a, 'ok'), checked(a, 'ok')], changed: [] },
    { name: 'a check that flips', facts: [...known, checked(a, 'ok'), ...times(3, checked(a, 'failed'))], changed: [app] },
    { name: 'a check of nobody', facts: [...known, checked(b, 'ok')], changed: [] },
    { name: 'an override', facts: [overridden(a, 'down', { service: other })], changed: [other] },
    { name: 'a clearing', facts: [cleared(a)], changed: [app] },
    { name: 'a start', facts: [...known, started()], changed: [] },
    { name: 'a stop', facts: [...known, { type: 'node.stopped', data: { reason: 'asked' } }], changed: [] },
    { name: 'an attestation', facts: [...known, { type: 'node.attested', data: { answers: '0'.repeat(64) } }], changed: [] },
  ];
  for (const { name, facts, changed } of table) {
    it(`${name}: ${changed.join(', ') || 'none'}`, () => assert.deepEqual(changedBy(...facts), changed));
  }

  it('are those of the deadlines on the way, too', () => {
    const state = stateOf(at(0, overridden(a, 'down', { service: other, until: 5 })));
    const [event] = events(at(7, registered(a)));
    assert.deepEqual(evolve(state, { ...(event as NonNullable<typeof event>), position: 2 }), [other, app]);
  });
});

describe('evolve', () => {
  it('stands at the position and the moment of the last fact', () => {
    const state = stateOf(at(3, started()), at(8, started(), started()));
    assert.deepEqual([state.position, state.at], [3, 8]);
  });

  it('refuses a position that does not rise and time that goes back, as broken invariants', () => {
    const [first, second] = events(at(5, started()), at(4, started()));
    const state = initialState();
    evolve(state, first as NonNullable<typeof first>);
    assert.throws(() => evolve(state, first as NonNullable<typeof first>), /I1/);
    assert.throws(() => evolve(state, second as NonNullable<typeof second>), /I2/);
  });

  it('lets time pass before the fact: what expires at its moment is over', () => {
    const renewed = stateOf(at(0, overridden(a, 'down', { until: 10 })), at(10, overridden(a, 'up', { until: 20 })));
    assert.equal(renewed.overrides.get(app)?.size, 1);
    const forgotten = stateOf(at(0, requested(started(), 'key', 'one')), at(86_400_000, requested(started(), 'key', 'one')));
    assert.equal(forgotten.requests.get('key')?.first, 2);
  });

  it('forgets the health of a server that is gone, and does not learn that of one which never was', () => {
    const gone = stateOf(at(0, registered(a), checked(a, 'ok'), deregistered(a), registered(a)));
    assert.equal(healthOf(gone.health, app, a, 80), undefined);
    assert.equal(stateOf(at(0, checked(a, 'ok'))).health.size, 0);
  });

  it('weighs checks by the thresholds in force', () => {
    const strict = oneDomain([{ address: a, health_check: { failure_threshold: 1 } }]);
    const state = stateOf(at(0, ...inForce(strict), checked(a, 'ok'), checked(a, 'failed')));
    assert.equal(healthOf(state.health, app, a, 80)?.status, 'down');
  });
});

describe('the moment when an answer may last have changed', () => {
  const serial = (state: State) => state.changedAt.get(app);
  const known = at(1, ...inForce(oneDomain([a])));

  it('is that of the last fact that may have changed it', () => {
    assert.equal(serial(stateOf(known)), 1);
    assert.equal(serial(stateOf(known, at(2, checked(a, 'ok')), at(3, checked(a, 'ok')))), 2);
  });

  it('is that of the deadline that fired, however late time passed', () => {
    const state = stateOf(known, at(2, overridden(a, 'down', { until: 7 })));
    advance(state, 100);
    assert.equal(serial(state), 7);
  });

  it('is kept only of what is served', () => {
    assert.deepEqual([...stateOf(known, at(2, overridden(a, 'down', { service: other }))).changedAt.keys()], [app]);
    assert.equal(stateOf(known, at(2, applied(empty))).changedAt.size, 0);
  });
});

describe('advance', () => {
  const waiting = () => stateOf(at(0, overridden(a, 'down', { until: 5 }), overridden(b, 'down', { until: 9, service: other })));

  it('stands at the moment that was asked for, and never goes back', () => {
    const state = initialState();
    advance(state, 7);
    advance(state, 3);
    assert.equal(state.at, 7);
  });

  it('fires every deadline on the way and names the services, in order', () => {
    const state = waiting();
    assert.deepEqual(advance(state, 4), []);
    assert.deepEqual(advance(state, 20), [app, other]);
    assert.equal(state.overrides.size, 0);
  });

  it('goes deadline by deadline, standing at the moment of each', () => {
    const state = waiting();
    assert.equal(advanceOnce(state, 20)?.deadline.at, 5);
    assert.equal(state.at, 5);
    assert.deepEqual(advanceOnce(state, 20)?.services, [other]);
    assert.equal(state.at, 9);
    assert.equal(advanceOnce(state, 20), undefined);
    assert.equal(state.at, 20);
  });

  it('names nobody for what changes no answer', () => {
    const state = stateOf(at(0, requested(started(), 'key')));
    assert.deepEqual(advanceOnce(state, 86_400_000)?.services, []);
  });
});
