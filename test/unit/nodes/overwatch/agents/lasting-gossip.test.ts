/** A gossip that breaks down is started again, on a clock that is moved by hand; each one that is started is a real member. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '../../../../../src/nodes/clock.ts';
import type { Gossip, GossipOptions } from '../../../../../src/nodes/gossip/gossip.ts';
import { startGossip } from '../../../../../src/nodes/gossip/start-gossip.ts';
import { openLastingGossip } from '../../../../../src/nodes/overwatch/agents/lasting-gossip.ts';
import { agentLimits } from '../../../../../src/nodes/overwatch/agents/limits.ts';

const options = { name: 'ow', bind: '127.0.0.1:0', key: Buffer.alloc(32, 7).toString('base64'), preset: 'local', thread: false } as const;

test('it is started again after a while, until that succeeds, and closes with the node', async () => {
  const clock = virtualClock(0);
  const opened: { readonly gossip: Gossip; readonly hears: GossipOptions['hears'] }[] = [];
  const said: string[] = [];
  let lost = 0;
  let refusals = 0;
  const lasting = await openLastingGossip(
    { ...options, hears: {} },
    {
      clock,
      start: async (asked) => {
        if (opened.length === 1 && ++refusals === 1) throw new Error('the port is taken');
        const gossip = await startGossip(asked);
        opened.push({ gossip, hears: asked.hears });
        return gossip;
      },
      logger: {
        info: (text: unknown) => said.push(String(text)),
        error: (_of: unknown, text?: string) => said.push(String(text)),
      } as never,
      lost: () => (lost += 1),
    },
  );
  const [first] = opened;
  assert.equal(lasting.current(), first?.gossip);
  await first?.gossip.close();
  first?.hears.failed?.(new Error('its thread died'));
  assert.equal(lost, 1);
  await clock.moveTo(agentLimits.reopenMs);
  assert.deepEqual([opened.length, refusals], [1, 1], 'the port was taken');
  await clock.moveTo(2 * agentLimits.reopenMs);
  while (!said.includes('the gossip was started again')) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(lasting.current(), opened[1]?.gossip);
  assert.notEqual(lasting.current(), first?.gossip);

  await lasting.close();
  opened[1]?.hears.failed?.(new Error('after the end'));
  await clock.moveTo(10 * agentLimits.reopenMs);
  assert.equal(opened.length, 2);
});
