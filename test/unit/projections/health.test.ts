/** Up or down from check results: one row for each row of the truth table of `health.ts`, and what is remembered. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventOf } from '../../../src/events/event.ts';
import type { Thresholds } from '../../../src/projections/checks.ts';
import { type BackendHealth, evolveHealth, forgetHealth, type Health, healthOf } from '../../../src/projections/health.ts';
import { a, app, at, b, checked, events } from '../../given.ts';

interface Row {
  readonly name: string;
  /** `+` succeeded, `-` failed, oldest first. */
  readonly results: string;
  readonly thresholds: Thresholds;
  readonly status: 'up' | 'down';
  /** The results, counted from 1, that made the status. */
  readonly decidedBy: readonly number[];
  /** The results that speak against it. */
  readonly against: readonly number[];
}

const threeAndTwo = { failure: 3, success: 2 };
const oneAndOne = { failure: 1, success: 1 };

const table: readonly Row[] = [
  { name: 'nothing known, ok', results: '+', thresholds: threeAndTwo, status: 'up', decidedBy: [1], against: [] },
  { name: 'nothing known, failed', results: '-', thresholds: threeAndTwo, status: 'down', decidedBy: [1], against: [] },
  { name: 'up, too few failures', results: '+--', thresholds: threeAndTwo, status: 'up', decidedBy: [1], against: [2, 3] },
  { name: 'up, enough failures', results: '+---', thresholds: threeAndTwo, status: 'down', decidedBy: [2, 3, 4], against: [] },
  {
    name: 'up, a success too few keeps the failures',
    results: '+--+',
    thresholds: threeAndTwo,
    status: 'up',
    decidedBy: [1],
    against: [2, 3],
  },
  { name: 'up, failures accumulate over it', results: '+--+-', thresholds: threeAndTwo, status: 'down', decidedBy: [2, 3, 5], against: [] },
  { name: 'up, successes in a row clear', results: '+--++', thresholds: threeAndTwo, status: 'up', decidedBy: [1], against: [] },
  {
    name: 'up, after clearing they count from one',
    results: '+--++--',
    thresholds: threeAndTwo,
    status: 'up',
    decidedBy: [1],
    against: [6, 7],
  },
  {
    name: 'up, successes not in a row do not clear',
    results: '+-+-+',
    thresholds: threeAndTwo,
    status: 'up',
    decidedBy: [1],
    against: [2, 4],
  },
  { name: 'down, too few successes', results: '-+', thresholds: threeAndTwo, status: 'down', decidedBy: [1], against: [2] },
  { name: 'down, enough successes', results: '-++', thresholds: threeAndTwo, status: 'up', decidedBy: [2, 3], against: [] },
  { name: 'down, a failure clears the successes', results: '-+-', thresholds: threeAndTwo, status: 'down', decidedBy: [1], against: [] },
  {
    name: 'down, successes not in a row do not count',
    results: '-+-+',
    thresholds: threeAndTwo,
    status: 'down',
    decidedBy: [1],
    against: [4],
  },
  { name: 'thresholds of one flip at once, down', results: '+-', thresholds: oneAndOne, status: 'down', decidedBy: [2], against: [] },
  { name: 'thresholds of one flip at once, up', results: '-+', thresholds: oneAndOne, status: 'up', decidedBy: [2], against: [] },
  { name: 'down and up again', results: '+---++', thresholds: threeAndTwo, status: 'up', decidedBy: [5, 6], against: [] },
];

/** Takes the results in, one a second from 1 000 on, and says after which of them the status changed. */
function fold(results: string, thresholds: Thresholds): { readonly backend: BackendHealth; readonly changes: readonly number[] } {
  const health: Health = new Map();
  const changes: number[] = [];
  const moments = [...results].map((result, index) => at(1_000 * (index + 1), checked(a, result === '+' ? 'ok' : 'failed')));
  for (const event of events(...moments)) {
    if (evolveHealth(health, event as EventOf<'validation.recorded'>, thresholds)) changes.push(event.position);
  }
  return { backend: healthOf(health, app, a, 80) as BackendHealth, changes };
}

describe('health', () => {
  for (const { name, results, thresholds, status, decidedBy, against } of table) {
    it(`${name}: ${results} is ${status}`, () => {
      const { backend } = fold(results, thresholds);
      assert.deepEqual({ status: backend.status, decidedBy: backend.decidedBy, against: backend.against }, { status, decidedBy, against });
      assert.equal(backend.since, 1_000 * (decidedBy.at(-1) as number));
    });
  }

  it('says after which results the status changed', () => {
    assert.deepEqual(fold('+--+-++-', threeAndTwo).changes, [1, 5, 7]);
  });

  it('counts how often the last result came in a row', () => {
    const runs = ['+', '-', '++', '--+', '+---', '++--+++'].map((results) => fold(results, threeAndTwo).backend.run);
    assert.deepEqual(runs, [1, 1, 2, 1, 3, 3]);
  });

  it('keeps the newest result, the newest error and the newest success', () => {
    const { backend } = fold('-+-+', threeAndTwo);
    assert.equal(backend.last.ok, true);
    assert.deepEqual([backend.lastAt, backend.lastPosition, backend.lastOkAt], [4_000, 4, 4_000]);
    assert.equal(backend.lastError, 'status 500');
    assert.equal(fold('+-', threeAndTwo).backend.lastError, 'status 500');
  });

  it('remembers no success and no error where there was none', () => {
    assert.equal(fold('--', threeAndTwo).backend.lastOkAt, null);
    assert.equal(fold('++', threeAndTwo).backend.lastError, null);
  });

  it('keeps ports of one address apart, and forgets one alone', () => {
    const health: Health = new Map();
    const seen = events(at(0, checked(a, 'ok'), checked(a, 'failed', { port: 81 }), checked(b, 'failed')));
    for (const event of seen) evolveHealth(health, event as EventOf<'validation.recorded'>, threeAndTwo);
    assert.equal(healthOf(health, app, a, 80)?.status, 'up');
    assert.equal(healthOf(health, app, a, 81)?.status, 'down');
    forgetHealth(health, app, a, 80);
    assert.equal(healthOf(health, app, a, 80), undefined);
    assert.equal(healthOf(health, app, a, 81)?.status, 'down');
  });

  it('holds nothing of a service whose servers are all forgotten, and forgets what it never knew', () => {
    const health: Health = new Map();
    for (const event of events(at(0, checked(a, 'ok')))) evolveHealth(health, event as EventOf<'validation.recorded'>, threeAndTwo);
    forgetHealth(health, app, b, 80);
    assert.equal(health.size, 1);
    forgetHealth(health, app, a, 80);
    forgetHealth(health, app, a, 80);
    assert.equal(health.size, 0);
  });
});
