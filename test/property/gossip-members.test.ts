import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressBytes } from '../../src/nodes/gossip/address.ts';
import { encode, type Message, nodeStates } from '../../src/nodes/gossip/messages.ts';
import { createSwim, swimSettings } from '../../src/nodes/gossip/swim.ts';
import type { Input } from '../../src/nodes/gossip/swim-interface.ts';
import { packetBudget, partBytes, swimLimits } from '../../src/nodes/gossip/swim-limits.ts';
import { timingPresets } from '../../src/nodes/gossip/timing.ts';
import { drawsFrom } from '../torture/chance.ts';
import { tries } from '../tries.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'a name as long as a member may have'.padEnd(255, '.'));
const incarnation = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1));
const seqNo = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constant(2 ** 32 - 1));
const port = fc.constantFrom(0, 1, 7946, 65_535);
const addr = fc.constantFrom(addressBytes('10.0.0.1'), addressBytes('10.0.0.2'), addressBytes('2001:db8::7'));
const meta = fc.constantFrom(new Uint8Array(), Uint8Array.of(1), new Uint8Array(512));
const vsn = fc.oneof(fc.constant(Uint8Array.of(1, 5, 2, 0, 0, 0)), fc.uint8Array({ minLength: 6, maxLength: 6, max: 6 }));
const described = { incarnation, addr, port, meta, vsn };
const source = { sourceAddr: addr, sourcePort: port, sourceNode: name };

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record(
    { type: fc.constant('ping' as const), seqNo, node: fc.oneof(name, fc.constant('')), ...source },
    { requiredKeys: ['type', 'seqNo', 'node'] },
  ),
  fc.record({ type: fc.constant('indirectPing' as const), seqNo, target: addr, port, node: name, nack: fc.boolean(), ...source }),
  fc.record({ type: fc.constant('ack' as const), seqNo, payload: meta }),
  fc.record({ type: fc.constant('nack' as const), seqNo }),
  fc.record({ type: fc.constantFrom('suspect' as const, 'dead' as const), incarnation, node: name, from: name }),
  fc.record({ type: fc.constant('alive' as const), node: name, ...described }),
  fc.record({ type: fc.constant('user' as const), bytes: meta }),
  fc.record({ type: fc.constant('err' as const), error: fc.string() }),
  fc.record({
    type: fc.constant('pushPull' as const),
    join: fc.boolean(),
    nodes: fc.array(fc.record({ name, state: fc.constantFrom(...nodeStates), ...described }), { maxLength: 6 }),
    userState: meta,
  }),
);
const place = fc.record({ address: fc.constantFrom('10.0.0.1', '10.0.0.2'), port: fc.constantFrom(7946, 9000) });
const stream = fc.integer({ min: 0, max: 8 });
const input: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('datagram' as const), messages: fc.array(message, { maxLength: 6 }), from: place }),
  },
  { weight: 6, arbitrary: fc.constant({ type: 'tick' as const }) },
  fc.record({ type: fc.constant('request' as const), stream, message, from: place }),
  fc.record({ type: fc.constant('response' as const), stream, message }),
  fc.record({ type: fc.constant('streamFailed' as const), stream, why: fc.constant('no') }),
  fc.record({ type: fc.constant('sendFailed' as const), to: place, remote: fc.boolean() }),
  fc.record({ type: fc.constant('join' as const), addresses: fc.array(place, { maxLength: 3 }), remember: fc.boolean() }),
  fc.record({ type: fc.constant('updateMeta' as const), meta }),
  fc.record({ type: fc.constant('leave' as const), timeoutMs: fc.constantFrom(0, 1_000) }),
);

test('whatever comes in, in whatever order and at whatever time, nothing throws, grows beyond its limit or is said that does not fit', () => {
  const limits = { ...swimLimits, members: 4, relays: 2, broadcasts: 3, exchanges: 2 };
  const steps = fc.array(fc.tuple(input, fc.constantFrom(0, 1, 100, 600, 4_000, 60_000)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer(), (inputs, seed) => {
      const self = { name: 'a', address: '10.0.0.1', port: 7946, meta: new Uint8Array() };
      const swim = createSwim({ ...swimSettings(timingPresets.lan), limits }, self, drawsFrom(seed).fraction, 0);
      let now = 0;
      for (const [one, laterMs] of inputs) {
        now += laterMs;
        for (const output of swim.step(one, now)) {
          if (output.type === 'send') {
            const bytes = output.messages.reduce((sum, said) => sum + encode(said).length + partBytes, 0);
            assert.ok(bytes <= packetBudget, `${bytes} bytes`);
          } else if (output.type === 'open' || output.type === 'reply') encode(output.message, 'stream');
        }
        assert.ok(swim.members().length <= limits.members && swim.queueLength() <= limits.broadcasts);
        assert.ok(Number.isFinite(swim.wakeAt()));
        assert.ok(swim.members().some((member) => member.name === 'a' && (member.state === 'alive' || member.state === 'left')));
      }
    }),
    tries(400),
  );
});
