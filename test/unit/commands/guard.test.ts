/** What a command may not do unless it is forced: leave a name with too few fit servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guard } from '../../../src/commands/guard.ts';
import type { Fact } from '../../../src/events/event.ts';
import {
  a,
  app,
  applied,
  at,
  b,
  c,
  configurationOf,
  deregistered,
  inForce,
  oneDomain,
  overridden,
  registered,
  stateOf,
  unchecked,
} from '../../given.ts';

const guards = (least: number) => ({ ...unchecked, guards: { min_fit_servers: least } });

/** Three fit servers, then `before`; whether `facts` would be refused. */
function refused(least: number, before: readonly Fact[], facts: readonly Fact[]): string | undefined {
  return guard(facts, stateOf(at(0, ...inForce(oneDomain([a, b, c], {}, guards(least))), ...before)))?.error;
}

const [downA, downB, downC] = [a, b, c].map((address) => overridden(address, 'down')) as [Fact, Fact, Fact];

interface Row {
  readonly name: string;
  readonly least: number;
  readonly before: readonly Fact[];
  readonly facts: readonly Fact[];
  readonly says: RegExp | undefined;
}

const table: readonly Row[] = [
  { name: 'more than enough are left', least: 1, before: [], facts: [downA], says: undefined },
  { name: 'just enough are left', least: 1, before: [downA], facts: [downB], says: undefined },
  { name: 'none is left', least: 1, before: [downA, downB], facts: [downC], says: /no fit server/ },
  { name: 'none is left, by several facts', least: 1, before: [downA], facts: [downB, downC], says: /no fit server/ },
  { name: 'none was there, and none is taken', least: 1, before: [downA, downB, downC], facts: [overridden(a, 'drain')], says: undefined },
  { name: 'fewer than wanted are left', least: 2, before: [downA], facts: [downB], says: /1 of at least 2 fit servers/ },
  { name: 'fewer than wanted were there, and as many stay', least: 3, before: [downA], facts: [overridden(a, 'drain')], says: undefined },
  { name: 'fewer than wanted were there, and one comes', least: 9, before: [downA], facts: [overridden(a, 'up')], says: undefined },
  { name: 'the last is drained', least: 1, before: [downA, downB], facts: [overridden(c, 'drain')], says: /no fit server/ },
  { name: 'the last is deregistered', least: 1, before: [downA, downB], facts: [deregistered(c)], says: /no fit server/ },
  { name: 'one goes and another comes', least: 1, before: [downA, downB], facts: [downC, overridden(a, 'up')], says: undefined },
  { name: 'the guard is off', least: 0, before: [downA, downB], facts: [downC], says: undefined },
  { name: 'the domain is dropped', least: 1, before: [], facts: [applied(configurationOf(guards(1)))], says: undefined },
  {
    name: 'another configuration leaves none',
    least: 1,
    before: [],
    facts: [applied(oneDomain([{ address: a, region: 'us' }], {}, guards(0)))],
    says: /no fit server/,
  },
];

describe('the guard', () => {
  for (const { name, least, before, facts, says } of table) {
    it(`${says === undefined ? 'lets pass' : 'refuses'} where ${name} (at least ${least})`, () => {
      const error = refused(least, before, facts);
      if (says === undefined) assert.equal(error, undefined);
      else assert.match(error ?? '', says);
    });
  }

  it('counts addresses, of both families together', () => {
    const state = stateOf(at(0, ...inForce(oneDomain([a, '2001:db8::1'], {}, guards(1)))));
    assert.equal(guard([downA], state), undefined);
    const ports = stateOf(at(0, ...inForce(oneDomain([a, { address: a, port: 81 }, b], {}, guards(2)))));
    assert.match(guard([overridden(a, 'down', { port: 81 })], ports)?.error ?? '', /1 of at least 2/);
  });

  it('looks at every service concerned, and names the one', () => {
    const other = 'other.example.com';
    const servers = [{ address: a }, { address: a, service: other }];
    const configuration = configurationOf({
      ...unchecked,
      regions: [{ name: 'eu', servers: servers.map((server) => ({ service: app, ...server })) }],
      domains: [app, other].map((name) => ({ name, regions: ['eu'] })),
    });
    const state = stateOf(at(0, ...inForce(configuration), registered(b)));
    const refusal = guard([downA, overridden(a, 'down', { service: other })], state);
    assert.equal(refusal?.refused, 'would-empty-service');
    assert.match(refusal?.error ?? '', /^other\.example\.com /);
  });

  it('lets everything pass before there is a configuration', () => {
    assert.equal(guard(inForce(oneDomain([])), stateOf()), undefined);
  });
});
