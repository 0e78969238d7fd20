/** Sending a whole batch: one case for each row of the truth table, with a kernel that says what the case needs. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { udpCounterAt, udpCounters } from '../../../src/native/udp-batch.ts';
import { sendAll } from '../../../src/native/udp-send-all.ts';

const { EAGAIN, EINTR, EMSGSIZE, ENOBUFS, EPERM } = constants.errno;

interface Case {
  /** What the kernel says to each call; then it sends everything. */
  readonly says: readonly number[];
  /** What each wait for room finds. */
  readonly room?: readonly boolean[];
  /** Where each call begins. */
  readonly calls: readonly number[];
  readonly counts: readonly [sent: number, crowdedOut: number, refused: number];
}

/** Five replies each. */
const cases: Readonly<Record<string, Case>> = {
  'all at once': { says: [5], calls: [0], counts: [5, 0, 0] },
  'in parts': { says: [2, 1], calls: [0, 2, 3], counts: [5, 0, 0] },
  'a signal comes': { says: [1, -EINTR, -EINTR], calls: [0, 1, 1, 1], counts: [5, 0, 0] },
  'no room at first': { says: [2, -EAGAIN], room: [true], calls: [0, 2, 2], counts: [5, 0, 0] },
  'room comes again and again': { says: [-EAGAIN, 1, -EAGAIN, 1], room: [true, true], calls: [0, 0, 1, 1, 2], counts: [5, 0, 0] },
  'no room in time: one waits, the others are only tried': {
    says: [1, -EAGAIN, -EAGAIN, -EAGAIN],
    room: [false],
    calls: [0, 1, 1, 2, 3],
    counts: [3, 2, 0],
  },
  'the queue of the card is full': { says: [-ENOBUFS, 1, -ENOBUFS], calls: [0, 1, 2, 3], counts: [3, 2, 0] },
  'one is too long': { says: [2, -EMSGSIZE], calls: [0, 2, 3], counts: [4, 0, 1] },
  'all are forbidden': { says: [-EPERM, -EPERM, -EPERM, -EPERM, -EPERM], calls: [0, 1, 2, 3, 4], counts: [0, 0, 5] },
};

describe('sending all replies of a batch', () => {
  for (const [name, { says, room = [], calls, counts }] of Object.entries(cases)) {
    test(name, () => {
      const counters = new Float64Array(udpCounters.length);
      const [answers, waits, seen] = [[...says], [...room], [] as number[]];
      const send = (first: number, count: number) => {
        assert.equal(first + count, 5);
        seen.push(first);
        return answers.shift() ?? count;
      };
      sendAll(5, { send, waitForRoom: () => waits.shift() ?? assert.fail('nobody waits for room that is not needed') }, counters);
      assert.deepEqual(seen, calls);
      assert.deepEqual(waits, []);
      assert.deepEqual([counters[udpCounterAt.sent], counters[udpCounterAt.crowdedOut], counters[udpCounterAt.refused]], counts);
    });
  }

  test('nothing to send is no call', () => {
    const never = () => assert.fail('nothing is to be sent');
    sendAll(0, { send: never, waitForRoom: never }, new Float64Array(udpCounters.length));
  });
});
