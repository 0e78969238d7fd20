/** Applying a configuration: one row for each row of the table of differences, and that the rest stays as it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyConfiguration } from '../../../src/commands/apply-configuration.ts';
import { isRefusal } from '../../../src/commands/command.ts';
import type { Configuration } from '../../../src/events/catalogue/configuration.ts';
import type { Fact } from '../../../src/events/event.ts';
import { configurationDigest } from '../../../src/projections/configuration.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import { serverOf, serversOf } from '../../../src/projections/registry.ts';
import { initialState, type State } from '../../../src/projections/state.ts';
import {
  a,
  a6,
  app,
  applied,
  applying,
  at,
  b,
  configurationOf,
  deregistered,
  events,
  oneDomain,
  registered,
  stateOf,
  updated,
} from '../../given.ts';

function factsOf(configuration: Configuration, state: State = initialState()): readonly Fact[] {
  const decision = applyConfiguration(applying(configuration), state);
  assert.ok(!isRefusal(decision), JSON.stringify(decision));
  return decision;
}

/** The state after these configurations were applied one after another. */
function after(...configurations: readonly Configuration[]): State {
  const state = initialState();
  for (const configuration of configurations) take(state, factsOf(configuration, state));
  return state;
}

function take(state: State, facts: readonly Fact[]): void {
  for (const event of events(at(state.at, ...facts))) evolve(state, { ...event, position: state.position + 1 });
}

const fromFile = { source: 'static' } as const;

interface Row {
  readonly name: string;
  readonly old: Configuration | undefined;
  readonly next: Configuration;
  /** Beside `configuration.applied`. */
  readonly facts: readonly Fact[];
}

const table: readonly Row[] = [
  { name: 'no, yes', old: undefined, next: oneDomain([a]), facts: [registered(a, fromFile)] },
  { name: 'no, yes', old: oneDomain([a]), next: oneDomain([a, b]), facts: [registered(b, fromFile)] },
  { name: 'yes, other weight', old: oneDomain([a]), next: oneDomain([{ address: a, weight: 7 }]), facts: [updated(a, { weight: 7 })] },
  {
    name: 'yes, other region',
    old: oneDomain([a]),
    next: oneDomain([{ address: a, region: 'us' }]),
    facts: [updated(a, { region: 'us' })],
  },
  { name: 'yes, other host', old: oneDomain([a]), next: oneDomain([{ address: a, host: 'web' }]), facts: [updated(a, { host: 'web' })] },
  {
    name: 'yes, other check',
    old: oneDomain([{ address: a, health_check: { path: '/a' } }]),
    next: oneDomain([{ address: a, health_check: { path: '/b' } }]),
    facts: [updated(a, { health_check: { path: '/b' } })],
  },
  { name: 'yes, same', old: oneDomain([a, b]), next: oneDomain([b, a]), facts: [] },
  { name: 'yes, no', old: oneDomain([a, b]), next: oneDomain([b]), facts: [deregistered(a)] },
  {
    name: 'another port is another server',
    old: oneDomain([a6]),
    next: oneDomain([{ address: a6, port: 81 }]),
    facts: [deregistered(a6), registered(a6, { port: 81, ...fromFile })],
  },
];

describe('applying a configuration', () => {
  for (const { name, old, next, facts } of table) {
    it(`server in the old, in the new (${name}): ${facts.map(({ type }) => type).join(', ') || 'nothing'}`, () => {
      const state = old === undefined ? initialState() : after(old);
      assert.deepEqual(factsOf(next, state), [applied(next), ...facts]);
    });
  }

  it('that is in force already makes nothing true', () => {
    assert.deepEqual(factsOf(oneDomain([a]), after(oneDomain([a]))), []);
  });

  it('that changes no server is one fact, with its digest', () => {
    const next = oneDomain([a], { ttl: 5 });
    assert.deepEqual(factsOf(next, after(oneDomain([a]))), [
      { type: 'configuration.applied', data: { digest: configurationDigest(next), configuration: next } },
    ]);
  });

  it('leads from any configuration to any other to the servers of the last', () => {
    const last = oneDomain([b, { address: a6, weight: 3, region: 'us' }]);
    const addresses = (state: State) => [...serversOf(state.registry, app)].map(({ address, weight }) => `${address} ${weight}`).sort();
    assert.deepEqual(addresses(after(oneDomain([a, b]), oneDomain([a6]), last)), addresses(after(last)));
  });

  it('leaves alone what came by API, and what the API changed while the file did not', () => {
    const state = after(oneDomain([a]));
    take(state, [registered(b), updated(a, { weight: 1 })]);
    take(state, factsOf(oneDomain([a], { ttl: 5 }), state));
    assert.equal(serverOf(state.registry, app, b, 80)?.source, 'api');
    assert.equal(serverOf(state.registry, app, a, 80)?.weight, 1);
  });

  it('is refused where it does not fit together, by the first error and its place', () => {
    const inconsistent = configurationOf({ domains: [{ name: app, regions: ['nowhere'] }] });
    const decision = applyConfiguration(applying(inconsistent), stateOf());
    assert.ok(isRefusal(decision));
    assert.equal(decision.refused, 'configuration-inconsistent');
    assert.match(decision.error, /^domains\.0\.regions/);
    assert.match(decision.error, /nowhere/);
    assert.ok(decision.remedy.length > 0);
  });

  it('is not refused for a mere warning', () => {
    assert.equal(factsOf(oneDomain([])).length, 1);
  });
});
