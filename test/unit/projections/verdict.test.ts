/** Who decides about a server: one row for each row of the truth table of `verdict.ts`, and every authority over all below it (I4). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { type Server, serverOf } from '../../../src/projections/registry.ts';
import type { State } from '../../../src/projections/state.ts';
import { type Verdict, verdictOn } from '../../../src/projections/verdict.ts';
import { a, app, at, b, checked, cleared, inForce, oneDomain, overridden, stateOf, times, unchecked } from '../../given.ts';

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
