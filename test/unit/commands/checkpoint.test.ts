/** Taking a checkpoint: one fact, and a refusal where nobody could read it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { takeCheckpoint } from '../../../src/commands/checkpoint.ts';
import { decide } from '../../../src/commands/decide.ts';
import { lineCharactersMax } from '../../../src/events/ndjson.ts';
import { initialState } from '../../../src/projections/state.ts';
import { a, at, inForce, oneDomain, order, restated, stateOf } from '../../given.ts';

const state = stateOf(at(10, ...inForce(oneDomain([a]))));

it('is one fact that restates everything, by whoever ordered it', () => {
  const ruling = decide(order({ kind: 'takeCheckpoint' }), state);
  assert.deepEqual(ruling, { facts: [{ ...restated(state), actor: order({ kind: 'takeCheckpoint' }).actor }] });
  assert.deepEqual(takeCheckpoint(initialState()), [restated(initialState())]);
});

it('is refused where the fact would be longer than a line may be', () => {
  const characters = JSON.stringify(restated(state).data).length;
  assert.deepEqual(takeCheckpoint(state, characters), [restated(state)]);
  assert.deepEqual(takeCheckpoint(state, characters - 1), {
    refused: 'checkpoint-too-large',
    error: `everything that stands takes ${characters} characters as one fact, and ${characters - 1} are allowed`,
    remedy: 'deregister servers that are gone; until it fits, nothing of the log can be dropped',
  });
  assert.ok(characters < lineCharactersMax);
});
