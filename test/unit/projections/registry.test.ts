/** Which servers a service has: registered, updated, deregistered, and facts about servers that are not there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serverOf, serversIn, serversOf } from '../../../src/projections/registry.ts';
import { a, a6, app, at, b, c, deregistered, registered, stateOf, updated } from '../../given.ts';

describe('the registry', () => {
  it('holds what was registered, with its event and its moment', () => {
    const check = { path: '/up' };
    const { registry } = stateOf(at(5, registered(a, { weight: 7, region: 'us', host: 'web', health_check: check })));
    assert.deepEqual(serverOf(registry, app, a, 80), {
      service: app,
      address: a,
      port: 80,
      source: 'api',
      region: 'us',
      weight: 7,
      host: 'web',
      healthCheck: check,
      agent: undefined,
      position: 1,
      registeredAt: 5,
      updatedAt: 5,
    });
  });

  it('restates all attributes on an update, and keeps source and origin', () => {
    const { registry } = stateOf(at(5, registered(a, { host: 'web', source: 'agent' })), at(9, updated(a, { weight: 1 })));
    const server = serverOf(registry, app, a, 80);
    assert.deepEqual([server?.weight, server?.host, server?.source], [1, undefined, 'agent']);
    assert.deepEqual([server?.position, server?.registeredAt, server?.updatedAt], [1, 5, 9]);
  });

  it('takes a second registration as an update that may change the source', () => {
    const { registry } = stateOf(at(5, registered(a)), at(9, registered(a, { source: 'static', weight: 3 })));
    const server = serverOf(registry, app, a, 80);
    assert.deepEqual([server?.weight, server?.source, server?.position, server?.registeredAt], [3, 'static', 1, 5]);
  });

  it('ignores an update and a deregistration of what is not there', () => {
    const state = stateOf(at(5, updated(a), deregistered(a)));
    assert.equal(state.registry.size, 0);
    const other = stateOf(at(5, registered(b), updated(a), deregistered(a)));
    assert.deepEqual(
      [...serversOf(other.registry, app)].map(({ address }) => address),
      [b],
    );
  });

  it('tells ports of one address apart', () => {
    const { registry } = stateOf(at(5, registered(a6), registered(a6, { port: 81 }), deregistered(a6)));
    assert.deepEqual(
      [...serversOf(registry, app)].map(({ port }) => port),
      [81],
    );
  });

  it('keeps services apart, and nothing of one that has no servers', () => {
    const { registry } = stateOf(at(5, registered(a), registered(a, { service: 'other.example.com' }), deregistered(a)));
    assert.deepEqual([...registry.keys()], ['other.example.com']);
  });

  it('keeps many as it keeps few: in order, replaced in place, each on its own', () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `192.0.2.${index}`);
    const facts = addresses.map((address) => registered(address));
    const { registry } = stateOf(
      at(5, ...facts, updated('192.0.2.3', { weight: 7 }), updated('192.0.2.30', { weight: 8 }), deregistered('192.0.2.5')),
    );
    const expected = addresses.filter((address) => address !== '192.0.2.5');
    assert.deepEqual(
      [...serversOf(registry, app)].map(({ address }) => address),
      expected,
    );
    assert.deepEqual([serverOf(registry, app, '192.0.2.3', 80)?.weight, serverOf(registry, app, '192.0.2.30', 80)?.weight], [7, 8]);
    assert.equal(serversIn(registry), expected.length);
  });

  it('gives servers that differ in one thing each its own', () => {
    const { registry } = stateOf(
      at(
        5,
        registered(a, { health_check: { path: '/a' } }),
        registered(b, { health_check: { path: '/b' } }),
        registered(c, { health_check: { path: '/b' } }),
      ),
      at(6, registered('192.0.2.77', { health_check: { path: '/b' } })),
    );
    assert.deepEqual(
      [...serversOf(registry, app)].map(({ healthCheck, registeredAt }) => [healthCheck?.path, registeredAt]),
      [
        ['/a', 5],
        ['/b', 5],
        ['/b', 5],
        ['/b', 6],
      ],
    );
  });
});
