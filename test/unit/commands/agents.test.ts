/** Whom the node lets in, and what it forgets: one row for each row of the truth tables of `agents.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command, PinAgent } from '../../../src/commands/command.ts';
import { decide } from '../../../src/commands/decide.ts';
import type { Fact } from '../../../src/events/event.ts';
import { answerOf, hasFitServer } from '../../../src/projections/answers.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  agent1,
  app,
  at,
  b,
  beat,
  checked,
  claims,
  deregistered,
  events,
  fingerprintOf,
  inForce,
  joined,
  oneDomain,
  order,
  pinned,
  received,
  registered,
  stateOf,
  unchecked,
} from '../../given.ts';

const attested: Fact = { type: 'node.attested', data: { answers: '0'.repeat(64) } };
const revoked: Fact = { type: 'agent.revoked', data: { agent: agent1, fingerprint: fingerprintOf(agent1), reason: 'stolen' } };
const another = { fingerprint: fingerprintOf('another'), certificate: 'BBBB' };
const legacy = { fingerprint: null, certificate: null, legacy: true };
const rotation = { agent: agent1, fingerprint: fingerprintOf('new'), previous: fingerprintOf(agent1), certificate: 'CCCC' };
const rotated: Fact = { type: 'agent.rotated', data: rotation };
const never = { overwatch: { agents: { replace_lost_certificate: 'never' } } } as const;

/** Agents are heard at 1 000, and stale at 40 000, where there is a later. */
function given(facts: readonly Fact[], later: readonly Fact[] = [], rest = {}): State {
  return stateOf(at(1_000, ...inForce(oneDomain([], {}, rest)), ...facts), ...(later.length > 0 ? [at(40_000, ...later)] : []));
}

function pinning(words: Partial<PinAgent> = {}): PinAgent {
  return { kind: 'pinAgent', ...pinned().data, ...words };
}

/** The types of its facts, or why it is refused. */
function ruled(command: Command, state: State): string | readonly string[] {
  const ruling = decide(order(command), state);
  return 'refused' in ruling ? ruling.refused : 'facts' in ruling ? ruling.facts.map(({ type }) => type) : 'carried out';
}

describe('letting an agent in', () => {
  const held = [pinned(), received(beat(1))];
  for (const [name, command, state, says] of [
    ['that is new', pinning(), given([]), ['agent.pinned']],
    ['that proved nothing', pinning({ services: [] }), given([]), 'no-service-proven'],
    ['again, nothing changed', pinning(), given([pinned()]), []],
    ['again, with other services', pinning({ services: [app, 'b.example.com'] }), given([pinned()]), ['agent.pinned']],
    ['again, from another address', pinning({ address: '192.0.2.51:7946' }), given([pinned()]), ['agent.pinned']],
    ['with another certificate, while it is heard', pinning(another), given(held), 'agent-name-held'],
    ['with another certificate, before it was ever heard', pinning(another), given([pinned()]), 'agent-name-held'],
    ['with another certificate, once it is stale', pinning(another), given(held, [attested]), ['agent.pinned']],
    [
      'with another certificate, once it is stale, where that is not wanted',
      pinning(another),
      given(held, [attested], never),
      'agent-name-held',
    ],
    ['without a certificate, where a pinned one has the name', pinning(legacy), given(held, [attested]), 'agent-name-held'],
    ['with a certificate, where a legacy one has the name', pinning(), given([pinned(agent1, legacy)]), ['agent.pinned']],
    ['that was revoked', pinning(), given([pinned(), revoked]), 'agent-revoked'],
    ['that was revoked, with another certificate', pinning(another), given([pinned(), revoked], [], never), ['agent.pinned']],
    ['with a certificate that it once had', pinning(), given([pinned(), rotated]), 'certificate-superseded'],
    [
      'with a certificate that was revoked under another',
      pinning(),
      given([pinned(), revoked, pinned(agent1, another)]),
      'certificate-superseded',
    ],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});

describe('rotating a certificate', () => {
  const rotate = { kind: 'rotateAgent', ...rotation } as const;
  for (const [name, command, state, says] of [
    ['that is pinned', rotate, given([pinned()]), ['agent.rotated']],
    ['twice', rotate, given([pinned(), rotated]), []],
    ['from one that is not pinned', { ...rotate, previous: fingerprintOf('x') }, given([pinned()]), 'certificate-superseded'],
    [
      'back to one that it once had',
      { ...rotate, previous: fingerprintOf('new'), fingerprint: fingerprintOf(agent1) },
      given([pinned(), rotated]),
      'certificate-superseded',
    ],
    ['of a revoked agent', rotate, given([pinned(), revoked]), 'unknown-agent'],
    ['of a stranger', rotate, given([]), 'unknown-agent'],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});

describe('revoking an agent', () => {
  const revoke = { kind: 'revokeAgent', agent: agent1, reason: 'stolen', force: false } as const;
  it('is a fact, once', () => {
    assert.deepEqual(ruled(revoke, given([pinned()])), ['agent.revoked']);
    assert.deepEqual(ruled(revoke, given([pinned(), revoked])), []);
    assert.equal(ruled(revoke, given([])), 'unknown-agent');
  });

  it('is refused where it leaves a name with no fit server, unless it is forced', () => {
    const only = given(joined(agent1, a), [], unchecked);
    assert.equal(ruled(revoke, only), 'would-empty-service');
    assert.deepEqual(ruled({ ...revoke, force: true }, only), ['agent.revoked']);
    assert.deepEqual(ruled(revoke, given([...joined(agent1, a), ...joined('web-2', b)], [], unchecked)), ['agent.revoked']);
    assert.deepEqual(ruled(revoke, given([...joined(agent1, a), checked(a, 'ok')])), ['agent.revoked'], 'the checks speak for it');
  });
});

describe('an agent that leaves', () => {
  const leave = { kind: 'agentLeft', agent: agent1, boot: 1, sequence: 5 } as const;
  it('leaves once, whoever says so again, and whatever that leaves', () => {
    assert.deepEqual(ruled(leave, given(joined(agent1, a), [], unchecked)), ['agent.left']);
    assert.deepEqual(ruled(leave, given([pinned(), received(beat(5))])), []);
    assert.equal(ruled(leave, given([])), 'unknown-agent');
  });
});

describe('forgetting a silent agent', () => {
  const forget = { kind: 'forgetAgent', agent: agent1 } as const;
  /** Silent since 1 000, for longer than five minutes; another agent is heard. */
  const silent = (facts: readonly Fact[], later: readonly Fact[], rest = {}) =>
    stateOf(at(1_000, ...inForce(oneDomain([], {}, rest)), ...facts), at(400_000, attested, ...later));
  const heard = (sequence: number) => received(beat(sequence, { agent: 'web-2' }));
  const both = [...joined(agent1, a), ...joined('web-2', b)];

  it('waits until it was silent for long enough', () => {
    assert.equal(ruled(forget, given(joined(agent1, a))), 'agent-not-silent');
    const until = (moment: number) => stateOf(at(1_000, ...inForce(oneDomain([], {}, unchecked)), ...both), at(moment, attested, heard(9)));
    assert.equal(ruled(forget, until(300_999)), 'agent-not-silent');
    assert.deepEqual(ruled(forget, until(301_000)), ['server.deregistered']);
    assert.equal(ruled(forget, given([])), 'unknown-agent');
  });

  for (const [name, state, facts] of [
    ['takes out what another can answer for', silent(both, [heard(9)], unchecked), [deregistered(a)]],
    ['takes out what the checks say is down', silent(both, [heard(9), checked(a, 'failed')]), [deregistered(a)]],
    ['leaves what the checks say is up since', silent(both, [heard(9), checked(a, 'ok')]), []],
    ['takes out what they said was up before', silent([...both, checked(a, 'ok')], [heard(9)]), [deregistered(a)]],
    ['leaves the last server of a name', silent(joined(agent1, a), [], unchecked), []],
    ['leaves one of two that are the last', silent(joined(agent1, a, b), [], unchecked), [deregistered(a)]],
    [
      'leaves a server of the configuration, which would be taken for up if nobody spoke for it',
      silent([pinned(), registered(a, { source: 'static', agent: agent1 }), received(beat(1, { claims: claims(a) }))], [], unchecked),
      [],
    ],
  ] as const) {
    it(name, () => {
      const ruling = decide(order(forget), state);
      assert.ok('facts' in ruling, JSON.stringify(ruling));
      assert.deepEqual(
        ruling.facts.map(({ type, data }) => ({ type, data })),
        facts,
      );
    });
  }

  it('never leaves a name without an answer, whatever it has', () => {
    for (const rest of [{}, unchecked]) {
      const state = silent([...joined(agent1, a, b), checked(a, 'ok')], [], rest);
      const ruling = decide(order(forget), state);
      assert.ok('facts' in ruling && ruling.facts.length > 0);
      for (const event of events(at(400_000, ...ruling.facts))) evolve(state, { ...event, position: state.position + 1 });
      const answer = answerOf(state, app);
      assert.ok(answer?.families.A?.tier !== undefined && answer.candidates.length === 1 && !hasFitServer(answer));
    }
  });
});
