/** The law of snapshots: a state from one, and the rest of the facts, is the state from zero (I3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Event } from '../../src/events/event.ts';
import { answersDigest } from '../../src/projections/answers.ts';
import { digest } from '../../src/projections/digest.ts';
import { advance, evolve } from '../../src/projections/evolve.ts';
import { decodeState, encodeInPieces, encodeState } from '../../src/projections/snapshot.ts';
import { initialState, type State } from '../../src/projections/state.ts';
import { tries } from '../tries.ts';
import { scenario } from './projections-scenario.ts';

function fold(events: readonly Event[], state: State = initialState()): State {
  for (const event of events) evolve(state, event);
  return state;
}

/** Where to cut, as a part of a length; doubles of fast-check are mostly next to nothing. */
const part = fc.nat(1_000).map((of) => of / 1_000);
const cutScenario = fc.tuple(scenario, part, fc.nat(50));

describe('a snapshot', () => {
  it('and the tail lead to the digest that folding from zero has, then and a day later', () => {
    fc.assert(
      fc.property(cutScenario, ([{ events }, cut, waitMs]) => {
        const at = Math.floor(cut * events.length);
        const before = fold(events.slice(0, at));
        // A snapshot may be taken after time has passed, up to the next fact.
        advance(before, Math.min(before.at + waitMs, events[at]?.at ?? Number.POSITIVE_INFINITY));
        const resumed = fold(events.slice(at), decodeState(encodeState(before)));
        const fromZero = fold(events);
        advance(fromZero, resumed.at);
        assert.equal(digest(resumed), digest(fromZero));
        for (const state of [resumed, fromZero]) advance(state, state.at + 86_400_000);
        assert.equal(digest(resumed), digest(fromZero), 'with all deadlines fired');
        assert.equal(answersDigest(resumed), answersDigest(fromZero));
      }),
      tries(150),
    );
  });

  it('has the same bytes wherever the same facts were folded, and after going through one', () => {
    fc.assert(
      fc.property(scenario, ({ events }) => {
        const bytes = encodeState(fold(events));
        assert.deepEqual(encodeState(fold(events)), bytes);
        assert.deepEqual(encodeState(decodeState(bytes)), bytes);
      }),
      tries(50),
    );
  });

  it('is of the moment when it was asked for, whatever is folded while its pieces are taken', () => {
    fc.assert(
      fc.property(cutScenario, ([{ events }, cut]) => {
        const at = Math.floor(cut * events.length);
        const state = fold(events.slice(0, at));
        const before = digest(state);
        const pieces = encodeInPieces(state);
        fold(events.slice(at), state);
        advance(state, state.at + 86_400_000);
        assert.equal(digest(decodeState(Buffer.concat([...pieces]))), before);
      }),
      tries(100),
    );
  });
});
