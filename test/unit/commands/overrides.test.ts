/** Setting and clearing overrides: one row for each row of the table in `overrides.ts`, and each refusal. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Decision, isRefusal } from '../../../src/commands/command.ts';
import { clearOverride, setOverride } from '../../../src/commands/overrides.ts';
import type { Fact } from '../../../src/events/event.ts';
import {
  a,
  a6,
  app,
  applied,
  at,
  b,
  cleared,
  clearingOverride,
  inForce,
  oneDomain,
  overridden,
  registered,
  settingOverride,
  stateOf,
} from '../../given.ts';

const human = overridden(a, 'down');
const tool = overridden(a, 'drain', { authority: 'tool' });
const onPort = overridden(a, 'drain', { authority: 'tool', port: 81 });

function given(...facts: readonly Fact[]) {
  return stateOf(at(1_000, ...inForce(oneDomain([a, { address: a, port: 81 }]))), at(2_000, ...facts));
}

function refusal(decision: Decision) {
  assert.ok(isRefusal(decision), JSON.stringify(decision));
  return decision;
}

describe('setting an override', () => {
  it('is a fact with all that was said', () => {
    const command = settingOverride(a, 'drain', { port: 81, reason: 'upgrade', authority: 'tool' });
    assert.deepEqual(setOverride(command, given()), [overridden(a, 'drain', { port: 81, reason: 'upgrade', authority: 'tool' })]);
  });

  it('ends as long after now as was asked for', () => {
    assert.deepEqual(setOverride(settingOverride(a, 'down', { expiresInMs: 500 }), given(tool)), [overridden(a, 'down', { until: 2_500 })]);
  });

  it('on an address is for any of its ports', () => {
    assert.equal(isRefusal(setOverride(settingOverride(a6, 'down'), given(registered(a6, { port: 81 })))), false);
  });

  it('is refused on a server that the service does not have', () => {
    const other = refusal(setOverride(settingOverride(b, 'down'), given()));
    assert.deepEqual([other.refused, other.error], ['unknown-server', `${app} has no server ${b}`]);
    assert.equal(refusal(setOverride(settingOverride(a, 'down', { port: 82 }), given())).error, `${app} has no server ${a}:82`);
    assert.match(other.remedy, new RegExp(app));
  });

  it('is refused in a service that there is not', () => {
    assert.equal(refusal(setOverride(settingOverride(a, 'down', { service: 'other.example.com' }), given())).refused, 'unknown-service');
  });

  it('is possible in a service that has servers and is not steered, and tells when a steered one has none', () => {
    assert.equal(isRefusal(setOverride(settingOverride(a, 'down'), stateOf(at(0, registered(a))))), false);
    const empty = stateOf(at(0, applied(oneDomain([]))));
    assert.equal(refusal(setOverride(settingOverride(a, 'down'), empty)).refused, 'unknown-server');
  });
});

describe('clearing an override', () => {
  const rows: readonly {
    readonly by: 'human' | 'tool';
    readonly there: readonly Fact[];
    readonly ends: readonly ('human' | 'tool')[] | 'outranked' | 'unknown-override';
  }[] = [
    { by: 'human', there: [human, tool], ends: ['human', 'tool'] },
    { by: 'human', there: [human], ends: ['human'] },
    { by: 'human', there: [tool], ends: ['tool'] },
    { by: 'tool', there: [human, tool], ends: ['tool'] },
    { by: 'tool', there: [tool], ends: ['tool'] },
    { by: 'tool', there: [human], ends: 'outranked' },
    { by: 'tool', there: [], ends: 'unknown-override' },
    { by: 'human', there: [], ends: 'unknown-override' },
  ];
  for (const { by, there, ends } of rows) {
    const authorities = there.map(({ data }) => (data as { authority: string }).authority).join(' and ') || 'nobody';
    it(`by a ${by} where there is one of ${authorities}: ${typeof ends === 'string' ? ends : `ends ${ends.join(' and ')}`}`, () => {
      const decision = clearOverride(clearingOverride(a, { authority: by, reason: 'done' }), given(...there));
      if (typeof ends === 'string') assert.equal(refusal(decision).refused, ends);
      else
        assert.deepEqual(
          decision,
          ends.map((authority) => expected(authority, there)),
        );
    });
  }

  function expected(authority: 'human' | 'tool', there: readonly Fact[]): Fact {
    const cause = 4 + there.indexOf(authority === 'human' ? human : tool);
    return { ...cleared(a, { authority, reason: 'done' }), cause };
  }

  const portsOf = (decision: Decision) =>
    isRefusal(decision) ? decision.refused : decision.map(({ data }) => (data as { port: number | null }).port);

  it('on an address ends those on each of its ports too', () => {
    assert.deepEqual(portsOf(clearOverride(clearingOverride(a), given(tool, onPort))), [null, 81]);
  });

  it('on a port ends the one on that port alone', () => {
    assert.deepEqual(portsOf(clearOverride(clearingOverride(a, { port: 81 }), given(tool, onPort))), [81]);
    assert.equal(portsOf(clearOverride(clearingOverride(a, { port: 80 }), given(tool, onPort))), 'unknown-override');
  });

  it('ends none on another address', () => {
    assert.equal(portsOf(clearOverride(clearingOverride(b), given(tool, onPort))), 'unknown-override');
    assert.deepEqual(portsOf(clearOverride(clearingOverride(a), given(tool, overridden(b, 'down', { port: 82 })))), [null]);
  });

  it('says on what there is none, or whose it is', () => {
    assert.match(refusal(clearOverride(clearingOverride(b, { port: 80 }), given(tool))).error, new RegExp(`${b}:80 of ${app}`));
    assert.match(refusal(clearOverride(clearingOverride(a, { service: 'other.example.com' }), given(tool))).error, /other\.example\.com/);
    assert.match(refusal(clearOverride(clearingOverride(a, { authority: 'tool' }), given(human))).error, /by a person/);
  });
});
