/** The keys of a zone as facts make them, what each stage means for its records, and what comes next: the tables of `keys.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { dueAt } from '../../../src/projections/deadlines.ts';
import { digest } from '../../../src/projections/digest.ts';
import { advance } from '../../../src/projections/evolve.ts';
import { keysOf, signingPlanOf, stepOfZone } from '../../../src/projections/keys.ts';
import { decodeState, encodeState } from '../../../src/projections/snapshot.ts';
import type { State } from '../../../src/projections/state.ts';
import { a, app, at, inForce, keyEntered, keyImported, keyMade, keyRemoved, oneDomain, stateOf } from '../../given.ts';

/** A minute each, one fact after the other. */
const minute = 60_000;
function given(facts: readonly Fact[], dnssec = {}): State {
  const start = at(minute, ...inForce(oneDomain([a], {}, { overwatch: { dnssec } })));
  return stateOf(start, ...facts.map((fact, index) => at((index + 2) * minute, fact)));
}

const first = keyMade(1);
const published = [first, keyMade(2, { successorOf: 1, waitSeconds: 3_600 })];
const announced = [...published, keyEntered(2, 'announced')];
const trusted = [...announced, keyEntered(2, 'trusted', { waitSeconds: 86_400 })];
const active = [...trusted, keyEntered(2, 'active', { waitSeconds: 7_200 })];
const removed = [...active, keyRemoved(1)];

const shown = (state: State) => keysOf(state, app).map(({ keyTag, stage }) => `${keyTag} ${stage}`);

describe('a rotation, stage by stage', () => {
  for (const [name, facts, keys, plan] of [
    ['no key', [], [], undefined],
    ['the first key signs at once', [first], ['1 active'], { shown: [1], announced: undefined, signsData: 1 }],
    ['a successor is published', published, ['1 active', '2 published'], { shown: [1, 2], announced: undefined, signsData: 1 }],
    ['it is announced', announced, ['1 active', '2 announced'], { shown: [1, 2], announced: 2, signsData: 1 }],
    ['the parent shows it', trusted, ['1 active', '2 trusted'], { shown: [1, 2], announced: 2, signsData: 1 }],
    ['it signs', active, ['1 retiring', '2 active'], { shown: [1, 2], announced: 2, signsData: 2 }],
    ['the old one is removed', removed, ['2 active'], { shown: [2], announced: undefined, signsData: 2 }],
    ['it is called off', [...announced, keyRemoved(2)], ['1 active'], { shown: [1], announced: undefined, signsData: 1 }],
    ['a key comes from elsewhere', [keyImported(9)], ['9 active'], { shown: [9], announced: undefined, signsData: 9 }],
    ['a key that is known is made again', [first, first], ['1 active'], { shown: [1], announced: undefined, signsData: 1 }],
    ['a key that is not known goes on', [first, keyEntered(7, 'active')], ['1 active'], { shown: [1], announced: undefined, signsData: 1 }],
  ] as const) {
    it(name, () => {
      const state = given(facts);
      const found = signingPlanOf(keysOf(state, app));
      assert.deepEqual(shown(state), keys);
      const tags = found && {
        shown: found.shown.map(({ keyTag }) => keyTag),
        announced: found.announced?.keyTag,
        signsData: found.signsData.keyTag,
      };
      assert.deepEqual(tags, plan);
    });
  }

  it('leaves nothing of a zone whose last key is removed', () => assert.equal(given([first, keyRemoved(1)]).keys.size, 0));
});

describe('what a zone waits for', () => {
  const rotating = { rotate_every: '30d' };
  const month = 30 * 86_400_000;
  for (const [name, facts, dnssec, step] of [
    ['nothing without a key', [], rotating, undefined],
    ['nothing where nobody wants a rotation', [first], {}, undefined],
    ['the next rotation', [first], rotating, { step: 'rotate', at: 2 * minute + month }],
    [
      'no rotation of its own where another overwatch begins them',
      [first],
      { ...rotating, key_sync: { peers: [{ url: 'https://o.example', fingerprint: 'a'.repeat(64) }] } },
      undefined,
    ],
    ['the end of the first wait', published, {}, { step: 'announced', at: 3 * minute + 3_600_000 }],
    ['the parent, whatever time it is', announced, {}, { step: 'ask-parent', at: 4 * minute }],
    ['the end of the DS of before', trusted, {}, { step: 'active', at: 5 * minute + 86_400_000 }],
    ['the end of what the old key signed', active, {}, { step: 'remove', at: 6 * minute + 7_200_000 }],
    ['the next rotation, since this one', removed, rotating, { step: 'rotate', at: 6 * minute + month }],
    ['nothing where DNSSEC is off', published, { enabled: false }, undefined],
  ] as const) {
    it(name, () => assert.deepEqual(stepOfZone(given(facts, dnssec), app), step));
  }

  it('is told by a deadline, once, which time alone fires and which changes nothing else', () => {
    const state = given(published);
    const due = 3 * minute + 3_600_000;
    assert.equal(dueAt(state.deadlines, 'key-due', app), due);
    advance(state, due);
    assert.equal(dueAt(state.deadlines, 'key-due', app), undefined);
    assert.deepEqual(shown(state), ['1 active', '2 published']);
    assert.equal(dueAt(decodeState(encodeState(state)).deadlines, 'key-due', app), undefined, 'it was told already');
  });

  it('never is the passing of time where the parent must act', () => {
    const state = given(announced);
    assert.equal(dueAt(state.deadlines, 'key-due', app), undefined);
    advance(state, 10 * 365 * 86_400_000);
    assert.deepEqual(shown(state), ['1 active', '2 announced']);
  });

  it('follows the configuration: a shorter time between rotations is due sooner, and without one nothing is', () => {
    const apply = (dnssec: object) => inForce(oneDomain([a], {}, { overwatch: { dnssec } }));
    const state = (...facts: readonly Fact[]) => stateOf(at(minute, ...apply(rotating), first), at(2 * minute, ...facts));
    const due = (of: State) => dueAt(of.deadlines, 'key-due', app);
    assert.equal(due(state()), minute + month);
    assert.equal(due(state(...apply({ rotate_every: '2d' }))), minute + 2 * 86_400_000);
    assert.equal(due(state(...apply({}))), undefined);
  });
});

it('keeps what a stage holds through a snapshot', () => {
  const state = given(active);
  assert.equal(digest(decodeState(encodeState(state))), digest(state));
  assert.deepEqual(keysOf(decodeState(encodeState(state)), app), keysOf(state, app));
});
