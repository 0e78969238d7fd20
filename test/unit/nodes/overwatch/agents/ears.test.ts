/** The way of messages: in slices, so that a flood keeps nobody from DNS, with an end to what may wait, and never a throw. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { encodeOpen } from '../../../../../src/nodes/identity/agent-wire.ts';
import { createEars, type Ears } from '../../../../../src/nodes/overwatch/agents/ears.ts';
import { agentLimits } from '../../../../../src/nodes/overwatch/agents/limits.ts';

const from = { address: '192.0.2.1', port: 7946 };
const greeting = encodeOpen({ type: 'greet', agent: 'web-1', agentNonce: new Uint8Array(16) });

let seen: string[];
let busyMs: number;
let ears: Ears;
beforeEach(() => {
  seen = [];
  busyMs = 0;
  const take = (what: string) => {
    seen.push(what);
    const until = performance.now() + busyMs;
    while (performance.now() < until);
  };
  ears = createEars({
    introductions: {
      greeting: ({ agent }) => take(agent),
      hello: () => take('hello'),
      counts: { welcomed: 0, passedOver: 0, refused: new Map() },
    },
    beats: { hear: ({ message }) => take(message.type), counts: { changes: 0, acknowledged: 0 } },
    legacy: { hear: () => take('legacy'), heard: () => {}, counts: new Map() },
    rejections: { note: (_agent, reason) => take(reason), noteFacts: () => {}, counts: () => new Map(), stop: () => {} },
  });
});
const turn = () => new Promise((resolve) => setImmediate(resolve));
const messages = (count: number) => Array.from({ length: count }, () => ({ from, bytes: greeting }));

test('what takes long is heard in slices, in its order, and other work goes on between them', async () => {
  busyMs = agentLimits.listenMs / 2;
  ears.hear(messages(20));
  assert(seen.length < 20, `${seen.length} at once`);
  let turns = 0;
  for (; seen.length < 20; turns += 1) await turn();
  assert(turns >= 5, `${turns} turns`);
  assert.equal(ears.counts.get('greet'), 20);
});

test('what comes meanwhile waits behind it', async () => {
  busyMs = agentLimits.listenMs;
  ears.hear(messages(3));
  ears.hear([{ from, bytes: new Uint8Array([0x7b]) }]);
  while (seen.length < 4) await turn();
  assert.deepEqual(seen, ['web-1', 'web-1', 'web-1', 'legacy']);
});

test('no more wait than the table says, and after a stop none', async () => {
  busyMs = 2 * agentLimits.listenMs;
  ears.hear(messages(2));
  ears.hear(messages(agentLimits.messagesWaitingMax + 5));
  assert.equal(ears.dropped, 6, 'one of the first two waits as well');
  ears.stop();
  const before = seen.length;
  await turn();
  await turn();
  assert.equal(seen.length, before);
});

test('no more bytes wait than the table says, and there is room again for what was heard', async () => {
  busyMs = 2 * agentLimits.listenMs;
  const large = { from, bytes: new Uint8Array(agentLimits.messagesWaitingBytesMax / 4).fill(0x4f) };
  ears.hear([large, large, large, large, large, large]);
  assert.deepEqual([seen.length, ears.dropped], [1, 2], 'all came in before the first was heard');
  await turn();
  ears.hear([large, large, large]);
  assert.deepEqual([seen.length, ears.dropped], [2, 3]);
});

test('no bytes make it throw, and each message is heard or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isOurs) => {
      seen = [];
      ears.hear([{ from, bytes: isOurs ? new Uint8Array([0x4f, 1, ...bytes]) : bytes }]);
      assert.equal(seen.length, 1);
    }),
  );
});
