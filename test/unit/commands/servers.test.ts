/** Servers by order: one row for each row of the table in `servers.ts`, and each refusal. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DeregisterServer,
  isRefusal,
  type RefusalReason,
  type RegisterServer,
  type UpdateServer,
} from '../../../src/commands/command.ts';
import { decide } from '../../../src/commands/decide.ts';
import { deregisterServer, registerServer, serversMax, updateServer } from '../../../src/commands/servers.ts';
import type { Fact } from '../../../src/events/event.ts';
import { type Server, serversOf } from '../../../src/projections/registry.ts';
import { initialState, type State } from '../../../src/projections/state.ts';
import {
  a,
  app,
  at,
  b,
  c,
  deregistered,
  inForce,
  oneDomain,
  order,
  overridden,
  registered,
  stateOf,
  unchecked,
  updated,
} from '../../given.ts';

const check = { type: 'tcp', interval: '5s', timeout: '1s' } as const;
/** `a` from the file, `b` by API with all that a server can have. */
const ofB = { host: 'b.example', health_check: check, weight: 7 };
const known = () => stateOf(at(1_000, ...inForce(oneDomain([a, { address: c, region: 'us' }], {}, unchecked)), registered(b, ofB)));

const registering = (address: string, words: Partial<RegisterServer> = {}): RegisterServer => {
  return { kind: 'registerServer', service: app, address, port: 80, region: 'eu', weight: 100, force: false, ...words };
};
const updating = (address: string, words: Partial<UpdateServer> = {}): UpdateServer => {
  return { kind: 'updateServer', service: app, address, port: 80, force: false, ...words };
};
const deregistering = (address: string, words: Partial<DeregisterServer> = {}): DeregisterServer => {
  return { kind: 'deregisterServer', service: app, address, port: 80, force: false, ...words };
};

type Expected = readonly Fact[] | RefusalReason;
const decisionOn = (command: RegisterServer | UpdateServer | DeregisterServer, state: State) => {
  if (command.kind === 'registerServer') return registerServer(command, state);
  return command.kind === 'updateServer' ? updateServer(command, state) : deregisterServer(command, state);
};

const slow = { interval: '1s', timeout: '2s' };
const other = 'other.example.com';
const rows: readonly (readonly [string, RegisterServer | UpdateServer | DeregisterServer, Expected])[] = [
  ['a new server', registering('192.0.2.9'), [registered('192.0.2.9')]],
  [
    'a new server with all that it can have',
    registering('192.0.2.9', { weight: 0, host: 'x', healthCheck: check, region: 'us' }),
    [registered('192.0.2.9', { weight: 0, host: 'x', health_check: check, region: 'us' })],
  ],
  ['another port of a server', registering(a, { port: 81 }), [registered(a, { port: 81 })]],
  ['a new server in one of several regions', registering('192.0.2.9', { region: null }), 'unknown-region'],
  ['a new server in a region of nobody', registering('192.0.2.9', { region: 'mars' }), 'unknown-region'],
  ['a server of the file once more', registering(a), 'server-exists'],
  ['a server of the API once more', registering(b), 'server-exists'],
  ['a new server of no service', registering('192.0.2.9', { service: other }), 'unknown-service'],
  ['a new server whose check outlasts its interval', registering('192.0.2.9', { healthCheck: slow }), 'check-inconsistent'],
  ['a change of nobody', updating('192.0.2.9', { weight: 1 }), 'unknown-server'],
  ['a change on another port', updating(a, { port: 81, weight: 1 }), 'unknown-server'],
  ['a change in no service', updating(a, { service: other }), 'unknown-service'],
  ['a move to a region of nobody', updating(b, { region: 'mars' }), 'unknown-region'],
  ['a move', updating(b, { region: 'us' }), [updated(b, { ...ofB, region: 'us' })]],
  ['another weight, and the rest stays', updating(b, { weight: 8 }), [updated(b, { ...ofB, weight: 8 })]],
  ['another host', updating(b, { host: 'x' }), [updated(b, { ...ofB, host: 'x' })]],
  ['no host', updating(b, { host: null }), [updated(b, { weight: 7, health_check: check })]],
  ['another check', updating(b, { healthCheck: { type: 'http' } }), [updated(b, { ...ofB, health_check: { type: 'http' } })]],
  ['no check of its own', updating(b, { healthCheck: null }), [updated(b, { weight: 7, host: 'b.example' })]],
  ['a check that outlasts its interval', updating(b, { healthCheck: slow }), 'check-inconsistent'],
  ['what is so already', updating(b, { weight: 7, region: 'eu', host: 'b.example', healthCheck: check }), []],
  ['a change of a server of the file', updating(a, { weight: 1 }), [updated(a, { weight: 1 })]],
  ['the end of nobody', deregistering('192.0.2.9'), 'unknown-server'],
  ['the end in no service', deregistering(b, { service: other }), 'unknown-service'],
  ['the end of a server of the file', deregistering(a), 'static-server'],
  ['the end of a server of the API', deregistering(b), [deregistered(b)]],
];

describe('an order about servers', () => {
  for (const [title, command, expected] of rows) {
    const outcome = typeof expected === 'string' ? expected : `${expected.map(({ type }) => type).join() || 'nothing'}`;
    it(`${command.kind}, ${title}: ${outcome}`, () => {
      const decision = decisionOn(command, known());
      assert.deepEqual(isRefusal(decision) ? decision.refused : decision, expected);
    });
  }

  it('needs no region where the service has one', () => {
    const state = stateOf(at(1_000, ...inForce(oneDomain([{ address: a, region: 'us' }], {}, unchecked))));
    assert.deepEqual(registerServer(registering(b, { region: null }), state), [registered(b, { region: 'us' })]);
  });

  it('is refused before there is a configuration', () => {
    const decision = registerServer(registering(a), initialState());
    assert.equal(isRefusal(decision) && decision.refused, 'unknown-service');
  });

  it('is refused where there are as many servers as may be', () => {
    const state = known();
    const [server] = [...serversOf(state.registry, app)];
    assert(server !== undefined);
    const many = new Map(Array.from({ length: serversMax - 1 }, (_, nth) => [`${nth}`, server as Server]));
    state.registry.set(app, many);
    assert.deepEqual(registerServer(registering('192.0.2.9'), state), [registered('192.0.2.9')]);
    many.set('one more', server as Server);
    const decision = registerServer(registering('192.0.2.9'), state);
    assert.equal(isRefusal(decision) && decision.refused, 'too-many-servers');
  });

  it('that would leave a name without a fit server is refused unless forced', () => {
    const state = stateOf(at(1_000, ...inForce(oneDomain([a], {}, unchecked)), registered(b), overridden(a, 'down')));
    for (const command of [deregistering(b), updating(b, { weight: 0 })]) {
      const ruling = decide(order(command), state);
      assert.equal(isRefusal(ruling) && ruling.refused, 'would-empty-service');
      assert('facts' in decide(order({ ...command, force: true }), state));
    }
  });

  it('names the regions that there are, and the server that it is about', () => {
    const region = registerServer(registering('192.0.2.9', { region: 'mars' }), known());
    assert(isRefusal(region));
    assert.deepEqual([region.error.includes('mars'), region.remedy], [true, 'use one of eu, us']);
    const unknown = deregisterServer(deregistering('2001:db8::9'), known());
    assert(isRefusal(unknown) && unknown.error === `${app} has no server [2001:db8::9]:80`);
  });
});
