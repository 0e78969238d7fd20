/** What an agent's claims make true: one row for each row of the truth table of `claims.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beatNeedsOrder } from '../../../src/commands/claims.ts';
import type { ReceiveClaims } from '../../../src/commands/command.ts';
import { decide } from '../../../src/commands/decide.ts';
import type { Beat } from '../../../src/events/catalogue/heartbeats.ts';
import type { Fact } from '../../../src/events/event.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  agent1,
  app,
  applied,
  at,
  b,
  beat,
  believing,
  claimed,
  claims,
  deregistered,
  drained,
  draining,
  inForce,
  joined,
  oneDomain,
  pinned,
  received,
  registered,
  stateOf,
  unchecked,
  updated,
} from '../../given.ts';

const agent = { kind: 'agent', name: agent1 } as const;
const attested: Fact = { type: 'node.attested', data: { answers: '0'.repeat(64) } };
const revoked = (of: string): Fact => ({ type: 'agent.revoked', data: { agent: of, fingerprint: null, reason: 'stolen' } });

function given(facts: readonly Fact[], later: readonly Fact[] = []): State {
  return stateOf(at(1_000, ...inForce(oneDomain([], {}, believing)), ...facts), at(40_000, ...later));
}

function order(words: Partial<Beat>): ReceiveClaims {
  return { kind: 'receiveClaims', beat: beat(9, words) };
}

/** The facts that follow from the beat, without the actor. */
function follows(state: State, words: Partial<Beat>): readonly Omit<Fact, 'actor'>[] {
  const ruling = decide({ command: order(words), actor: agent }, state);
  assert.ok('facts' in ruling, JSON.stringify(ruling));
  const [first, ...others] = ruling.facts.map(({ actor: _its, ...fact }) => fact);
  assert.equal(first?.type, 'heartbeat.received');
  return others;
}

const rejected = (reason: string, address = a): unknown => ({
  type: 'agent.rejected',
  data: { agent: agent1, reason, address: `${app} ${address}:80`, count: 1 },
});
const own = (address: string, words = {}) => registered(address, { source: 'agent', agent: agent1, ...words });
const others = joined('web-2', a);

describe('a claimed backend', () => {
  for (const [name, state, claim, facts] of [
    ['of a service that it did not prove', given([pinned(agent1, { services: [] })]), claimed(a), [rejected('service-not-proven')]],
    [
      'of a service that nobody serves',
      given([pinned(agent1, { services: ['old.example.com'] })]),
      claimed(a, { service: 'old.example.com' }),
      [{ type: 'agent.rejected', data: { agent: agent1, reason: 'unknown-service', address: `old.example.com ${a}:80`, count: 1 } }],
    ],
    ['in a region that the domain does not have', given([pinned(agent1, { region: 'mars' })]), claimed(a), [rejected('region-unknown')]],
    ['that is new', given([pinned()]), claimed(a, { weight: 7 }), [own(a, { weight: 7 })]],
    ['that is new and drains', given([pinned()]), claimed(a, { draining: 'deploy' }), [own(a), draining(a)]],
    [
      'that the configuration has: it says where it stands, and what it weighs',
      given([pinned(agent1, { region: 'mars' }), registered(a, { source: 'static', weight: 3, host: 'web' })]),
      claimed(a, { weight: 7 }),
      [updated(a, { weight: 3, host: 'web', agent: agent1 })],
    ],
    ['that is its own already', given(joined(agent1, a)), claimed(a), []],
    [
      'that is its own, with another weight',
      given(joined(agent1, a)),
      claimed(a, { weight: 7 }),
      [updated(a, { weight: 7, agent: agent1 })],
    ],
    ['that begins to drain', given(joined(agent1, a)), claimed(a, { draining: 'deploy' }), [draining(a)]],
    [
      'that drains for another reason',
      given([...joined(agent1, a), draining(a)]),
      claimed(a, { draining: 'x' }),
      [draining(a, { reason: 'x' })],
    ],
    ['that drains as before', given([...joined(agent1, a), draining(a)]), claimed(a, { draining: 'deploy' }), []],
    ['that drains no longer', given([...joined(agent1, a), draining(a)]), claimed(a), [drained(a)]],
    ['that another agent has, which is heard', given([pinned(), ...others]), claimed(a), [rejected('address-held')]],
    ['that another agent had, which is stale', given([pinned(), ...others], [attested]), claimed(a), [updated(a, { agent: agent1 })]],
    [
      'that another agent had, which is revoked',
      given([pinned(), ...others, revoked('web-2')]),
      claimed(a),
      [updated(a, { agent: agent1 })],
    ],
    [
      'that a pinned agent had, though stale, where the agent is a legacy one',
      given([pinned(agent1, { legacy: true }), ...others], [attested]),
      claimed(a),
      [rejected('address-held')],
    ],
  ] as const) {
    it(name, () => assert.deepEqual(follows(state, { claims: claims(claim) }), facts));
  }

  it('that is claimed no longer goes, unless somebody else registered it', () => {
    assert.deepEqual(follows(given(joined(agent1, a, b)), { claims: claims(b) }), [deregistered(a)]);
    const fromFile = given([pinned(), registered(a, { source: 'static', agent: agent1 }), received(beat(1, { claims: claims(a) }))]);
    assert.deepEqual(follows(fromFile, { claims: claims() }), [updated(a)]);
  });

  it('of a service whose token is gone, or was not proven again, is given up', () => {
    const noToken = applied(oneDomain([], {}, unchecked));
    const state = given([...joined(agent1, a), noToken]);
    assert.deepEqual(follows(state, { claims: claims(a) }), [rejected('unknown-service'), deregistered(a)]);
    assert.deepEqual([beatNeedsOrder(state, beat(9)), follows(state, {})], [true, [deregistered(a)]], 'without a word of claims, too');
    assert.equal(beatNeedsOrder(given([...joined(agent1, a), noToken, deregistered(a)]), beat(9)), false, 'once');
    const back = given([...joined(agent1, a), noToken, deregistered(a), applied(oneDomain([], {}, believing))]);
    assert.deepEqual(follows(back, {}), [own(a)], 'and back with the token');
    const fewer = given([...joined(agent1, a), pinned(agent1, { services: ['old.example.com'] })]);
    assert.deepEqual(follows(fewer, {}), [deregistered(a)]);
    const legacy = given([...joined(agent1, a), pinned(agent1, { legacy: true }), noToken]);
    assert.deepEqual(follows(legacy, { claims: claims(a) }), [], 'a legacy agent has no token');
    const ofAnother = given([pinned(), ...others, noToken]);
    assert.deepEqual(follows(ofAnother, { claims: claims(a) }), [rejected('unknown-service')]);
  });

  it('of another agent is not taken away by an agent that claims it no longer', () => {
    const state = given([...joined(agent1, a, b), updated(a, { agent: 'web-2' })]);
    assert.deepEqual(follows(state, { claims: claims(b) }), []);
  });
});

describe('the order', () => {
  it('makes nothing true that is old or was sent again', () => {
    const state = given([...joined(agent1, a), received(beat(9))]);
    assert.deepEqual(decide({ command: order({ claims: claims() }), actor: agent }, state), { facts: [] });
  });

  it('is refused for an agent that is not believed', () => {
    for (const state of [given([]), given([pinned(), revoked(agent1)])]) {
      const ruling = decide({ command: order({ claims: claims(a) }), actor: agent }, state);
      assert.equal('refused' in ruling && ruling.refused, 'unknown-agent');
    }
  });

  it("is no guard's to refuse, though it leaves nothing fit", () => {
    assert.deepEqual(follows(given(joined(agent1, a)), { claims: claims(claimed(a, { draining: 'deploy' })) }), [draining(a)]);
  });

  it('names who gave it', () => {
    const ruling = decide({ command: order({ claims: claims(a) }), actor: agent }, given([pinned()]));
    assert.ok('facts' in ruling && ruling.facts.length === 2 && ruling.facts.every(({ actor }) => actor === agent));
  });
});

describe('a beat', () => {
  it('needs an order where it claims, or where what it once claimed is not so', () => {
    const settled = given(joined(agent1, a));
    assert.equal(beatNeedsOrder(settled, beat(9)), false);
    assert.equal(beatNeedsOrder(settled, beat(9, { claims: claims(a) })), true);
    const forgotten = given([...joined(agent1, a), deregistered(a)]);
    assert.equal(beatNeedsOrder(forgotten, beat(9)), true);
    assert.deepEqual(follows(forgotten, {}), [own(a)]);
    assert.equal(beatNeedsOrder(given([]), beat(9)), false, 'a stranger');
  });

  it('says nothing again of what was rejected, until it may be had', () => {
    const facts = [...others, pinned(), received(beat(1, { claims: claims(a) }))];
    assert.equal(beatNeedsOrder(given(facts), beat(9)), false);
    assert.deepEqual(follows(given(facts), {}), []);
    const free = given(facts, [attested]);
    assert.equal(beatNeedsOrder(free, beat(9)), true);
    assert.deepEqual(follows(free, {}), [updated(a, { agent: agent1 })]);
  });
});
