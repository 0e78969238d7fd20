/** Silence: one row for each row of the truth table of `liveness.ts`, and that a restart changes no answer by itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { answersDigest } from '../../../src/projections/answers.ts';
import { advance } from '../../../src/projections/evolve.ts';
import { limitMsOf } from '../../../src/projections/liveness.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  agent1,
  at,
  b,
  beat,
  claims,
  inForce,
  joined,
  type Moment,
  oneDomain,
  pinned,
  received,
  started,
  stateOf,
  unchecked,
} from '../../given.ts';

/** Heard at 1 000, and stale at 31 000. The node starts once before, as nodes do. */
const heardOnce = at(1_000, ...inForce(oneDomain([b], {}, unchecked)), started(), ...joined(agent1, a));
const left: Fact = { type: 'agent.left', data: { agent: agent1, boot: 1, sequence: 9 } };
const stalled = (forMs: number): Fact => ({ type: 'node.stalled', data: { forMs } });
const attested: Fact = { type: 'node.attested', data: { answers: '0'.repeat(64) } };

interface Row {
  readonly name: string;
  readonly moments: readonly Moment[];
  /** What it is at the last moment. */
  readonly until: number | null;
  readonly staleSince: number | null;
}

const table: readonly Row[] = [
  { name: 'heard: after as many intervals as it said', moments: [heardOnce], until: 31_000, staleSince: null },
  { name: 'heard again: put off', moments: [heardOnce, at(5_000, received(beat(2)))], until: 35_000, staleSince: null },
  {
    name: 'heard with other words: by those',
    moments: [heardOnce, at(5_000, received(beat(2, { intervalMs: 1_000, claims: { ...claims(a), missedThreshold: 5 } })))],
    until: 10_000,
    staleSince: null,
  },
  { name: 'heard, and the deadline fires: stale', moments: [heardOnce, at(31_000, attested)], until: null, staleSince: 31_000 },
  { name: 'not yet a millisecond before', moments: [heardOnce, at(30_999, attested)], until: 31_000, staleSince: null },
  { name: 'heard, and it leaves: stale', moments: [heardOnce, at(2_000, left)], until: null, staleSince: 2_000 },
  { name: 'heard, and the node starts: put off', moments: [heardOnce, at(9_000, started())], until: 39_000, staleSince: null },
  {
    name: 'heard, and the node starts twice: put off once',
    moments: [heardOnce, at(9_000, started()), at(20_000, started())],
    until: 39_000,
    staleSince: null,
  },
  {
    name: 'heard after a start: the next one puts it off again',
    moments: [heardOnce, at(9_000, started()), at(10_000, received(beat(2))), at(20_000, started())],
    until: 50_000,
    staleSince: null,
  },
  {
    name: 'heard, and the node stood still: later by as long',
    moments: [heardOnce, at(9_000, stalled(5_000))],
    until: 36_000,
    staleSince: null,
  },
  {
    name: 'stale, and heard: no longer',
    moments: [heardOnce, at(40_000, attested), at(50_000, received(beat(2)))],
    until: 80_000,
    staleSince: null,
  },
  {
    name: 'stale since the node was not there, and it starts: heard',
    moments: [heardOnce, at(20_000, attested), at(3_600_000, started())],
    until: 3_630_000,
    staleSince: null,
  },
  {
    name: 'stale since the node was not there for the second time: stale',
    moments: [heardOnce, at(20_000, started()), at(3_600_000, started())],
    until: null,
    staleSince: 50_000,
  },
  {
    name: 'stale since the node stood still: heard',
    moments: [heardOnce, at(35_000, stalled(10_000))],
    until: 41_000,
    staleSince: null,
  },
  { name: 'stale before the node stood still: stale', moments: [heardOnce, at(50_000, stalled(10_000))], until: null, staleSince: 31_000 },
  {
    name: 'stale before the node went: stale',
    moments: [heardOnce, at(31_001, attested), at(3_600_000, started())],
    until: null,
    staleSince: 31_000,
  },
  { name: 'left, and the node starts: stale', moments: [heardOnce, at(2_000, left), at(3_000, started())], until: null, staleSince: 2_000 },
  {
    name: 'left, and the node stood still: stale',
    moments: [heardOnce, at(2_000, left), at(3_000, stalled(2_000))],
    until: null,
    staleSince: 2_000,
  },
];

const livenessIn = (state: State) => state.liveness.get(agent1);

describe('an agent', () => {
  for (const { name, moments, until, staleSince } of table) {
    it(name, () => {
      const liveness = livenessIn(stateOf(...moments));
      assert.deepEqual([liveness?.until, liveness?.staleSince], [until, staleSince]);
      // What is said of the deadline is what fires.
      const state = stateOf(...moments);
      if (until !== null) {
        advance(state, until - 1);
        assert.equal(livenessIn(state)?.staleSince, null);
        advance(state, until);
        assert.equal(livenessIn(state)?.staleSince, until);
      }
    });
  }

  it('of the original is silent by what the overwatch says, and never before 75 s', () => {
    const of = (threshold: string) => stateOf(at(0, ...inForce(oneDomain([], {}, { overwatch: { stale: { threshold } } })))).configuration;
    const legacy = { legacy: true, intervalMs: 1_000, missedThreshold: 3 };
    assert.equal(limitMsOf(of('30s'), legacy), 75_000);
    assert.equal(limitMsOf(of('2m'), legacy), 120_000);
    assert.equal(limitMsOf(undefined, legacy), 75_000);
    assert.equal(limitMsOf(of('2m'), { ...legacy, legacy: false }), 3_000);
    const heard = stateOf(at(1_000, pinned(agent1, { legacy: true }), received(beat(1))));
    assert.equal(livenessIn(heard)?.until, 76_000);
  });
});

describe('a restart', () => {
  const system = { kind: 'system', name: 'overwatch' } as const;
  const stopped: Fact = { type: 'node.stopped', data: { reason: 'asked' }, actor: system };
  /** What a node does before it has started is no sign that it was there. */
  const again = inForce(oneDomain([b], {}, unchecked)).map((fact) => ({ ...fact, actor: system }));

  for (const [name, last] of [
    ['killed', attested],
    ['stopped', stopped],
  ] as const) {
    it(`changes no answer by itself, however long the node was away: ${name}`, () => {
      const before = stateOf(heardOnce, at(20_000, last));
      const after = stateOf(heardOnce, at(20_000, last), at(86_400_000, again[0] as Fact, { ...started(), actor: system }));
      assert.equal(answersDigest(after), answersDigest(before));
      assert.equal(livenessIn(after)?.staleSince, null);
    });
  }
});
