/** Signals and weights: one row for each row of both truth tables of `predictive.ts`, and the steps down and up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Beat } from '../../../src/events/catalogue/heartbeats.ts';
import { answerOf } from '../../../src/projections/answers.ts';
import { advance, evolve } from '../../../src/projections/evolve.ts';
import { bledWeight, tenthsOf } from '../../../src/projections/predictive.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  agent1,
  app,
  at,
  b,
  beat,
  claims,
  cpuPolicy,
  events,
  inForce,
  joined,
  measuring,
  oneDomain,
  overridden,
  received,
  stateOf,
} from '../../given.ts';

const policy = { claims: { ...claims(a), predictive: cpuPolicy } };

/** Two servers of `weighted`, the first of which has an agent with a policy; it is heard now and then, so it is never stale. */
function given(): State {
  const domain = { routing_algorithm: 'weighted' } as const;
  const unchecked = { overwatch: { validation: { enabled: false } } };
  return stateOf(at(0, ...inForce(oneDomain([b], domain, unchecked)), ...joined(agent1, a), received(beat(2, policy))));
}

let sequence = 2;
function hears(state: State, moment: number, words: Partial<Beat>): void {
  sequence += 1;
  const [event] = events(at(moment, received(beat(sequence, words))));
  if (event !== undefined) evolve(state, { ...event, position: state.position + 1 });
}

const measures = (state: State, moment: number, signals: Beat['signals'] & {}) => hears(state, moment, { signals });
const badIn = (state: State) => state.bleeds.get(agent1)?.bad ?? [];
const weightOf = (state: State) => answerOf(state, app)?.candidates.find(({ address }) => address === a);

describe('a signal', () => {
  for (const [name, values, bad] of [
    ['good, below the threshold: good', [89.9], []],
    ['good, at the threshold: bad', [90], ['cpu']],
    ['good, not measured: good', [null], []],
    ['bad, above where it is left: bad', [95, 80.1], ['cpu']],
    ['bad, at where it is left: good', [95, 80], []],
    ['bad, not measured: good', [95, null], []],
  ] as const) {
    it(name, () => {
      const state = given();
      for (const [index, value] of values.entries()) measures(state, index + 1, measuring(value));
      assert.deepEqual(badIn(state), bad);
    });
  }

  it('stays as it is where a beat says nothing of it', () => {
    const state = given();
    measures(state, 1, measuring(95));
    hears(state, 2, {});
    assert.deepEqual(badIn(state), ['cpu']);
  });

  it('means nothing without a policy', () => {
    const state = given();
    measures(state, 1, measuring(95));
    hears(state, 2, { claims: claims(a), signals: measuring(99) });
    assert.deepEqual(badIn(state), []);
  });
});

describe('the weight', () => {
  it('sinks by a tenth a step, is draining at nothing, and rises by the same steps', () => {
    const state = given();
    measures(state, 1_000, measuring(95));
    const down = Array.from({ length: 11 }, (_, step) => {
      advance(state, 1_000 + step * 1_000);
      return weightOf(state)?.weight;
    });
    assert.deepEqual(down, [100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0]);
    assert.equal(weightOf(state)?.tier, 'draining');
    measures(state, 12_000, measuring(10));
    const up = Array.from({ length: 11 }, (_, step) => {
      advance(state, 12_000 + step * 1_000);
      return weightOf(state)?.weight;
    });
    assert.deepEqual(up, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    assert.equal(state.bleeds.size, 0);
  });

  it('moves a step before its time by no number of beats', () => {
    const state = given();
    for (const moment of [1_000, 1_300, 1_600, 1_999]) measures(state, moment, measuring(95));
    assert.equal(weightOf(state)?.weight, 100);
    advance(state, 2_000);
    assert.equal(weightOf(state)?.weight, 90);
  });

  it('goes at once where the bleed takes no time, and by the fastest of the bad signals', () => {
    const state = given();
    measures(state, 1_000, measuring(95, 1_000));
    advance(state, 1_500);
    assert.equal(weightOf(state)?.weight, 90, 'memory bleeds in 5 s');
    measures(state, 1_600, measuring(95, 0, 1_000));
    assert.equal(weightOf(state)?.weight, 0);
    measures(state, 1_700, measuring(0));
    assert.equal(weightOf(state)?.weight, 100);
  });

  it('rises while its agent is stale: silence is never a drain', () => {
    const state = given();
    measures(state, 1_000, measuring(95));
    advance(state, 30_999);
    assert.equal(weightOf(state)?.weight, 0);
    advance(state, 31_000 + 3_000);
    assert.equal(tenthsOf(state.bleeds, agent1), 3);
    hears(state, 34_500, {});
    advance(state, 35_500);
    assert.equal(tenthsOf(state.bleeds, agent1), 2, 'heard again, and still bad');
  });

  it('is whole where a person says that the server is up', () => {
    const state = given();
    measures(state, 1_000, measuring(95));
    const [event] = events(at(20_000, overridden(a, 'up')));
    if (event !== undefined) evolve(state, { ...event, position: state.position + 1 });
    assert.deepEqual([weightOf(state)?.weight, weightOf(state)?.tier], [100, 'fit']);
  });

  it('is at least 1 while any of it is left', () => {
    assert.deepEqual([bledWeight(3, 10), bledWeight(3, 5), bledWeight(3, 1), bledWeight(3, 0), bledWeight(0, 5)], [3, 1, 1, 0, 0]);
  });
});
