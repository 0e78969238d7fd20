import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGarbageRates } from '../../../../src/nodes/gossip/garbage-rates.ts';

const limits = { datagramsASecond: 10, garbageASecond: 2, garbageSources: 2 };
const rates = (members: readonly string[] = []) => createGarbageRates(limits, (address) => members.includes(address));

describe('what is still read in a second', () => {
  it('is as much as the limit says, whoever sends it', () => {
    const all = rates(['member']);
    for (let index = 0; index < limits.datagramsASecond; index += 1) assert.equal(all.whyNot('member', 5_000 + index), undefined);
    assert.equal(all.whyNot('member', 5_999), 'flood');
    assert.equal(all.whyNot('member', 6_000), undefined, 'the next second is another one');
  });

  it('is nothing more of a stranger who sent garbage', () => {
    const all = rates();
    for (let index = 0; index < limits.garbageASecond; index += 1) {
      assert.equal(all.whyNot('stranger', 5_000), undefined);
      all.wasGarbage('stranger');
    }
    assert.equal(all.whyNot('stranger', 5_500), 'garbage');
    assert.equal(all.whyNot('other', 5_500), undefined, 'others are heard');
    assert.equal(all.whyNot('stranger', 6_000), undefined, 'until the second is over');
  });

  it('is all of a member, whose address anybody can forge', () => {
    const all = rates(['member']);
    for (let index = 0; index < 5; index += 1) {
      assert.equal(all.whyNot('member', 5_000), undefined);
      all.wasGarbage('member');
    }
  });

  it('counts only so many strangers one by one, and all others together', () => {
    const all = rates();
    assert.equal(all.whyNot('one', 5_000), undefined);
    for (const address of ['one', 'two', 'three', 'four']) all.wasGarbage(address);
    assert.equal(all.whyNot('one', 5_000), undefined, 'its own garbage is below the limit');
    assert.equal(all.whyNot('five', 5_000), 'garbage', 'three and four were counted together');
  });
});
