/** The name of a state: it changes whenever anything changes, and does not depend on how the state came about (I3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { earliestDeadline } from '../../../src/projections/deadlines.ts';
import { digest } from '../../../src/projections/digest.ts';
import { advance } from '../../../src/projections/evolve.ts';
import { putServer, type Server, serverOf } from '../../../src/projections/registry.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  a6,
  app,
  applied,
  at,
  b,
  c,
  checked,
  inForce,
  oneDomain,
  overridden,
  registered,
  requested,
  started,
  stateOf,
  turnedRound,
} from '../../given.ts';

const other = 'other.example.com';

function rich(): State {
  return stateOf(
    at(0, ...inForce(oneDomain([a, { address: b, host: 'web', health_check: { path: '/up' } }]))),
    at(10, checked(a, 'ok'), checked(b, 'failed'), overridden(b, 'drain', { until: 500 }), registered(a6, { service: other })),
    at(20, requested(overridden(a, 'down', { authority: 'tool', service: other }), 'key')),
  );
}

function changeServer({ registry }: State, address: string, change: (server: Server) => Partial<Server>): void {
  const server = serverOf(registry, app, address, 80) as Server;
  putServer(registry, { ...server, ...change(server) });
}

function renameKey<V>(map: Map<string, V>, from: string, to: string): void {
  map.set(to, map.get(from) as V);
  map.delete(from);
}

describe('the digest of a state', () => {
  it('is the same for the same facts, and a SHA-256', () => {
    assert.equal(digest(rich()), digest(rich()));
    assert.match(digest(rich()), /^[0-9a-f]{64}$/);
  });

  it('does not depend on the order in which maps and objects were filled', () => {
    assert.equal(digest(turnedRound(rich())), digest(rich()));
  });

  it('changes when anything changes', () => {
    const changes: readonly ((state: State) => void)[] = [
      () => {},
      (state) => void (state.position += 1),
      (state) => void (state.at += 1),
      (state) => void (state.configuration = undefined),
      (state) => void (state.configuration = { ...(state.configuration as NonNullable<State['configuration']>), digest: 'x' }),
      (state) => void (state.configuration = { ...(state.configuration as NonNullable<State['configuration']>), position: 99 }),
      (state) => void (state.checkpoint = { position: 1, at: 10 }),
      (state) => void state.registry.delete(other),
      (state) => renameKey(state.registry, other, 'third'),
      (state) => renameKey(state.overrides, other, 'third'),
      (state) => void state.registry.set('third', state.registry.get(other) as never),
      (state) => changeServer(state, a, () => ({ weight: 99 })),
      (state) => changeServer(state, b, ({ healthCheck }) => ({ healthCheck: { ...healthCheck, path: '/other' } })),
      (state) => void Object.assign(state.health.get(app)?.get(`${a}:80`) as object, { run: 99 }),
      (state) => void state.health.get(app)?.get(`${a}:80`)?.against.push(99),
      (state) => void Object.assign(state.health.get(app)?.get(`${b}:80`)?.last as object, { totalUs: 99 }),
      (state) => void state.overrides.delete(other),
      (state) => void Object.assign(state.overrides.get(app)?.get(`human ${b}`) as object, { until: null }),
      (state) => void state.requests.delete('key'),
      (state) => void state.changedAt.set(app, 99),
    ];
    const digests = changes.map((change) => {
      const state = rich();
      change(state);
      return digest(state);
    });
    assert.equal(new Set(digests).size, digests.length);
  });

  it('depends on the order of lists, and tells a list from what follows it', () => {
    const of = (against: number[], decidedBy: number[]) => {
      const state = rich();
      Object.assign(state.health.get(app)?.get(`${a}:80`) as object, { against, decidedBy });
      return digest(state);
    };
    assert.equal(new Set([of([1, 2], [3]), of([2, 1], [3]), of([1], [2, 3]), of([12], [3]), of([], [1, 2, 3])]).size, 5);
  });

  it('tells a list of one from its only element', () => {
    const of = (status: unknown) => {
      const state = rich();
      changeServer(state, b, ({ healthCheck }) => ({ healthCheck: { ...healthCheck, expected_status: status as never } }));
      return digest(state);
    };
    assert.notEqual(of([204]), of(204));
    assert.notEqual(of([]), of([[]]));
  });

  it('leaves out what is derived: deadlines, and how the queue stands', () => {
    const asked = rich();
    earliestDeadline(asked.deadlines);
    asked.deadlines.heap.push({ at: 1, kind: 'override-expires', key: 'husk' });
    assert.equal(digest(asked), digest(rich()));
  });

  it('treats what is undefined as left out', () => {
    const state = rich();
    Object.assign(state.health.get(app)?.get(`${a}:80`) as object, { more: undefined });
    assert.equal(digest(state), digest(rich()));
  });

  it('names a state by position and moment: the same facts later are another state', () => {
    const later = rich();
    advance(later, 21);
    assert.notEqual(digest(later), digest(rich()));
    const more = stateOf(at(0, applied(oneDomain([c])), started()));
    assert.notEqual(digest(more), digest(stateOf(at(0, applied(oneDomain([c]))))));
  });
});
