/** Whom the validator checks, and how: what is as it was stays the very same, and whatever it was made from makes it anew. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../../src/events/event.ts';
import { validationTargets } from '../../../../src/nodes/overwatch/targets.ts';
import { evolve } from '../../../../src/projections/evolve.ts';
import type { State } from '../../../../src/projections/state.ts';
import {
  a,
  applied,
  at,
  b,
  c,
  configurationOf,
  deregistered,
  events,
  inForce,
  oneDomain,
  registered,
  stateOf,
  unchecked,
  updated,
} from '../../../given.ts';

const none: ReadonlyMap<string, string> = new Map();
const known = (of = oneDomain([a, b])) => stateOf(at(0, ...inForce(of)));

function fold(state: State, ...facts: readonly Fact[]): void {
  for (const event of events(at(state.at, ...facts))) evolve(state, { ...event, position: state.position + 1 });
}

function withHeader(value: string) {
  const servers = [{ service: 'app.example.com', address: a, port: 80 }];
  const region = { name: 'eu', servers, health_check: { headers: { 'X-Key': value } } };
  return configurationOf({ regions: [region], domains: [{ name: 'app.example.com', regions: ['eu'] }] });
}

describe('the targets of the validator', () => {
  it('are every server that is there, and the very same while it is as it was', () => {
    const state = known();
    const targets = validationTargets(state, () => none);
    const [first, second] = targets();
    fold(state, updated(b, { host: 'other.example.com' }), registered(c));
    const after = targets();
    assert.deepEqual(
      after.map(({ address, target }) => [address, target.host]),
      [
        [a, undefined],
        [b, 'other.example.com'],
        [c, undefined],
      ],
    );
    assert.equal(after[0], first);
    assert.notEqual(after[1], second);
    fold(state, deregistered(a));
    assert.deepEqual(targets(), after.slice(1));
  });

  it('are made anew by another configuration', () => {
    const state = known();
    const targets = validationTargets(state, () => none);
    assert.equal(targets()[0]?.intervalMs, 30_000);
    fold(state, applied(oneDomain([a, b], {}, { overwatch: { validation: { check_interval: '7s' } } })));
    assert.equal(targets()[0]?.intervalMs, 7_000);
    fold(state, applied(oneDomain([a, b], {}, unchecked)));
    assert.deepEqual(targets(), []);
  });

  it('hold what stands behind the digests, as it is now', () => {
    let secrets: ReadonlyMap<string, string> = new Map([['digest', 'first']]);
    const targets = validationTargets(known(withHeader('digest')), () => secrets);
    assert.deepEqual(targets()[0]?.target.headers, { 'X-Key': 'first' });
    secrets = new Map([['digest', 'second']]);
    assert.deepEqual(targets()[0]?.target.headers, { 'X-Key': 'second' });
  });
});
