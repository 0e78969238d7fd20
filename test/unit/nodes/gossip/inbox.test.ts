import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createInbox } from '../../../../src/nodes/gossip/inbox.ts';
import type { Member, MemberChange } from '../../../../src/nodes/gossip/swim-interface.ts';

const from = { address: '192.0.2.1', port: 7946 };
const message = (length: number) => ({ from, bytes: new Uint8Array(length) });
const member = (name: string, incarnation = 1): Member => ({
  ...{ ...from, name, incarnation, since: 0, state: 'alive' },
  ...{ meta: new Uint8Array(), vsn: new Uint8Array() },
});
const limits = { inboxMessages: 3, inboxBytes: 100 };

describe('what waits for a busy owner', () => {
  it('comes as one batch, and the next only when that was taken', () => {
    const inbox = createInbox(limits);
    assert.equal(inbox.give(), undefined, 'nothing has come');
    inbox.addMessage(message(1));
    inbox.addNews({ change: 'joined', member: member('a') });
    assert.deepEqual(inbox.give(), { messages: [message(1)], news: [{ change: 'joined', member: member('a') }] });
    inbox.addMessage(message(2));
    assert.equal(inbox.give(), undefined, 'the first is still with the owner');
    inbox.taken();
    assert.deepEqual(inbox.give(), { messages: [message(2)], news: [] });
    inbox.taken();
    assert.equal(inbox.give(), undefined);
  });

  it('is at most so many messages', () => {
    const inbox = createInbox(limits);
    assert.deepEqual(
      [1, 1, 1, 1].map((length) => inbox.addMessage(message(length))),
      [true, true, true, false],
    );
    inbox.give();
    assert.equal(inbox.addMessage(message(1)), true, 'what was given makes room');
  });

  it('is at most so many bytes', () => {
    const inbox = createInbox(limits);
    assert.deepEqual(
      [60, 41, 40].map((length) => inbox.addMessage(message(length))),
      [true, false, true],
    );
    inbox.give();
    assert.equal(inbox.addMessage(message(100)), true);
  });

  const told = (changes: readonly MemberChange[]) => {
    const inbox = createInbox(limits);
    for (const [index, change] of changes.entries()) inbox.addNews({ change, member: member('a', index) });
    return inbox.give()?.news.map((news) => [news.change, news.member.incarnation]);
  };
  for (const [changes, expected] of [
    [['suspected', 'cleared'], [['cleared', 1]]],
    [['joined', 'updated', 'suspected'], [['joined', 2]]],
    [['joined', 'failed'], [['failed', 1]]],
    [['left', 'joined', 'cleared'], [['joined', 2]]],
    [['failed', 'forgotten'], [['forgotten', 1]]],
    [
      ['updated', 'conflict', 'suspected'],
      [
        ['conflict', 1],
        ['suspected', 2],
      ],
    ],
  ] as const)
    it(`tells ${changes.join(', ')} of one member as ${expected.map(([change]) => change).join(' and ')}`, () => {
      assert.deepEqual(told(changes), expected);
    });

  it('tells of members in the order in which they last changed', () => {
    const inbox = createInbox(limits);
    for (const name of ['a', 'b', 'a']) inbox.addNews({ change: 'updated', member: member(name) });
    assert.deepEqual(
      inbox.give()?.news.map(({ member: { name } }) => name),
      ['b', 'a'],
    );
  });
});
