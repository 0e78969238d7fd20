/**
 * Sends a whole batch through a call that may stop anywhere: what one datagram meets never costs another one its reply.
 *
 * | the kernel says | then |
 * |---|---|
 * | n were sent | go on behind them; why it stopped there is said by the next call |
 * | EINTR | again |
 * | EAGAIN | wait for room and try again; once room did not come in time, nobody else is waited for in this batch |
 * | EAGAIN, not waiting any more | ENOBUFS alike: this one is crowded out |
 * | anything else | this one is refused |
 */
import { constants } from 'node:os';
import { udpCounterAt } from './udp-batch.ts';

const { EAGAIN, EINTR, ENOBUFS } = constants.errno;
const { crowdedOut, refused, sent } = udpCounterAt;

export interface SendCalls {
  /** Sends up to `count` replies from number `first` on: how many were sent, at least 1, or a negative errno. */
  send(first: number, count: number): number;
  /** Whether there was room before too long. */
  waitForRoom(): boolean;
}

export function sendAll(count: number, calls: SendCalls, counters: Float64Array): void {
  let isPatient = true;
  for (let next = 0; next < count; ) {
    const result = calls.send(next, count - next);
    if (result > 0) {
      next += result;
      counters[sent]! += result;
    } else if (result === -EAGAIN && isPatient) {
      isPatient = calls.waitForRoom();
    } else if (result !== -EINTR) {
      counters[result === -EAGAIN || result === -ENOBUFS ? crowdedOut : refused]! += 1;
      next += 1;
    }
  }
}
