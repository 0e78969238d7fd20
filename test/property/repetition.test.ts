/** The law of repetitions: without them every answer is, at every moment, what it is with them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { answersDigest } from '../../src/projections/answers.ts';
import { advance, evolve } from '../../src/projections/evolve.ts';
import { isRepetition } from '../../src/projections/repetition.ts';
import { initialState } from '../../src/projections/state.ts';
import { a, at, checked, inForce, oneDomain, stateOf, times } from '../given.ts';
import { tries } from '../tries.ts';
import { scenario } from './projections-scenario.ts';

it('dropping what repeats what is known changes no answer', () => {
  let dropped = 0;
  fc.assert(
    fc.property(scenario, ({ events }) => {
      const all = initialState();
      const thinned = initialState();
      for (const event of events) {
        evolve(all, event);
        if (isRepetition(thinned, event)) {
          dropped += 1;
          advance(thinned, event.at);
        } else evolve(thinned, event);
        if (all.configuration !== undefined) assert.equal(answersDigest(thinned), answersDigest(all));
      }
    }),
    tries(150),
  );
  assert.ok(dropped > 20, `only ${dropped} were dropped: nothing was proved`);
});

it('a result repeats only what is known of its server, and nothing that is still being counted', () => {
  const given = (...results: ('ok' | 'failed')[]) =>
    stateOf(at(1, ...inForce(oneDomain([a]))), ...results.map((is) => at(2, checked(a, is))));
  const rows: readonly [before: ('ok' | 'failed')[], result: 'ok' | 'failed', isOne: boolean][] = [
    [[], 'ok', false],
    [['ok'], 'ok', true],
    [['ok'], 'failed', false],
    [['ok', 'failed'], 'failed', false],
    [['ok', 'failed'], 'ok', false],
    [['ok', 'failed', 'ok'], 'ok', false],
    [['ok', 'failed', 'ok', 'ok'], 'ok', true],
    [['failed'], 'failed', true],
    [times(3, 'failed' as const).concat([]), 'failed', true],
  ];
  for (const [before, result, isOne] of rows) {
    assert.equal(isRepetition(given(...before), checked(a, result)), isOne, `${before} and then ${result}`);
  }
});
