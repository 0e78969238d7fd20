/** What agents do to answers: drains, silence and recovery, a name that is never emptied, overrides that end with a host. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { answerOf } from '../../../src/projections/answers.ts';
import { advance, evolve } from '../../../src/projections/evolve.ts';
import { hasRoom, longestGone } from '../../../src/projections/evolve-agents.ts';
import { isRepetition } from '../../../src/projections/repetition.ts';
import type { State } from '../../../src/projections/state.ts';
import { agentsMax } from '../../../src/projections/trust.ts';
import {
  a,
  agent1,
  app,
  at,
  b,
  beat,
  checked,
  claimed,
  claims,
  deregistered,
  drained,
  draining,
  events,
  inForce,
  joined,
  oneDomain,
  overridden,
  pinned,
  received,
  registered,
  stateOf,
  unchecked,
  updated,
} from '../../given.ts';

const two = [...joined(agent1, a), ...joined('web-2', b)];
const inTwo = { agent: 'web-2' };

function answered(state: State): { readonly tier: string | undefined; readonly addresses: readonly string[] } {
  const family = answerOf(state, app)?.families.A;
  return { tier: family?.tier, addresses: family?.wheel.spokes.flatMap(({ addresses }) => addresses) ?? [] };
}

function then(state: State, moment: number, ...facts: readonly Fact[]): readonly string[] {
  return events(at(moment, ...facts)).flatMap((event) => evolve(state, { ...event, position: state.position + 1 }));
}

const given = (rest = {}, ...facts: readonly Fact[]) => stateOf(at(1_000, ...inForce(oneDomain([], {}, rest)), ...two, ...facts));

describe('the table of agents', () => {
  const crowd = (except: readonly string[]) =>
    Array.from({ length: agentsMax - except.length }, (_, index) => pinned(`host-${index}`)).filter(
      ({ data }) => !except.includes(data.agent),
    );
  const full = (facts: readonly Fact[]) => {
    const names = facts.flatMap((fact) => (fact.type === 'agent.pinned' ? [fact.data.agent] : []));
    return stateOf(at(1_000, ...inForce(oneDomain([], {}, unchecked)), ...facts), at(50_000, ...crowd(names)));
  };

  it('when it is full, forgets the one that was heard least lately, all of it, for one that is new', () => {
    const state = full([pinned('gone'), received(beat(1, { agent: 'gone', claims: claims() })), ...joined(agent1, a)]);
    assert.deepEqual(
      [state.trust.size, longestGone(state), hasRoom(state, 'new'), hasRoom(state, 'gone')],
      [agentsMax, 'gone', false, true],
    );
    then(state, 60_000, pinned('host-0', { region: 'us' }));
    assert.equal(state.trust.has('gone'), true, 'for one that is known nobody goes');
    then(state, 60_000, pinned('new'));
    assert.deepEqual([state.trust.size, state.trust.has('gone'), state.trust.has('new')], [agentsMax, false, true]);
    assert.deepEqual([state.liveness.has('gone'), state.claims.has('gone')], [false, false]);
    assert.equal(longestGone(state), 'host-1', 'then who was never heard, the first by name of those that were pinned first');
  });

  it('keeps who is heard, who speaks for a server, and who is revoked', () => {
    const revoked: Fact = { type: 'agent.revoked', data: { agent: 'stolen', fingerprint: null, reason: 'x' } };
    const here = received(beat(1, { agent: 'here', intervalMs: 60_000, claims: claims() }));
    const state = full([pinned('here'), here, ...joined(agent1, a), pinned('stolen'), revoked]);
    assert.notEqual(state.liveness.get(agent1)?.staleSince, null);
    assert.equal(longestGone(state), 'host-0');
  });
});

describe('a drain by the agent', () => {
  it('takes the server out while another is fit, and back when it ends', () => {
    const state = given(unchecked);
    assert.deepEqual(then(state, 2_000, draining(a)), [app]);
    assert.deepEqual(answered(state), { tier: 'fit', addresses: [b] });
    assert.deepEqual(then(state, 3_000, drained(a)), [app]);
    assert.deepEqual(answered(state), { tier: 'fit', addresses: [a, b] });
  });

  it('of everything empties nothing', () => {
    const state = given(unchecked, draining(a), draining(b, inTwo));
    assert.deepEqual(answered(state), { tier: 'draining', addresses: [a, b] });
  });

  it("is of its own servers alone, and is not another agent's to end", () => {
    const state = given(unchecked);
    assert.deepEqual(then(state, 2_000, draining(a, inTwo)), []);
    assert.deepEqual(then(state, 2_000, draining(a)), [app]);
    assert.deepEqual(then(state, 2_000, drained(a, inTwo)), []);
    assert.deepEqual(answered(state).addresses, [b]);
  });

  it('ends when another agent speaks for the server, and when the server is gone', () => {
    const taken = given(unchecked, draining(a), updated(a, inTwo), received(beat(2, { ...inTwo, claims: claims(a, b) })));
    assert.deepEqual(answered(taken), { tier: 'fit', addresses: [a, b] });
    const back = given(unchecked, draining(a), deregistered(a), registered(a, { source: 'agent', agent: agent1 }));
    assert.deepEqual(answered(back), { tier: 'fit', addresses: [b, a] });
  });
});

describe('silence', () => {
  it('of every agent empties nothing: the second tier answers', () => {
    const state = given(unchecked);
    assert.deepEqual(advance(state, 31_000), [app, app]);
    assert.deepEqual(answered(state), { tier: 'unproven', addresses: [a, b] });
  });

  it('of one agent leaves the others to answer, and a check that succeeds brings its server back', () => {
    const state = given({}, checked(a, 'ok'), checked(b, 'ok'));
    then(state, 20_000, received(beat(2, inTwo)));
    assert.deepEqual(advance(state, 31_000), [app]);
    assert.deepEqual(answered(state), { tier: 'fit', addresses: [b] });
    assert.equal(isRepetition(state, checked(a, 'ok')), false, 'the next result says something new');
    assert.equal(isRepetition(state, checked(b, 'ok')), true);
    assert.deepEqual(then(state, 32_000, checked(a, 'ok')), [app]);
    assert.deepEqual(answered(state), { tier: 'fit', addresses: [a, b] });
    assert.deepEqual(then(state, 33_000, checked(a, 'ok')), []);
  });

  it('ends with a beat that says nothing else', () => {
    const state = given(unchecked);
    advance(state, 31_000);
    assert.deepEqual(then(state, 40_000, received(beat(2))), [app]);
    assert.deepEqual(answered(state), { tier: 'fit', addresses: [a] });
    assert.deepEqual(then(state, 41_000, received(beat(3))), [], 'no news');
  });
});

describe('a claim that a backend is not healthy', () => {
  it('takes it out where nothing checks, and answers only as a last resort', () => {
    const unwell = received(beat(2, { claims: claims(claimed(a, { healthy: false })) }));
    assert.deepEqual(answered(given(unchecked, unwell)), { tier: 'fit', addresses: [b] });
    const alone = (policy: 'servfail' | 'all') =>
      stateOf(at(1_000, ...inForce(oneDomain([], { when_all_unhealthy: policy }, unchecked)), ...joined(agent1, a), unwell));
    assert.deepEqual(answered(alone('servfail')), { tier: undefined, addresses: [] });
    assert.deepEqual(answered(alone('all')), { tier: 'last-resort', addresses: [a] });
  });
});

describe('an override', () => {
  const takenOver = [updated(a, inTwo), received(beat(2, { ...inTwo, claims: claims(a, b) }))];
  const overridesAfter = (...facts: readonly Fact[]) => [
    ...(given(unchecked, ...facts)
      .overrides.get(app)
      ?.keys() ?? []),
  ];

  for (const [name, override, stays] of [
    ["a person's on the port ends when another agent takes the address", overridden(a, 'down', { port: 80 }), false],
    ["a person's on the address ends when another agent takes it", overridden(a, 'down'), false],
    ["a tool's stays", overridden(a, 'down', { authority: 'tool' }), true],
    ["a person's on another address stays", overridden(b, 'down'), true],
  ] as const) {
    it(name, () => assert.equal(overridesAfter(override, ...takenOver).length, Number(stays)));
  }

  it('stays while the same agent speaks for the address, however its server is changed', () => {
    assert.equal(overridesAfter(overridden(a, 'down'), updated(a, { agent: agent1, weight: 7 })).length, 1);
    assert.equal(overridesAfter(overridden(a, 'down'), deregistered(a), registered(a, { source: 'agent', agent: agent1 })).length, 1);
  });

  it('ends when the server comes back with another agent, and does not expire later', () => {
    const state = given(unchecked, overridden(a, 'down', { until: 9_000 }), deregistered(a), registered(a, { source: 'agent', ...inTwo }));
    assert.equal(state.overrides.size, 0);
    assert.deepEqual(advance(state, 10_000), []);
  });

  it('on a server that nobody spoke for stays when an agent comes', () => {
    const state = stateOf(at(0, ...inForce(oneDomain([a])), overridden(a, 'down'), updated(a, { agent: agent1 })));
    assert.equal(state.overrides.size, 1);
  });
});
