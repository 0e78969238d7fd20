/** Looking ahead: what facts would do to the answers, and that asking changes nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { answerOf, answerText } from '../../../src/projections/answers.ts';
import { digest } from '../../../src/projections/digest.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import { preview } from '../../../src/projections/preview.ts';
import type { State } from '../../../src/projections/state.ts';
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
const known = () =>
  stateOf(
    at(0, ...inForce(oneDomain([a, b]))),
    at(10, checked(a, 'ok'), checked(b, 'ok'), checked(a, 'failed'), requested(overridden(b, 'drain', { until: 500 }), 'key')),
  );

const everything: Readonly<Record<string, readonly Fact[]>> = {
  'an override': [overridden(a, 'down')],
  'a clearing': [cleared(b)],
  'an override that is over at once': [overridden(b, 'up', { until: 5 })],
  'checks that flip': times(2, checked(a, 'failed')),
  'a registration': [registered('192.0.2.9'), checked('192.0.2.9', 'ok')],
  'an update': [updated(a, { weight: 0 })],
  'a deregistration': [deregistered(a)],
  'another configuration': inForce(oneDomain([a, '192.0.2.9'], { answers: 'all' })),
  'a configuration without the service': [applied(configurationOf({}))],
  'a command with a request key': [requested(overridden(a, 'down'), 'key', 'other body')],
  'a fact about no service': [started()],
};

function answersAfter(state: State, facts: readonly Fact[]): string | undefined {
  for (const event of events(at(state.at, ...facts))) evolve(state, { ...event, position: state.position + 1 });
  const answer = answerOf(state, app);
  return answer && answerText(answer);
}

describe('a preview', () => {
  for (const [name, facts] of Object.entries(everything)) {
    it(`of ${name} is what really happens then, and changes nothing`, () => {
      const state = known();
      const before = digest(state);
      const heap = structuredClone(state.deadlines);
      const changes = preview(state, facts);
      assert.equal(digest(state), before);
      assert.deepEqual(state.deadlines, heap);
      const change = changes.find(({ service }) => service === app);
      const expected = answersAfter(known(), facts);
      if (change !== undefined) assert.equal(change.after && answerText(change.after), expected);
      else assert.equal(expected, answersAfter(known(), []));
    });
  }

  it('names each service concerned once, with its answers without and with the facts', () => {
    const [change, ...others] = preview(known(), [overridden(a, 'down'), overridden(b, 'down')]);
    assert.deepEqual(others, []);
    assert.equal(change?.service, app);
    assert.equal(change?.before?.families.A?.tier, 'fit');
    assert.equal(change?.after?.families.A?.tier, undefined);
  });

  it('names every service of the old and of the new configuration', () => {
    const next = configurationOf({ regions: [{ name: 'eu' }], domains: [{ name: other, regions: ['eu'] }] });
    const changes = preview(known(), [applied(next)]);
    assert.deepEqual(
      changes.map(({ service, before, after }) => [service, before !== undefined, after !== undefined]),
      [
        [app, true, false],
        [other, false, true],
      ],
    );
  });

  it('concerns nobody where the facts name no service', () => {
    assert.deepEqual(preview(known(), [started()]), []);
  });
});
