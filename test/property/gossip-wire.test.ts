import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deflate, inflate } from '../../src/nodes/gossip/lzw.ts';
import { type Carrier, decode, encode, type Message, nodeStates } from '../../src/nodes/gossip/messages.ts';
import { readMap } from '../../src/nodes/gossip/msgpack.ts';
import { rejectionMeanings } from '../../src/nodes/gossip/rejections.ts';
import { createStreamReader, type StreamReading, sealStream } from '../../src/nodes/gossip/stream-wire.ts';
import { openDatagram, packDatagrams, sealDatagram } from '../../src/nodes/gossip/wire.ts';
import { wireLimits } from '../../src/nodes/gossip/wire-limits.ts';
import { tries } from '../tries.ts';
import { compoundOf, compressOf, frame, ring, sealed } from '../unit/nodes/gossip/packets.ts';

const u32 = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0xffff_ffff));
const port = fc.integer({ min: 0, max: 65_535 });
const raw = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' });
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9.-]{0,60}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => Buffer.byteLength(text) <= 255),
);
/** An IPv6 address that stands for IPv4 comes back as IPv4, which is another value: its first byte keeps it out. */
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 15, maxLength: 15 }).map((rest) => Uint8Array.of(0x20, ...rest)),
);
const vsn = fc.uint8Array({ minLength: 6, maxLength: 6 });
const source = fc.record(
  { sourceAddr: address, sourcePort: fc.integer({ min: 1, max: 65_535 }), sourceNode: name },
  { requiredKeys: [], noNullPrototype: true },
);
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const described = { incarnation: u32, addr: address, port, meta: raw(512), vsn };

const ping = fc
  .tuple(record({ type: fc.constant('ping' as const), seqNo: u32, node: fc.oneof(fc.constant(''), name) }), source)
  .map(([body, from]): Message => ({ ...body, ...from }));
const indirectPing = fc
  .tuple(record({ type: fc.constant('indirectPing' as const), seqNo: u32, target: address, port, node: name, nack: fc.boolean() }), source)
  .map(([body, from]): Message => ({ ...body, ...from }));
const ack: fc.Arbitrary<Message> = record({ type: fc.constant('ack' as const), seqNo: u32, payload: raw(300) });
const user: fc.Arbitrary<Message> = record({ type: fc.constant('user' as const), bytes: raw(1200) });
const datagramMessage: fc.Arbitrary<Message> = fc.oneof(
  ping,
  indirectPing,
  ack,
  user,
  record({ type: fc.constant('nack' as const), seqNo: u32 }),
  record({ type: fc.constantFrom('suspect' as const, 'dead' as const), incarnation: u32, node: name, from: name }),
  record({ type: fc.constant('alive' as const), node: name, ...described }),
);
const nodeRecord = record({ name, state: fc.constantFrom(...nodeStates), ...described });
const streamMessage: fc.Arbitrary<Message> = fc.oneof(
  ping,
  ack,
  user,
  record({
    type: fc.constant('pushPull' as const),
    join: fc.boolean(),
    nodes: fc.array(nodeRecord, { maxLength: 8 }),
    userState: raw(400),
  }),
  record({ type: fc.constant('err' as const), error: fc.string({ unit: 'grapheme', maxLength: 40 }) }),
);
const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 });
const options = record({ crc: fc.boolean(), compress: fc.boolean() });

/** Sound bytes with a few of them changed, cut off or added. */
const harmed = (sound: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(sound, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { maxLength: 4 }), fc.option(fc.nat()), fc.uint8Array({ maxLength: 8 }))
    .map(([bytes, flips, cut, tail]) => {
      const packet = Uint8Array.from([...bytes, ...tail]);
      for (const [at, bit] of flips) if (packet.length > 0) packet[at % packet.length]! ^= 1 << bit;
      return cut === null ? packet : packet.subarray(0, cut % (packet.length + 1));
    });
const soundInside = fc.oneof(
  datagramMessage.map((message) => encode(message)),
  streamMessage.map((message) => encode(message, 'stream')),
  fc.array(datagramMessage, { minLength: 1, maxLength: 5 }).map((messages) => compoundOf(...messages.map((message) => encode(message)))),
  datagramMessage.map((message) => compressOf(deflate(encode(message)))),
);
/** What may stand within a sealed packet: chaos behind each type byte, sound messages, and sound ones that were harmed. */
const inside = fc.oneof(
  raw(300),
  fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 244), raw(200)).map(([type, rest]) => Uint8Array.of(type, ...rest)),
  soundInside,
  harmed(soundInside),
);
const known = new Set(Object.keys(rejectionMeanings));
const runs = tries(1500);

/** A rejection has a known reason, and a message is one that could be sent again and comes back as itself. */
function isSound(message: Message, carrier: Carrier): void {
  if (message.type === 'pushPull') {
    const { refusedRecords: _, ...sendable } = message;
    assert.deepEqual(decode(encode(sendable, carrier), carrier), sendable);
  } else assert.deepEqual(decode(encode(message, carrier), carrier), message);
}

describe('what gossip sends', () => {
  it('comes back from datagrams as it was', () => {
    fc.assert(
      fc.property(fc.array(datagramMessage, { minLength: 1, maxLength: 30 }), nonce, options, (messages, once, how) => {
        const datagrams = packDatagrams(messages, how);
        assert.deepEqual(datagrams.flat(), messages);
        const opened = datagrams.map((each) => openDatagram(sealDatagram(each, ring, once, how), ring));
        assert.deepEqual(
          opened.flatMap((each) => each.rejected),
          [],
        );
        assert.deepEqual(
          opened.flatMap((each) => each.messages),
          messages,
        );
        for (const each of datagrams)
          if (each.length > 1) assert(sealDatagram(each, ring, once, how).length <= wireLimits.datagramBytesMax);
      }),
      tries(300),
    );
  });

  it('comes back from streams as it was, wherever they are cut into parts', () => {
    fc.assert(
      fc.property(streamMessage, nonce, fc.boolean(), fc.array(fc.nat(), { maxLength: 5 }), (message, once, compress, cuts) => {
        const whole = sealStream(message, ring, once, { compress });
        const places = [0, ...cuts.map((cut) => cut % whole.length).sort((one, other) => one - other), whole.length];
        const reader = createStreamReader(ring);
        const readings = places.slice(1).map((end, index) => reader.push(whole.subarray(places[index], end)));
        assert.deepEqual(readings.at(-1), { type: 'message', message });
        assert(readings.slice(0, -1).every(({ type }) => type === 'more'));
      }),
      tries(300),
    );
  });

  it('comes back from LZW as it was, and never beyond a limit', () => {
    const repetitive = fc.array(fc.constantFrom(0, 1, 2), { maxLength: 6000, size: 'max' }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.oneof(raw(6000), repetitive), fc.nat({ max: 6000 }), (input, limit) => {
        const packed = deflate(input);
        assert.deepEqual(inflate(packed, input.length), input);
        assert.deepEqual(inflate(packed, limit), limit < input.length ? 'too-long' : input);
      }),
      tries(200),
    );
  });

  it('cannot be changed by a bit without being refused', () => {
    fc.assert(
      fc.property(datagramMessage, nonce, fc.nat(), (message, once, place) => {
        const datagram = Uint8Array.from(sealDatagram([message], ring, once, { crc: true }));
        const bit = place % (8 * datagram.length);
        datagram[bit >> 3]! ^= 1 << (bit & 7);
        const { messages, rejected } = openDatagram(datagram, ring);
        assert.deepEqual(messages, []);
        assert.equal(rejected.length, 1);
      }),
      runs,
    );
  });
});

describe('whatever gossip receives', () => {
  function takesDatagram(datagram: Uint8Array): void {
    const before = Uint8Array.from(datagram);
    const { messages, rejected } = openDatagram(datagram, ring);
    assert(messages.length + rejected.length > 0, 'nothing was said of a datagram');
    for (const reason of rejected) assert(known.has(reason), reason);
    for (const message of messages) isSound(message, 'datagram');
    assert.deepEqual(Uint8Array.from(datagram), before);
  }
  function takesStream(stream: Uint8Array): void {
    const reader = createStreamReader(ring);
    const reading: StreamReading = reader.push(stream);
    if (reading.type === 'message') isSound(reading.message, 'stream');
    else if (reading.type === 'rejected') assert(known.has(reading.reason), reading.reason);
  }

  it('does not throw from bytes that are not sealed', () => {
    fc.assert(
      fc.property(raw(200), (bytes) => {
        takesDatagram(bytes);
        takesStream(bytes);
        takesStream(Uint8Array.of(10, 0, 0, 0, 29 + (bytes[0] ?? 0), ...bytes));
      }),
      runs,
    );
  });

  it('does not throw from sealed bytes of any kind', () => {
    fc.assert(
      fc.property(inside, (plain) => {
        takesDatagram(sealed(plain));
        takesStream(frame(plain));
      }),
      tries(4000),
    );
  });

  it('does not throw from packets that were harmed on the way', () => {
    const packet = fc.oneof(
      fc
        .tuple(fc.array(datagramMessage, { minLength: 1, maxLength: 5 }), nonce, options)
        .map(([all, once, how]) => sealDatagram(all, ring, once, how)),
      fc.tuple(streamMessage, nonce).map(([message, once]) => sealStream(message, ring, once)),
    );
    fc.assert(
      fc.property(harmed(packet), (bytes) => {
        takesDatagram(bytes);
        takesStream(bytes);
      }),
      runs,
    );
  });

  it('does not throw from any msgpack or LZW, and reads no further than there are bytes', () => {
    fc.assert(
      fc.property(raw(200), fc.nat({ max: 210 }), (bytes, at) => {
        const reading = readMap(Uint8Array.of(0x82, 0xa1, 0x61, ...bytes), 0);
        if (typeof reading === 'object') assert(reading.end <= bytes.length + 3);
        readMap(bytes, at);
        const inflated = inflate(bytes, 1000);
        if (inflated instanceof Uint8Array) assert(inflated.length <= 1000);
      }),
      tries(5000),
    );
  });
});
