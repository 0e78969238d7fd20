/** Who decides about a server: one row for each row of the truth table of `verdict.ts`, and every authority over all below it (I4). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { type Server, serverOf } from '../../../src/projections/registry.ts';
import type { State } from '../../../src/projections/state.ts';
import { type Verdict, verdictOn } from '../../../src/projections/verdict.ts';
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
  cleared,
  draining,
  inForce,
  joined,
  oneDomain,
  overridden,
  received,
  stateOf,
  times,
  unchecked,
} from '../../given.ts';

/** The configuration is at position 1, the server at 2, and these facts from 3 on. */
function given(configuration: 'checked' | 'unchecked', ...facts: readonly Fact[]): State {
  return stateOf(at(1_000, ...inForce(oneDomain([a], {}, configuration === 'unchecked' ? unchecked : {}))), at(2_000, ...facts));
}

function verdict(state: State): Verdict {
  return verdictOn(state, serverOf(state.registry, app, a, 80) as Server);
}

const tool = { authority: 'tool' } as const;
const noMatter = times(3, checked(a, 'ok'));

interface Row {
  readonly name: string;
  readonly given: State;
  readonly says: Pick<Verdict, 'status' | 'authority'>;
}

const table: readonly Row[] = [
  {
    name: 'human up',
    given: given('checked', checked(a, 'failed'), overridden(a, 'up')),
    says: { status: 'up', authority: 'human-override' },
  },
  {
    name: 'human down',
    given: given('checked', ...noMatter, overridden(a, 'down')),
    says: { status: 'down', authority: 'human-override' },
  },
  {
    name: 'human drain',
    given: given('checked', ...noMatter, overridden(a, 'drain')),
    says: { status: 'draining', authority: 'human-override' },
  },
  {
    name: 'tool up',
    given: given('checked', checked(a, 'failed'), overridden(a, 'up', tool)),
    says: { status: 'up', authority: 'tool-override' },
  },
  {
    name: 'tool down',
    given: given('checked', ...noMatter, overridden(a, 'down', tool)),
    says: { status: 'down', authority: 'tool-override' },
  },
  {
    name: 'tool drain',
    given: given('checked', ...noMatter, overridden(a, 'drain', tool)),
    says: { status: 'draining', authority: 'tool-override' },
  },
  { name: 'validation up', given: given('checked', checked(a, 'ok')), says: { status: 'up', authority: 'validation' } },
  { name: 'validation down', given: given('checked', checked(a, 'failed')), says: { status: 'down', authority: 'validation' } },
  { name: 'nothing checks', given: given('unchecked'), says: { status: 'up', authority: 'registration' } },
  { name: 'not checked yet', given: given('checked'), says: { status: 'unproven', authority: 'nothing' } },
];

/** An agent claims the second server at 2 000, and is stale from 32 000 on; the facts come at 3 000, and those of `later` at 40 000. */
function withAgent(configuration: 'checked' | 'unchecked', facts: readonly Fact[], later: readonly Fact[] = []): State {
  const of = oneDomain([], {}, configuration === 'unchecked' ? unchecked : {});
  return stateOf(at(1_000, ...inForce(of)), at(2_000, ...joined(agent1, a)), at(3_000, ...facts), at(40_000, ...later));
}
const heard = received(beat(9));
const attested: Fact = { type: 'node.attested', data: { answers: '0'.repeat(64) } };
const left: Fact = { type: 'agent.left', data: { agent: agent1, boot: 1, sequence: 8 } };
const revoked: Fact = { type: 'agent.revoked', data: { agent: agent1, fingerprint: null, reason: 'stolen' } };
const unwell = received(beat(3, { claims: claims(claimed(a, { healthy: false })) }));

const agentTable: readonly Row[] = [
  {
    name: 'human up over the drain of its agent',
    given: withAgent('checked', [draining(a), overridden(a, 'up')]),
    says: { status: 'up', authority: 'human-override' },
  },
  {
    name: 'tool up over the drain of its agent',
    given: withAgent('checked', [draining(a), overridden(a, 'up', tool)]),
    says: { status: 'up', authority: 'tool-override' },
  },
  {
    name: 'drain of its agent over checks that succeed',
    given: withAgent('checked', [checked(a, 'ok'), draining(a)]),
    says: { status: 'draining', authority: 'agent-drain' },
  },
  {
    name: 'drain of its agent over checks that fail, through silence',
    given: withAgent('checked', [draining(a), checked(a, 'failed')], [attested]),
    says: { status: 'draining', authority: 'agent-drain' },
  },
  {
    name: 'drain of its agent, and the agent left',
    given: withAgent('checked', [draining(a), left]),
    says: { status: 'draining', authority: 'agent-drain' },
  },
  {
    name: 'checks up over a claim that it is not healthy',
    given: withAgent('checked', [unwell, checked(a, 'ok')]),
    says: { status: 'up', authority: 'validation' },
  },
  {
    name: 'checks down over a claim that it is healthy',
    given: withAgent('checked', [checked(a, 'failed')]),
    says: { status: 'down', authority: 'validation' },
  },
  {
    name: 'checks down over silence',
    given: withAgent('checked', [checked(a, 'failed')], [attested]),
    says: { status: 'down', authority: 'validation' },
  },
  {
    name: 'silence over checks that succeeded before it',
    given: withAgent('checked', [checked(a, 'ok')], [attested]),
    says: { status: 'stale', authority: 'liveness' },
  },
  {
    name: 'a check that succeeds in the silence over it',
    given: withAgent('checked', [checked(a, 'ok')], [checked(a, 'ok')]),
    says: { status: 'up', authority: 'validation' },
  },
  {
    name: 'silence, and no check yet',
    given: withAgent('checked', [], [attested]),
    says: { status: 'stale', authority: 'liveness' },
  },
  { name: 'silence over a claim', given: withAgent('unchecked', [], [attested]), says: { status: 'stale', authority: 'liveness' } },
  { name: 'leaving is silence at once', given: withAgent('unchecked', [left]), says: { status: 'stale', authority: 'liveness' } },
  {
    name: 'heard again: the claim counts',
    given: withAgent('unchecked', [], [heard]),
    says: { status: 'up', authority: 'agent-claim' },
  },
  { name: 'claim up, nothing checks', given: withAgent('unchecked', []), says: { status: 'up', authority: 'agent-claim' } },
  { name: 'claim down, nothing checks', given: withAgent('unchecked', [unwell]), says: { status: 'down', authority: 'agent-claim' } },
  { name: 'claim up, no check yet', given: withAgent('checked', []), says: { status: 'up', authority: 'agent-claim' } },
  { name: 'claim down, no check yet', given: withAgent('checked', [unwell]), says: { status: 'down', authority: 'agent-claim' } },
  { name: 'the claim of a revoked agent', given: withAgent('unchecked', [revoked]), says: { status: 'unproven', authority: 'nothing' } },
  {
    name: 'the drain of a revoked agent',
    given: withAgent('checked', [draining(a), checked(a, 'ok'), revoked]),
    says: { status: 'up', authority: 'validation' },
  },
];

describe('the verdict on a server that has an agent', () => {
  for (const row of agentTable) {
    it(`${row.name}: ${row.says.status} by ${row.says.authority}`, () => {
      const { status, authority } = verdict(row.given);
      assert.deepEqual({ status, authority }, row.says);
    });
  }

  it('names the beat, the drain or the silence that decided', () => {
    const said = (state: State) => {
      const { since, because, reason } = verdict(state);
      return { since, because, reason };
    };
    // The configuration is at position 1, the pin at 2, the beat at 3, the server at 4, and the facts from 5 on.
    assert.deepEqual(said(withAgent('unchecked', [heard])), {
      since: 2_000,
      because: [3],
      reason: 'its agent web-1 says that it is healthy',
    });
    assert.deepEqual(said(withAgent('unchecked', [unwell])).because, [5]);
    assert.deepEqual(said(withAgent('unchecked', [draining(a)])), { since: 3_000, because: [5], reason: 'deploy' });
    assert.deepEqual(said(withAgent('unchecked', [], [attested])), {
      since: 32_000,
      because: [3],
      reason: 'nothing was heard of its agent web-1 for 30s, since 1970-01-01T00:00:02.000Z',
    });
    assert.deepEqual(said(withAgent('unchecked', [left])), { since: 3_000, because: [5], reason: 'its agent web-1 left' });
    assert.deepEqual(said(withAgent('checked', [checked(a, 'ok')], [checked(a, 'ok')])), {
      since: 32_000,
      because: [5, 6],
      reason: 'the checks succeed, though its agent web-1 is silent',
    });
  });
});

describe('the verdict on a server', () => {
  for (const row of table) {
    it(`${row.name}: ${row.says.status} by ${row.says.authority}`, () => {
      const { status, authority } = verdict(row.given);
      assert.deepEqual({ status, authority }, row.says);
    });
  }

  it('is the human override before the tool override, whichever came last (I4)', () => {
    assert.equal(verdict(given('checked', overridden(a, 'down'), overridden(a, 'up', tool))).status, 'down');
    assert.equal(verdict(given('checked', overridden(a, 'up', tool), overridden(a, 'down'))).status, 'down');
  });

  it('is a human override on the address before a tool override on the port (I4)', () => {
    const state = given('checked', overridden(a, 'drain', { ...tool, port: 80 }), overridden(a, 'down', { port: null }));
    assert.equal(verdict(state).authority, 'human-override');
  });

  it('shows what an override hid, once it is cleared', () => {
    const state = given('checked', checked(a, 'failed'), overridden(a, 'drain', tool), overridden(a, 'up'));
    const hidden = stateOf(
      at(1_000, ...inForce(oneDomain([a]))),
      at(2_000, checked(a, 'failed'), overridden(a, 'drain', tool), overridden(a, 'up'), cleared(a)),
    );
    assert.equal(verdict(state).status, 'up');
    assert.equal(verdict(hidden).status, 'draining');
  });

  it('does not heed checks that were recorded before checking was switched off', () => {
    assert.equal(verdict(given('unchecked', checked(a, 'failed'))).authority, 'registration');
  });

  it('does not heed an override on another server', () => {
    assert.equal(verdict(given('checked', overridden(b, 'down'), overridden(a, 'down', { port: 81 }))).authority, 'nothing');
  });

  it('names since when, why, and the events that made it so', () => {
    const registered = { since: 1_000, because: [2] };
    const reasonOf = ({ since, because, reason }: Verdict) => ({ since, because, reason });
    const failed = times(3, checked(a, 'failed', { error: 'refused' }));
    const overriddenState = given('checked', checked(a, 'ok'), overridden(a, 'down', { reason: 'kernel upgrade' }));
    assert.deepEqual(reasonOf(verdict(overriddenState)), { since: 2_000, because: [4], reason: 'kernel upgrade' });
    assert.deepEqual(reasonOf(verdict(given('checked', checked(a, 'ok')))), { since: 2_000, because: [3], reason: 'the checks succeed' });
    assert.deepEqual(reasonOf(verdict(given('checked', checked(a, 'ok'), ...failed))), {
      since: 2_000,
      because: [4, 5, 6],
      reason: 'refused',
    });
    assert.deepEqual(reasonOf(verdict(given('unchecked'))), { ...registered, reason: 'registered, and nothing checks it' });
    assert.deepEqual(reasonOf(verdict(given('checked'))), { ...registered, reason: 'not checked yet' });
  });
});
