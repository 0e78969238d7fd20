/**
 * What went wrong for others who spoke this protocol, each with the test that holds it here. Those that no other file holds
 * are below.
 *
 *      1  text decoding corrupts bytes             messages: alive as it was seen on the wire, whose meta is no UTF-8
 *      2  bin where text is expected               msgpack: writes text and bytes in the old form only
 *      3  others always compress                   wire: may be compressed; stream-wire: may be compressed although longer
 *      4  what is proven beside a frame            key-ring: what other members make of a label; stream-wire: is framed and proven
 *      5  a clash of versions after the answer     push-pull: versions that do not fit together end the whole exchange; below
 *      6  a record without versions                messages: without versions; push-pull: a record is left out; property: never throws
 *      7  a busy program is taken for dead         gossip (integration): a busy main thread; probe: who was asleep
 *      8  IPv4 within IPv6                         messages: is read and written as IPv4; member-rules: is the same member
 *      9  messages that come several times         swim: a broadcast goes out as often as a rumour; beats: replayed
 *     10  bytes behind a frame, plain streams      stream-wire: ends with its first frame; is refused where it is not encrypted
 *     11  checksums on some packets only           wire: has a checksum where it was asked for; below
 *     12  answers go to where the asker listens    probe: a ping is answered to where the asker says
 *     13  acknowledgements with a payload          below
 *     14  a leave that never ends                  swim: who leaves says so until that was spread; a leave ends at once without company
 *     15  numbers that wrap                        messages: a number above u32, and one that is none; below
 *     16  nonces                                   below
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { wordMax } from '../../../../src/nodes/gossip/swim-limits.ts';
import { nextSequence, type SwimState } from '../../../../src/nodes/gossip/swim-state.ts';
import { startTestMember } from '../../../gossip-members.ts';
import { alive, memberA, only, pushPull, record, sentOf, suspect } from './swim-member.ts';

test('5: who asks is answered although versions clash, and it is counted here, where it can be seen', () => {
  const a = memberA({ knows: ['b'] });
  const clash = pushPull([record('x', 'alive', 1, { vsn: Uint8Array.of(1, 5, 2, 2, 5, 5) })], true);
  const outputs = a.step({ type: 'request', stream: 1, message: clash, from: { address: '10.0.0.120', port: 7946 } });
  assert.deepEqual(
    outputs.map(({ type }) => type),
    ['reply'],
  );
  assert.deepEqual([a.refused()['version-clash'], a.stateOf('x')], [1, undefined]);
});

test('11: rumours have a checksum for who understands it, and pings and answers have none', () => {
  const a = memberA({ knows: ['b'] });
  a.hear(alive('o', 1, { vsn: Uint8Array.of(1, 4, 2, 0, 0, 0) }));
  const packets = only(a.moveTo(a.now() + 5_000), 'send');
  const rumours = packets.filter(({ messages }) => messages[0]?.type === 'alive');
  assert.deepEqual(new Set(rumours.map(({ to, crc }) => `${to.address} ${crc}`)), new Set(['10.0.0.98 true', '10.0.0.111 false']));
  const pings = packets.filter(({ messages: [first, second] }) => first?.type === 'ping' && second?.type !== 'suspect');
  const [answer] = only(a.hear({ type: 'ping', seqNo: 1, node: 'a' }), 'send');
  assert.ok(pings.length > 0 && pings.every(({ crc }) => !crc) && answer?.crc === false);
});

test('13: an acknowledgement counts, whatever it carries', () => {
  const a = memberA({ knows: ['b'] });
  a.moveTo(a.now() + 5_000, (output) => {
    const [ping] = sentOf([output], 'ping');
    return (
      ping && {
        type: 'datagram',
        messages: [{ type: 'ack', seqNo: ping.seqNo, payload: new Uint8Array(130) }],
        from: { address: '10.0.0.98', port: 7946 },
      }
    );
  });
  assert.ok(a.swim.counters().probes > 2);
  assert.deepEqual([a.swim.counters().probesFailed, a.stateOf('b')], [0, 'alive']);
});

test('15: numbers of pings begin again, and incarnations are compared without a sign', () => {
  const state = { sequence: wordMax - 1 } as SwimState;
  assert.deepEqual([nextSequence(state), nextSequence(state), nextSequence(state)], [wordMax, 0, 1]);
  const a = memberA({ knows: ['b', 'c'] });
  a.hear(alive('b', 2 ** 31 - 1));
  a.hear(alive('b', 2 ** 31));
  a.hear(suspect('b', 2 ** 31 - 1, 'c'));
  assert.deepEqual([a.member('b')?.incarnation, a.stateOf('b')], [2 ** 31, 'alive']);
});

test('16: no two packets have the same nonce', async (t) => {
  const { gossip } = await startTestMember({ key: Buffer.alloc(32, 7).toString('base64'), name: 'a', thread: false });
  t.after(() => gossip.close());
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => socket.close());
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  const nonces: string[] = [];
  for (let sent = 0; sent < 50; sent++) {
    gossip.send({ address: '127.0.0.1', port }, Uint8Array.of(1));
    const [packet] = (await once(socket, 'message')) as [Buffer];
    nonces.push(packet.toString('hex', 1, 13));
  }
  assert.equal(new Set(nonces).size, nonces.length);
});
