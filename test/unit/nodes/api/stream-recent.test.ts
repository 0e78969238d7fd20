/** The list of recent changes begins with the first who asks, and costs nothing before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecentChanges } from '../../../../src/nodes/api/stream-recent.ts';
import { evolve } from '../../../../src/projections/evolve.ts';
import { a, at, b, checked, events, inForce, oneDomain, stateOf } from '../../../given.ts';

function known() {
  const state = stateOf(at(0, ...inForce(oneDomain([a, b]))));
  const recent = createRecentChanges(state);
  /** The server is checked for the first time, which decides. */
  const check = (address: string) => {
    for (const event of events(at(state.at + 1, checked(address, 'ok')))) {
      const placed = { ...event, position: state.position + 1 };
      recent.listener({ cause: { event: placed }, at: placed.at, services: evolve(state, placed) }, state);
    }
  };
  return { state, recent, check };
}

describe('the recent changes', () => {
  it('are not looked for while nobody has asked', () => {
    const { recent, check } = known();
    check(a);
    assert.equal(recent.end, 0);
  });

  it('begin where the state stands when the first asks: what was before has to be folded', () => {
    const { state, recent, check } = known();
    check(a);
    assert.equal(recent.placeAfter(state.position - 1), undefined);
    const place = recent.placeAfter(state.position) ?? assert.fail('there is a place behind the newest event');
    check(b);
    assert.equal(recent.at(place)?.position, state.position);
    assert.match(recent.at(place)?.text ?? '', /"address":"192\.0\.2\.2"/);
  });

  it('stay for those who ask later', () => {
    const { state, recent, check } = known();
    const began = state.position;
    recent.placeAfter(began);
    check(a);
    check(b);
    const place = recent.placeAfter(began) ?? assert.fail('the list reaches back to its beginning');
    assert.equal(recent.at(place)?.position, began + 1);
  });
});
