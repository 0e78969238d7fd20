/** Orders of agents: one of each at a time, few of all together, the newest of each waits. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Order } from '../../../../../src/commands/command.ts';
import type { Outcome } from '../../../../../src/nodes/engine.ts';
import { agentLimits } from '../../../../../src/nodes/overwatch/agents/limits.ts';
import { createOrderLanes, type OrderLanes } from '../../../../../src/nodes/overwatch/agents/order-lanes.ts';

let underWay: { readonly agent: string; readonly finish: () => Promise<void> }[];
let lanes: OrderLanes;
let settled: string[];
beforeEach(() => {
  underWay = [];
  settled = [];
  lanes = createOrderLanes((order) => {
    return new Promise<Outcome>((resolve) => {
      const finish = async () => {
        resolve({ events: [], repeated: false });
        await new Promise((next) => setImmediate(next));
      };
      underWay.push({ agent: `${order.actor.name}${order.key ?? ''}`, finish });
    });
  });
});

const order = (agent: string, key: string): Order => ({
  ...{ command: { kind: 'forgetAgent', agent }, actor: { kind: 'agent', name: agent }, key },
});
const give = (agent: string, key: string) => lanes.give(agent, order(agent, key), () => settled.push(`${agent}${key}`));
const sent = () => underWay.map(({ agent }) => agent);

test('of one agent the next goes when the one before is done, and the newest is the one that waited', async () => {
  for (const key of ['1', '2', '3']) give('a', key);
  assert.deepEqual(sent(), ['a1']);
  await underWay[0]?.finish();
  assert.deepEqual([sent(), settled, lanes.dropped], [['a1', 'a3'], ['a1'], 1]);
});

test('of all agents only so many are under way, and the others follow in their order', async () => {
  for (let number = 0; number < agentLimits.ordersAtOnce + 3; number += 1) give(`a${number}-`, '');
  assert.equal(sent().length, agentLimits.ordersAtOnce);
  await underWay[5]?.finish();
  assert.equal(sent().at(-1), `a${agentLimits.ordersAtOnce}-`);
  await underWay[6]?.finish();
  assert.equal(sent().at(-1), `a${agentLimits.ordersAtOnce + 1}-`);
});

test('the table of those that wait has an end', () => {
  const all = agentLimits.ordersAtOnce + agentLimits.ordersWaitingMax;
  for (let number = 0; number < all + 7; number += 1) give(`a${number}`, '');
  assert.deepEqual([sent().length, lanes.dropped], [agentLimits.ordersAtOnce, 7]);
});

test('an order that is given while another one settles goes its way', async () => {
  lanes.give('a', order('a', '1'), () => give('a', '2'));
  await underWay[0]?.finish();
  assert.deepEqual(sent(), ['a1', 'a2']);
});

test('a stop sends nothing that waits, and tells nobody', async () => {
  give('a', '1');
  give('a', '2');
  lanes.stop();
  await underWay[0]?.finish();
  assert.deepEqual([sent(), settled], [['a1'], []]);
});
