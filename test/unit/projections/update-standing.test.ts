/** What answers owe to the past: the last fit servers, who holds a failover service, and slow starts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advance } from '../../../src/projections/evolve.ts';
import {
  a,
  app,
  applied,
  at,
  b,
  c,
  checked,
  deregistered,
  inForce,
  type Moment,
  oneDomain,
  overridden,
  stateOf,
  times,
} from '../../given.ts';
import { type Answerable, answeredAt } from './answered-at.ts';

const servers = [a, b, c];
const up = (...addresses: readonly string[]) => addresses.map((address) => checked(address, 'ok'));
/** Three failures: the default threshold. */
const fails = (address: string) => times(3, checked(address, 'failed'));
const recovers = (address: string) => times(2, checked(address, 'ok'));

function answers(expected: Answerable, ...moments: readonly Moment[]): void {
  assert.deepEqual(answeredAt(stateOf(...moments)), expected);
}

describe('when all are down, last_healthy', () => {
  const given = inForce(oneDomain(servers, { when_all_unhealthy: 'last_healthy' }));

  it('answers with those that were fit last', () => {
    answers({ tier: 'last-resort', A: [c] }, at(0, ...given, ...up(a, b, c)), at(1, ...fails(a)), at(2, ...fails(b)), at(3, ...fails(c)));
  });
  it('answers with nobody where nobody ever was fit', () => {
    answers({ tier: undefined, A: [] }, at(0, ...given, ...servers.map((address) => checked(address, 'failed'))));
  });
  it('does not bring back who was taken down by a person', () => {
    const down = [at(0, ...given, ...up(a, b, c)), at(1, ...fails(a), ...fails(b), ...fails(c))];
    answers({ tier: undefined, A: [] }, ...down, at(2, overridden(c, 'down')));
  });
  it('forgets a server that is gone', () => {
    const down = [at(0, ...given, ...up(a, b, c)), at(1, ...fails(a), ...fails(b), ...fails(c))];
    answers({ tier: undefined, A: [] }, ...down, at(2, deregistered(c)));
  });
  it('answers with the fit one as soon as there is one', () => {
    const down = [at(0, ...given, ...up(a, b, c)), at(1, ...fails(a), ...fails(b), ...fails(c))];
    answers({ tier: 'fit', A: [a] }, ...down, at(2, ...recovers(a)));
  });
  it('is meant by dns.return_last_healthy too, for domains that say nothing', () => {
    const whole = inForce(oneDomain(servers, {}, { dns: { return_last_healthy: true } }));
    answers({ tier: 'last-resort', A: [a] }, at(0, ...whole, ...up(a)), at(1, ...fails(a), checked(b, 'failed'), checked(c, 'failed')));
  });
  it('begins to remember when it is configured', () => {
    const before = [at(0, ...inForce(oneDomain(servers)), ...up(a, b, c))];
    const after = applied(oneDomain(servers, { when_all_unhealthy: 'last_healthy' }));
    const down = at(2, ...fails(a), ...fails(b), ...fails(c));
    answers({ tier: 'last-resort', A: [c] }, ...before, at(1, after), down);
    answers({ tier: undefined, A: [] }, ...before, at(2, ...fails(a), ...fails(b), ...fails(c)), at(3, after));
  });
});

describe('a failover service', () => {
  const domain = { routing_algorithm: 'failover' } as const;
  const auto = inForce(oneDomain(servers, domain));
  const manual = inForce(oneDomain(servers, { ...domain, failback: 'manual' }));
  const delay = inForce(oneDomain(servers, { ...domain, failback: 'delay', failback_delay: '10s' }));
  /** `a` failed, `b` took over, `a` is back at 5,000. */
  const story = (given: typeof auto) => [at(0, ...given, ...up(a, b, c)), at(1_000, ...fails(a)), at(5_000, ...recovers(a))];

  const rows = [
    ['auto: the first takes over again at once', auto, at(5_000), a],
    ['manual: the second stays', manual, at(5_000), b],
    ['manual: the second stays for ever', manual, at(9_000_000), b],
    ['manual: until it fails', manual, at(6_000, ...fails(b)), a],
    ['manual: until it drains', manual, at(6_000, overridden(b, 'drain')), a],
    ['delay: the second stays at first', delay, at(5_000), b],
    ['delay: the second stays until the last moment', delay, at(14_999), b],
    ['delay: then the first takes over', delay, at(15_000), a],
    ['delay: the second fails before that', delay, at(6_000, ...fails(b)), a],
    ['delay: the first fails again, and its time begins anew', delay, at(12_000, ...fails(a), ...recovers(a)), b],
  ] as const;
  for (const [name, given, then, holder] of rows) {
    it(name, () => {
      const state = stateOf(...story(given), ...(then.facts.length > 0 ? [then] : []));
      advance(state, then.at);
      assert.deepEqual(answeredAt(state), { tier: 'fit', A: [holder] });
    });
  }

  it('delay: the time that began anew ends ten seconds later', () => {
    const state = stateOf(...story(delay), at(12_000, ...fails(a), ...recovers(a)));
    advance(state, 21_999);
    assert.deepEqual(answeredAt(state).A, [b]);
    advance(state, 22_000);
    assert.deepEqual(answeredAt(state).A, [a]);
  });

  it('delay: of two better ones each has its own time', () => {
    const state = stateOf(
      at(0, ...delay, ...up(a, b, c)),
      at(1, ...fails(a), ...fails(b)),
      at(2_000, ...recovers(b)),
      at(4_000, ...recovers(a)),
    );
    assert.deepEqual(answeredAt(state).A, [c]);
    advance(state, 12_000);
    assert.deepEqual(answeredAt(state).A, [b]);
    advance(state, 14_000);
    assert.deepEqual(answeredAt(state).A, [a]);
  });

  it('names the services that a due failback changes', () => {
    const state = stateOf(...story(delay));
    assert.deepEqual(advance(state, 15_000), [app]);
  });
});

describe('a slow start', () => {
  const given = inForce(
    oneDomain(
      [
        { address: a, weight: 100 },
        { address: b, weight: 50 },
      ],
      { routing_algorithm: 'weighted', slow_start: '10s' },
    ),
  );
  const weights = (state: ReturnType<typeof stateOf>) => answeredAt(state).weights;

  const rows = [
    [0, [10, 5]],
    [1_999, [10, 5]],
    [2_000, [20, 10]],
    [5_000, [50, 25]],
    [9_999, [90, 45]],
    [10_000, [100, 50]],
    [99_000, [100, 50]],
  ] as const;
  for (const [ms, expected] of rows) {
    it(`after ${ms} ms the weights are ${expected.join(' and ')}`, () => {
      const state = stateOf(at(0, ...given, ...up(a, b)));
      advance(state, ms);
      assert.deepEqual(weights(state), expected);
    });
  }

  it('is of the server that came back alone', () => {
    const state = stateOf(at(0, ...given, ...up(a, b)), at(20_000, ...fails(a)), at(30_000, ...recovers(a)));
    assert.deepEqual(weights(state), [10, 50]);
  });
  it('fires ten times, and no more', () => {
    const state = stateOf(at(0, ...inForce(oneDomain([a], { routing_algorithm: 'weighted', slow_start: '10s' })), ...up(a)));
    assert.equal(advance(state, 1e9).length, 10);
    assert.equal(state.deadlines.until.size, 0);
  });
  it('never takes the last weight', () => {
    const light = inForce(oneDomain([{ address: a, weight: 3 }], { routing_algorithm: 'weighted', slow_start: '10s' }));
    assert.deepEqual(weights(stateOf(at(0, ...light, ...up(a)))), [1]);
  });
  it('gives no weight to a server that has none', () => {
    const none = inForce(oneDomain([{ address: a, weight: 0 }, b], { routing_algorithm: 'weighted', slow_start: '10s' }));
    assert.deepEqual(answeredAt(stateOf(at(0, ...none, ...up(a, b)))).A, [b]);
  });
});

it('a service whose domain asks for nothing has no standing, and loses one that it had', () => {
  const slow = oneDomain([a], { routing_algorithm: 'weighted', slow_start: '10s' });
  const state = stateOf(at(0, ...inForce(slow), checked(a, 'ok')), at(1, applied(oneDomain([a]))));
  assert.equal(state.standings.size, 0);
  assert.equal(state.deadlines.until.size, 0);
});
