/**
 * Orders of agents on their way to the engine: of each agent one at a time, a bounded number of all together, so that a
 * person's order never waits behind ten thousand of them. What comes while one of the same agent is under way takes the
 * place of what waited: claims are whole, and the newest say everything. An introduction is no claim and has its own lane.
 *
 *     of this agent is under way    waits      a new one
 *     none, and there is a place    -          goes to the engine
 *     none, and there is no place   none       waits, if the table has room; else it is dropped
 *     any                           one        takes its place, and the one that waited is dropped
 */
import type { Order } from '../../../commands/command.ts';
import type { Outcome } from '../../engine.ts';
import { agentLimits } from './limits.ts';

export interface OrderLanes {
  /** `lane`: the agent, or what else has its own place in the order. `settled` hears what came of it; of what is dropped, nobody hears. */
  give(lane: string, order: Order, settled: (outcome: Outcome) => void): void;
  /** Orders that were dropped since the start. */
  readonly dropped: number;
  /** Takes no more. */
  stop(): void;
}

interface Given {
  readonly order: Order;
  readonly settled: (outcome: Outcome) => void;
}

export function createOrderLanes(execute: (order: Order) => Promise<Outcome>): OrderLanes {
  const underWay = new Set<string>();
  const waiting = new Map<string, Given>();
  let dropped = 0;
  let stopped = false;

  function send(lane: string, { order, settled }: Given): void {
    underWay.add(lane);
    void execute(order).then((outcome) => {
      underWay.delete(lane);
      if (stopped) return;
      settled(outcome);
      sendNext();
    });
  }

  function sendNext(): void {
    for (const [lane, given] of waiting) {
      if (underWay.size >= agentLimits.ordersAtOnce) return;
      if (underWay.has(lane)) continue;
      waiting.delete(lane);
      send(lane, given);
    }
  }

  return {
    give(lane, order, settled) {
      if (stopped) return;
      const given = { order, settled };
      if (!underWay.has(lane) && !waiting.has(lane) && underWay.size < agentLimits.ordersAtOnce) return send(lane, given);
      const isReplaced = waiting.has(lane);
      if (isReplaced || waiting.size >= agentLimits.ordersWaitingMax) dropped += 1;
      if (isReplaced || waiting.size < agentLimits.ordersWaitingMax) waiting.set(lane, given);
    },
    get dropped() {
      return dropped;
    },
    stop() {
      stopped = true;
      waiting.clear();
    },
  };
}
