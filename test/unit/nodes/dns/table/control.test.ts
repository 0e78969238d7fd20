import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createControl,
  enter,
  epochOf,
  isPast,
  leave,
  nextEpoch,
  publicationOf,
  setPublication,
} from '../../../../../src/nodes/dns/table/control.ts';

describe('epochs', () => {
  it('are past when every reader is offline or has come anew', () => {
    const control = createControl(3);
    const retiredIn = epochOf(control);
    enter(control, 0);
    enter(control, 2);
    nextEpoch(control);
    assert.equal(isPast(control, retiredIn), false);
    leave(control, 2);
    assert.equal(isPast(control, retiredIn), false, 'one is still there from before');
    enter(control, 0);
    assert.equal(isPast(control, retiredIn), true, 'it has come anew');
    assert.equal(isPast(control, epochOf(control)), false, 'but it reads in the present one');
    leave(control, 0);
    assert.equal(isPast(control, epochOf(control)), true);
  });

  it('go round, and never are 0, which says offline', () => {
    const control = createControl(1);
    control.words[1] = 2 ** 31 - 1;
    enter(control, 0);
    const last = epochOf(control);
    nextEpoch(control);
    assert.equal(isPast(control, last), false);
    enter(control, 0);
    assert.equal(isPast(control, last), true);
    control.words[1] = -1;
    nextEpoch(control);
    assert.equal(epochOf(control), 1);
  });
});

describe('a publication', () => {
  it('is read as it was written', () => {
    const control = createControl(1);
    const publication = { number: 7, position: 2 ** 40, at: 1_700_000_000_123 };
    setPublication(control, publication);
    assert.deepEqual(publicationOf(control), publication);
  });
});
