/** Whom the node believes, and that marks only rise: one row for each row of the truth table of `trust.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { digest } from '../../../src/projections/digest.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import type { State } from '../../../src/projections/state.ts';
import { isNewer, trusted } from '../../../src/projections/trust.ts';
import {
  a,
  agent1,
  at,
  beat,
  claimed,
  claims,
  events,
  fingerprintOf,
  inForce,
  joined,
  oneDomain,
  pinned,
  received,
  stateOf,
} from '../../given.ts';

function given(...facts: readonly Fact[]): State {
  return stateOf(at(1_000, ...inForce(oneDomain([])), ...facts));
}

const markOf = (state: State) => {
  const { boot, sequence } = trusted(state.trust, agent1) ?? {};
  return [boot, sequence];
};
const revoked: Fact = { type: 'agent.revoked', data: { agent: agent1, fingerprint: fingerprintOf(agent1), reason: 'stolen' } };
const rotated: Fact = {
  type: 'agent.rotated',
  data: { agent: agent1, fingerprint: fingerprintOf('new'), previous: fingerprintOf(agent1), certificate: 'BBBB' },
};

describe('the mark of an agent', () => {
  for (const [name, facts, mark] of [
    ['begins with its pin', [pinned()], [0, 0]],
    ['rises with each message', [pinned(), received(beat(7, { boot: 2 }))], [2, 7]],
    ['stays when the same certificate is pinned again', [pinned(), received(beat(7)), pinned(agent1, { services: [] })], [1, 7]],
    ['begins anew with another certificate', [pinned(), received(beat(7)), pinned(agent1, { fingerprint: fingerprintOf('b') })], [0, 0]],
    ['stays when the certificate is rotated', [pinned(), received(beat(7)), rotated], [1, 7]],
    ['rises when it leaves', [pinned(), { type: 'agent.left', data: { agent: agent1, boot: 3, sequence: 4 } }], [3, 4]],
  ] as const satisfies readonly (readonly [string, readonly Fact[], readonly number[]])[]) {
    it(name, () => assert.deepEqual(markOf(given(...facts)), mark));
  }

  it('compares starts before messages', () => {
    const mark = { boot: 2, sequence: 5 };
    for (const [boot, sequence, newer] of [
      [2, 6, true],
      [3, 0, true],
      [2, 5, false],
      [2, 4, false],
      [1, 9, false],
    ] as const) {
      assert.equal(isNewer({ boot, sequence }, mark), newer, `${boot} ${sequence}`);
    }
  });
});

describe('a message that is not newer', () => {
  const old = claims(claimed(a, { healthy: false }));
  for (const [boot, sequence] of [
    [1, 5],
    [1, 4],
    [0, 99],
  ] as const) {
    it(`changes nothing: boot ${boot}, sequence ${sequence} after boot 1, sequence 5`, () => {
      const facts = [...joined(agent1, a), received(beat(5))];
      const [again, honest] = [given(...facts), given(...facts)];
      const late = [
        received(beat(sequence, { boot, claims: old })),
        { type: 'agent.left', data: { agent: agent1, boot, sequence } } as const,
      ];
      for (const event of events(at(9_000, ...late))) evolve(again, { ...event, position: again.position + 1 });
      for (const event of events(at(9_000, received(), received()))) evolve(honest, { ...event, position: honest.position + 1 });
      assert.equal(digest(again), digest(honest));
    });
  }
});

describe('who is believed', () => {
  it('is nobody who was never pinned', () => {
    const state = given(received(beat(1, { agent: 'stranger', claims: claims(a) })));
    assert.deepEqual([state.trust.size, state.liveness.size, state.claims.size], [0, 0, 0]);
  });

  it('is no agent that was revoked, and nothing that it ever said', () => {
    const state = given(...joined(agent1, a), revoked, received(beat(9, { claims: claims(a) })));
    assert.equal(trusted(state.trust, agent1), undefined);
    assert.deepEqual([state.liveness.size, state.claims.size], [0, 0]);
    assert.deepEqual(state.trust.get(agent1)?.past, [fingerprintOf(agent1)]);
  });

  it('is an agent with its newest certificate, and the ones before are remembered', () => {
    const pin = trusted(given(pinned(), rotated).trust, agent1);
    assert.deepEqual([pin?.fingerprint, pin?.certificate, pin?.past], [fingerprintOf('new'), 'BBBB', [fingerprintOf(agent1)]]);
    const replaced = trusted(given(pinned(), pinned(agent1, { fingerprint: fingerprintOf('b') })).trust, agent1);
    assert.deepEqual(replaced?.past, [fingerprintOf(agent1)]);
  });

  it('is an agent again that was let in after it was revoked', () => {
    const state = given(pinned(), revoked, pinned(agent1, { fingerprint: fingerprintOf('b') }));
    assert.equal(trusted(state.trust, agent1)?.fingerprint, fingerprintOf('b'));
    assert.deepEqual(trusted(state.trust, agent1)?.past, [fingerprintOf(agent1)]);
  });
});
