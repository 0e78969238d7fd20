/** Deadlines: the order in which they fire, moved and called-off ones, and many random ones held against a sorted list. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Deadline,
  type DeadlineKind,
  type Deadlines,
  deadlineKinds,
  earliestDeadline,
  firesBefore,
  noDeadlines,
  setDeadline,
  takeDue,
} from '../../../src/projections/deadlines.ts';

function given(...deadlines: readonly [at: number, kind: DeadlineKind, key: string][]): Deadlines {
  const queue = noDeadlines();
  for (const [at, kind, key] of deadlines) setDeadline(queue, kind, key, at);
  return queue;
}

/** All that fires by `to`, in its order. */
function firedBy(queue: Deadlines, to: number): Deadline[] {
  const fired: Deadline[] = [];
  for (let due = takeDue(queue, to); due !== undefined; due = takeDue(queue, to)) fired.push(due);
  return fired;
}

const names = (fired: readonly Deadline[]) => fired.map(({ at, kind, key }) => `${at} ${kind} ${key}`);

describe('deadlines', () => {
  it('have kinds whose order never changes, because logs were folded in it', () => {
    assert.deepEqual(deadlineKinds, ['override-expires', 'request-forgotten', 'answer-due', 'agent-silent', 'bleed-step', 'key-due']);
  });

  it('fire by moment, then by kind, then by key', () => {
    const order: readonly Deadline[] = [
      { at: 1, kind: 'request-forgotten', key: 'b' },
      { at: 2, kind: 'override-expires', key: 'a' },
      { at: 2, kind: 'override-expires', key: 'b' },
      { at: 2, kind: 'request-forgotten', key: 'a' },
    ];
    for (const [i, earlier] of order.entries()) {
      for (const [j, later] of order.entries()) assert.equal(firesBefore(earlier, later), i < j, `${i} before ${j}`);
    }
    const queue = given(...order.map(({ at, kind, key }) => [at, kind, key] as [number, DeadlineKind, string]).reverse());
    assert.deepEqual(firedBy(queue, 2), order);
  });

  it('fire at their moment, not before, and once', () => {
    const queue = given([10, 'override-expires', 'a']);
    assert.equal(takeDue(queue, 9), undefined);
    assert.deepEqual(earliestDeadline(queue), { at: 10, kind: 'override-expires', key: 'a' });
    assert.deepEqual(names(firedBy(queue, 10)), ['10 override-expires a']);
    assert.deepEqual(firedBy(queue, 1e9), []);
    assert.equal(earliestDeadline(queue), undefined);
  });

  it('fire only at the moment to which they were moved', () => {
    const later = given([10, 'override-expires', 'a'], [20, 'override-expires', 'a']);
    assert.deepEqual(names(firedBy(later, 10)), []);
    assert.deepEqual(names(firedBy(later, 20)), ['20 override-expires a']);
    const earlier = given([20, 'override-expires', 'a'], [10, 'override-expires', 'a']);
    assert.deepEqual(names(firedBy(earlier, 30)), ['10 override-expires a']);
    const back = given([10, 'override-expires', 'a'], [20, 'override-expires', 'a'], [10, 'override-expires', 'a']);
    assert.deepEqual(names(firedBy(back, 30)), ['10 override-expires a']);
  });

  it('do not fire once they are called off', () => {
    const queue = given([10, 'override-expires', 'a'], [10, 'request-forgotten', 'a']);
    setDeadline(queue, 'override-expires', 'a', null);
    assert.deepEqual(names(firedBy(queue, 10)), ['10 request-forgotten a']);
  });

  it('can be set again after they fired', () => {
    const queue = given([10, 'override-expires', 'a']);
    firedBy(queue, 10);
    setDeadline(queue, 'override-expires', 'a', 10);
    assert.deepEqual(names(firedBy(queue, 10)), ['10 override-expires a']);
  });

  it('do not grow with the number of times that they are moved or set', () => {
    const moved = noDeadlines();
    for (let at = 0; at < 10_000; at++) setDeadline(moved, 'override-expires', 'a', at);
    assert.ok(moved.heap.length <= 100, `${moved.heap.length} entries for one deadline`);
    const set = noDeadlines();
    for (let turn = 0; turn < 10_000; turn++) setDeadline(set, 'override-expires', 'a', 5);
    assert.equal(set.heap.length, 1);
    assert.deepEqual(names(firedBy(moved, 1e9)), ['9999 override-expires a']);
  });

  it('fire like a list that is sorted anew every time, whatever is set, moved, called off and fired', () => {
    const step = fc.record({
      kind: fc.constantFrom(...deadlineKinds),
      key: fc.integer({ min: 10, max: 49 }).map(String),
      at: fc.option(fc.nat({ max: 60 }), { freq: 12 }),
      fireTo: fc.option(
        fc.nat({ max: 60 }).map((to) => to / 3),
        { freq: 1 },
      ),
    });
    const law = fc.property(fc.array(step, { minLength: 50, maxLength: 600, size: 'max' }), (steps) => {
      const queue = noDeadlines();
      const model = new Map<string, Deadline>();
      for (const { kind, key, at, fireTo } of steps) {
        setDeadline(queue, kind, key, at);
        if (at === null) model.delete(`${kind} ${key}`);
        else model.set(`${kind} ${key}`, { at, kind, key });
        if (fireTo !== null) assert.deepEqual(firedBy(queue, fireTo), takeFromModel(model, fireTo));
      }
      assert.deepEqual(firedBy(queue, 1e9), takeFromModel(model, 1e9));
    });
    fc.assert(law, { numRuns: 60 });
  });
});

function takeFromModel(model: Map<string, Deadline>, to: number): Deadline[] {
  const kind = (deadline: Deadline) =>
    ['override-expires', 'request-forgotten', 'answer-due', 'agent-silent', 'bleed-step', 'key-due'].indexOf(deadline.kind);
  const due = [...model.values()].filter(({ at }) => at <= to);
  for (const deadline of due) model.delete(`${deadline.kind} ${deadline.key}`);
  return due.sort((x, y) => x.at - y.at || kind(x) - kind(y) || x.key.localeCompare(y.key, 'en'));
}
