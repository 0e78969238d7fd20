/** The story of the answers: what is told, what is merged, and how long a service had nothing fit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerOf, type ServiceAnswer } from '../../../src/projections/answers.ts';
import { advanceOnce, evolve } from '../../../src/projections/evolve.ts';
import { initialState } from '../../../src/projections/state.ts';
import {
  emptyTimeline,
  recordChange,
  type ServiceSummary,
  shown,
  summarize,
  type TimelineEntry,
} from '../../../src/projections/timeline.ts';
import {
  a,
  a6,
  app,
  applied,
  at,
  b,
  checked,
  configurationOf,
  deregistered,
  events,
  inForce,
  type Moment,
  oneDomain,
  overridden,
  registered,
  stateOf,
  times,
  unchecked,
  updated,
} from '../../given.ts';

/** Folds these moments as a node does, and lets time pass to `to`. */
function tell(
  to: number,
  ...moments: readonly Moment[]
): { readonly entries: readonly TimelineEntry[]; readonly summary: readonly ServiceSummary[] } {
  const state = initialState();
  const timeline = emptyTimeline();
  const passTime = (until: number) => {
    for (let fired = advanceOnce(state, until); fired !== undefined; fired = advanceOnce(state, until)) {
      recordChange(timeline, state, fired.services, { deadline: fired.deadline });
    }
  };
  for (const event of events(...moments)) {
    passTime(event.at);
    recordChange(timeline, state, evolve(state, event), { event });
  }
  passTime(to);
  return { entries: [...timeline.entries], summary: summarize(timeline, to) };
}

const only = (summary: readonly ServiceSummary[]): ServiceSummary => {
  assert.equal(summary.length, 1);
  return summary[0] as ServiceSummary;
};
const one = { answers: 'all', routing_algorithm: 'failover' } as const;
/** From moment 0 on: two servers, up because nothing checks them. */
const upAtOnce = at(0, ...inForce(oneDomain([a, b], one, unchecked)));
const both = {
  A: {
    tier: 'fit',
    addresses: [
      { address: a, share: 1 },
      { address: b, share: 1 },
    ],
  },
};
const withoutA = { A: { tier: 'fit', addresses: [{ address: b, share: 1 }] } };

describe('the timeline', () => {
  it('tells when an answer changed, from what to what, because of which event', () => {
    const { entries } = tell(10, upAtOnce, at(5, overridden(a, 'down', { reason: 'upgrade' })));
    assert.deepEqual(
      entries.map(({ at, from, to }) => ({ at, from, to })),
      [
        { at: 0, from: null, to: both },
        { at: 5, from: both, to: withoutA },
      ],
    );
    assert.deepEqual(entries[1]?.because, {
      kind: 'override.set',
      position: 4,
      sentence: `override down on ${a} set: upgrade`,
    });
  });

  it('tells of a deadline as the cause, without a position', () => {
    const { entries } = tell(10, upAtOnce, at(5, overridden(a, 'down', { until: 7 })));
    assert.deepEqual(entries[2], {
      at: 7,
      service: app,
      from: withoutA,
      to: both,
      because: { kind: 'override-expires', position: null, sentence: `the human override on ${a} expired` },
    });
  });

  it('merges what changed at one moment, by its first cause', () => {
    const { entries, summary } = tell(10, upAtOnce, at(5, overridden(a, 'down'), overridden(b, 'drain')));
    assert.equal(entries.length, 2);
    assert.deepEqual(entries[1]?.from, both);
    assert.deepEqual(entries[1]?.to, { A: { tier: 'draining', addresses: [{ address: b, share: 1 }] } });
    assert.equal(entries[1]?.because.position, 4);
    assert.equal(only(summary).changes, 2);
  });

  it('does not tell of what was so again at the same moment', () => {
    const { entries, summary } = tell(10, upAtOnce, at(5, overridden(a, 'down'), overridden(a, 'up')));
    assert.equal(entries.length, 1);
    assert.deepEqual([only(summary).changes, only(summary).answer], [1, both]);
  });

  it('tells of a change after a return at the same moment, once', () => {
    const back = at(5, overridden(a, 'down'), overridden(a, 'up'), overridden(b, 'down'));
    const { entries, summary } = tell(10, upAtOnce, back);
    assert.deepEqual(
      entries.map(({ at }) => at),
      [0, 5],
    );
    assert.deepEqual(entries[1]?.from, both);
    assert.equal(entries[1]?.because.position, 6);
    assert.equal(only(summary).changes, 2);
  });

  it('does not merge moments', () => {
    const { entries } = tell(10, upAtOnce, at(5, overridden(a, 'down')), at(6, overridden(a, 'up')));
    assert.deepEqual(
      entries.map(({ at }) => at),
      [0, 5, 6],
    );
  });

  it('says nothing of what changed no answer', () => {
    const { entries } = tell(10, upAtOnce, at(5, checked(a, 'failed'), overridden(a, 'up')), at(6, updated(a, { weight: 7 })));
    assert.equal(entries.length, 1);
  });

  it('shows the tier as it is, though a change of it alone is no change of the answer', () => {
    const drained = at(5, overridden(a, 'drain'), overridden(b, 'drain'));
    const { entries, summary } = tell(10, upAtOnce, drained, at(6, overridden(a, 'down')));
    assert.deepEqual(
      entries.map(({ at }) => at),
      [0, 6],
    );
    assert.deepEqual(entries[1]?.from, { A: { ...both.A, tier: 'draining' } });
    assert.deepEqual(only(summary).answer, { A: { ...withoutA.A, tier: 'draining' } });
  });

  it('tells of a service that is no longer served', () => {
    const { entries, summary } = tell(10, upAtOnce, at(5, applied(configurationOf({}))));
    assert.deepEqual([entries[1]?.from, entries[1]?.to], [both, null]);
    assert.equal(only(summary).answer, null);
  });
});

describe('the time without a fit server', () => {
  const down = [overridden(a, 'down'), overridden(b, 'down')];

  it('runs from the moment that none is left to the moment that one is back', () => {
    const { summary } = tell(100, upAtOnce, at(10, ...down), at(30, overridden(a, 'up')));
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [20, 1]);
  });

  it('runs on where none came back', () => {
    const { summary } = tell(100, upAtOnce, at(10, ...down));
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [90, 1]);
  });

  it('adds up', () => {
    const { summary } = tell(
      100,
      upAtOnce,
      at(10, ...down),
      at(15, overridden(a, 'up')),
      at(20, overridden(a, 'down')),
      at(30, overridden(b, 'up')),
    );
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [15, 2]);
  });

  it('counts what answers but is not fit', () => {
    const { summary } = tell(100, upAtOnce, at(10, overridden(a, 'drain'), overridden(b, 'drain')), at(30, overridden(a, 'up')));
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [20, 1]);
  });

  it('is no outage before there ever was one that was fit', () => {
    const { summary } = tell(100, at(0, ...inForce(oneDomain([a]))), at(40, checked(a, 'ok')));
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [40, 0]);
    const again = tell(100, at(0, ...inForce(oneDomain([a]))), at(40, checked(a, 'ok'), ...times(3, checked(a, 'failed'))));
    assert.equal(only(again.summary).withoutFitMs, 100);
  });

  it('is no outage where another took over at the same moment', () => {
    const moved = at(10, deregistered(a), deregistered(b), registered('192.0.2.9'));
    const { summary } = tell(100, upAtOnce, moved);
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [0, 0]);
    const { summary: later } = tell(100, upAtOnce, moved, at(20, deregistered('192.0.2.9')));
    assert.deepEqual([only(later).withoutFitMs, only(later).outages], [80, 1]);
  });

  it('ends where the service is no longer served, and begins no outage when it is again', () => {
    const notServed = at(30, applied(configurationOf({})));
    const { summary } = tell(100, upAtOnce, at(10, ...down), notServed, at(50, applied(oneDomain([a, b], one, unchecked))));
    assert.deepEqual([only(summary).withoutFitMs, only(summary).outages], [70, 1]);
  });
});

describe('the summary', () => {
  it('is in the order of the names', () => {
    const names = ['b.example.com', 'a.example.com', 'c.example.com'];
    const configuration = configurationOf({ regions: [{ name: 'eu' }], domains: names.map((name) => ({ name, regions: ['eu'] })) });
    assert.deepEqual(
      tell(10, at(0, applied(configuration))).summary.map(({ service }) => service),
      [...names].sort(),
    );
  });
});

describe('an answer as it is shown', () => {
  const answer = (...words: Parameters<typeof oneDomain>) =>
    shown(answerOf(stateOf(at(0, ...inForce(oneDomain(...words)))), app) as ServiceAnswer);

  it('gives each address its share of the answers', () => {
    assert.deepEqual(answer([a, b], {}, unchecked).A?.addresses, [
      { address: a, share: 0.5 },
      { address: b, share: 0.5 },
    ]);
    const weighted = answer(
      [
        { address: a, weight: 3 },
        { address: b, weight: 1 },
      ],
      { routing_algorithm: 'weighted' },
      unchecked,
    );
    assert.deepEqual(weighted.A?.addresses, [
      { address: a, share: 0.75 },
      { address: b, share: 0.25 },
    ]);
    assert.deepEqual(answer([a, b], { answers: 2 }, unchecked).A?.addresses, [
      { address: a, share: 1 },
      { address: b, share: 1 },
    ]);
  });

  it('leaves out a family that the service does not have, and shows one that nobody answers as empty', () => {
    assert.deepEqual(Object.keys(answer([a6], {}, unchecked)), ['AAAA']);
    assert.deepEqual(answer([], {}), { A: { tier: null, addresses: [] }, AAAA: { tier: null, addresses: [] } });
  });
});
