/** Which servers a service has: registered, updated, deregistered, and facts about servers that are not there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serverOf, serversOf } from '../../../src/projections/registry.ts';
import { a, a6, app, at, b, deregistered, registered, stateOf, updated } from '../../given.ts';

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
});
