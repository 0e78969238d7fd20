/**
 * The laws of checkpoints: folding one replaces everything and changes nothing, so a log can be folded from any of its
 * checkpoints on as from its beginning, then and at every later moment (I3).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { codec } from '../../src/events/codec.ts';
import type { Event, EventOf } from '../../src/events/event.ts';
import { noHash } from '../../src/events/log.ts';
import { eventToLine, readLine } from '../../src/events/ndjson.ts';
import { answerOf, answersDigest } from '../../src/projections/answers.ts';
import { earliestDeadline, takeDue } from '../../src/projections/deadlines.ts';
import { digest } from '../../src/projections/digest.ts';
import { advance, evolve } from '../../src/projections/evolve.ts';
import { allServers } from '../../src/projections/registry.ts';
import { decodeState, encodeState } from '../../src/projections/snapshot.ts';
import { initialState, type State } from '../../src/projections/state.ts';
import { restated } from '../given.ts';
import { tries } from '../tries.ts';
import { scenario, services } from './projections-scenario.ts';

function fold(events: readonly Event[], state: State = initialState()): State {
  for (const event of events) evolve(state, event);
  return state;
}

/** The checkpoint that a node would append now, as its log gives it back. */
function checkpointAfter(state: State): EventOf<'log.checkpoint'> {
  const bytes = codec.encodeBatch({ previousHash: noHash, at: state.at, events: [restated(state)] });
  return codec.decodeBatch(bytes, state.position + 1, 'test').events[0] as EventOf<'log.checkpoint'>;
}

/** The history with checkpoints after the facts at these parts of its length; with each checkpoint stands the state before it. */
function withCheckpoints(events: readonly Event[], cuts: readonly number[]) {
  const places = new Set(cuts.map((cut) => Math.floor(cut * events.length)));
  const state = initialState();
  const all: Event[] = [];
  const checkpoints: number[] = [];
  for (const [index, event] of events.entries()) {
    const shifted = { ...event, position: all.length + 1 };
    evolve(state, shifted);
    all.push(shifted);
    if (!places.has(index)) continue;
    checkpoints.push(all.length);
    const checkpoint = checkpointAfter(state);
    evolve(state, checkpoint);
    all.push(checkpoint);
  }
  return { all, checkpoints };
}

/** Parts of a length, each as likely as any other: doubles of fast-check are mostly next to nothing. */
const cuts = fc.array(
  fc.nat(999).map((part) => part / 1_000),
  { minLength: 1, maxLength: 4 },
);

/** Every deadline that is to come, in the order in which they fire. */
function deadlines({ deadlines: { heap, until } }: State) {
  const copy = { heap: [...heap], until: new Map(until) };
  const due = [];
  while (earliestDeadline(copy) !== undefined) due.push(takeDue(copy, Number.POSITIVE_INFINITY));
  return due;
}

/** Servers in the order in which they are listed, and all else that answers and explanations are made of. */
function shown(state: State) {
  return {
    answers: services.map((service) => answerOf(state, service)),
    servers: allServers(state.registry),
    health: state.health,
    overrides: state.overrides,
    requests: state.requests,
    changedAt: state.changedAt,
    deadlines: deadlines(state),
  };
}

describe('a checkpoint', () => {
  it('replaces whatever was folded before: after it every state is the one that began with it', () => {
    fc.assert(
      fc.property(scenario, scenario, ({ events }, other) => {
        const state = fold(events);
        const checkpoint = checkpointAfter(state);
        evolve(state, checkpoint);
        const later = Math.max(checkpoint.position, other.events.length + 1);
        for (const before of [initialState(), fold(other.events)]) {
          const at = Math.max(before.at, checkpoint.at);
          const [alone, after] = [initialState(), before].map((start) => fold([{ ...checkpoint, position: later, at }], start));
          assert.equal(digest(after as State), digest(alone as State));
        }
        assert.equal(digest(state), digest(fold([checkpoint])));
      }),
      tries(100),
    );
  });

  it('changes no answer, no explanation, no deadline and no serial, and says so', () => {
    fc.assert(
      fc.property(scenario, ({ events }) => {
        const state = fold(events);
        const before = structuredClone(shown(state));
        assert.deepEqual(evolve(state, checkpointAfter(state)), []);
        assert.deepEqual(shown(state), before);
      }),
      tries(150),
    );
  });

  it('is where folding may begin: then, and at every later fact and moment, the state is the one from zero', () => {
    fc.assert(
      fc.property(scenario, cuts, ({ events }, cuts) => {
        const { all, checkpoints } = withCheckpoints(events, cuts);
        for (const from of checkpoints) {
          const [fromZero, resumed] = [fold(all.slice(0, from)), initialState()];
          for (const event of all.slice(from)) {
            if (event.position > from + 1) for (const state of [fromZero, resumed]) advance(state, Math.min(event.at, state.at + 3));
            for (const state of [fromZero, resumed]) evolve(state, event);
            assert.equal(digest(resumed), digest(fromZero), `at position ${event.position}`);
          }
          const snapshot = decodeState(encodeState(resumed));
          for (const state of [fromZero, resumed, snapshot]) advance(state, state.at + 86_400_000);
          assert.equal(digest(resumed), digest(fromZero), 'with all deadlines fired');
          assert.equal(digest(snapshot), digest(fromZero), 'from a snapshot');
          assert.equal(answersDigest(resumed), answersDigest(fromZero));
        }
      }),
      tries(100),
    );
  });

  it('stays as it was made and as it was written, whatever is folded after it', () => {
    fc.assert(
      fc.property(scenario, cuts, ({ events }, [cut = 0]) => {
        const at = Math.floor(cut * events.length);
        const state = fold(events.slice(0, at));
        const [made, written] = [restated(state), checkpointAfter(state)];
        const before = JSON.stringify([made, written]);
        fold(events.slice(at), state);
        fold([written, ...events.slice(at).map((event) => ({ ...event, position: event.position + 1 }))]);
        assert.equal(JSON.stringify([made, written]), before);
      }),
      tries(100),
    );
  });

  it('is the same on disk and as a line', () => {
    fc.assert(
      fc.property(scenario, ({ events }) => {
        const checkpoint = checkpointAfter(fold(events));
        assert.deepEqual(readLine(eventToLine(checkpoint)), { event: checkpoint });
      }),
      tries(50),
    );
  });
});
