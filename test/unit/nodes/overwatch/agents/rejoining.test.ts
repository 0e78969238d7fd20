/** Which of the agents that a node knew are looked for, and when: on a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Event, Fact } from '../../../../../src/events/event.ts';
import { type VirtualClock, virtualClock } from '../../../../../src/nodes/clock.ts';
import { createRejoining } from '../../../../../src/nodes/overwatch/agents/rejoining.ts';
import { advance, evolve } from '../../../../../src/projections/evolve.ts';
import { initialState, type State } from '../../../../../src/projections/state.ts';
import { a, inForce, oneDomain } from '../../../../given.ts';

let clock: VirtualClock;
let state: State;
let joined: { readonly at: number; readonly addresses: readonly string[] }[];
let there: Set<string>;

const start = 1_000_000;
const fold = (...facts: readonly Fact[]) => {
  for (const fact of facts) {
    evolve(state, { ...fact, position: state.position + 1, at: Math.max(state.at, clock.now()), node: 'test', v: 1 } as Event);
  }
};
const pinned = (agent: string, address: string): Fact => ({
  type: 'agent.pinned',
  data: { agent, fingerprint: agent.padEnd(64, '0'), certificate: 'AA==', region: 'eu', services: [], address, legacy: false },
});
const heard = (agent: string): Fact => ({
  type: 'heartbeat.received',
  data: { beats: [{ agent, boot: 1, sequence: 1, intervalMs: 1_000 }] },
});

beforeEach(() => {
  clock = virtualClock(start);
  state = initialState();
  joined = [];
  there = new Set();
  fold(...inForce(oneDomain([a], {}, { overwatch: { stale: { remove_after: '1m' } } })));
});
const run = async (ms: number) => {
  const join = async (addresses: readonly string[]) => {
    joined.push({ at: clock.now() - start, addresses });
    return [];
  };
  const isThere = (agent: string) => there.has(agent);
  const rejoining = createRejoining({ state, clock, chance: () => 1, isThere, join });
  rejoining.start();
  // The first look is done, and the next one planned, before the clock moves.
  await new Promise((resolve) => setImmediate(resolve));
  await clock.moveTo(start + ms);
  rejoining.stop();
};
const tried = () => joined.flatMap(({ addresses }) => addresses);

describe('an agent that was known', () => {
  test('is tried at once, and then after twice as long each time, up to a minute', async () => {
    fold(pinned('web-1', '192.0.2.1:7946'));
    await run(200_000);
    assert.deepEqual(
      joined.map(({ at }) => at),
      [0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000],
    );
  });

  test('is left alone while it is a member, and sought at once when it is none any more', async () => {
    fold(pinned('web-1', '192.0.2.1:7946'));
    there.add('web-1');
    clock.wakeAt(start + 10_000, () => there.delete('web-1'));
    await run(10_600);
    assert.deepEqual(joined, [{ at: 10_000, addresses: ['192.0.2.1:7946'] }]);
  });

  test('is sought by many at a time, and all have their turn', async () => {
    fold(...Array.from({ length: 40 }, (_, index) => pinned(`web-${index}`, `192.0.2.1:${index + 1}`)));
    await run(1_000);
    assert.deepEqual(
      joined.slice(0, 3).map(({ addresses }) => addresses.length),
      [16, 16, 16],
    );
    assert.equal(new Set(joined.slice(0, 3).flatMap(({ addresses }) => addresses)).size, 40, 'who waits longest goes first');
  });

  test('is not sought once it is revoked, has left, or was silent for `remove_after`', async () => {
    fold(pinned('revoked', '192.0.2.1:1'), pinned('left', '192.0.2.1:2'), pinned('silent', '192.0.2.1:3'), pinned('stale', '192.0.2.1:4'));
    fold({ type: 'agent.revoked', data: { agent: 'revoked', fingerprint: null, reason: 'because' } });
    fold(heard('left'), { type: 'agent.left', data: { agent: 'left', boot: 1, sequence: 2 } }, heard('silent'));
    await clock.moveTo(start + 50_000);
    fold(heard('stale'));
    await clock.moveTo(start + 61_000);
    advance(state, clock.now());
    await run(61_500);
    assert.deepEqual([...new Set(tried())], ['192.0.2.1:4']);
  });
});
