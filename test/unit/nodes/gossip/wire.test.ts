import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from '../../../../src/nodes/gossip/crc32.ts';
import { keyRing } from '../../../../src/nodes/gossip/key-ring.ts';
import { deflate } from '../../../../src/nodes/gossip/lzw.ts';
import { encode, type Message } from '../../../../src/nodes/gossip/messages.ts';
import { openDatagram, packDatagrams, sealDatagram } from '../../../../src/nodes/gossip/wire.ts';
import { wireLimits } from '../../../../src/nodes/gossip/wire-limits.ts';
import {
  alive,
  ascii,
  bytes,
  compoundOf,
  compressOf,
  datagramMessages,
  hex,
  joined,
  key,
  nonce,
  paddingFor,
  pushPull,
  ring,
  sealed,
  sealedAsVersion0,
} from './packets.ts';

const ack: Message = { type: 'ack', seqNo: 1, payload: new Uint8Array(0) };
const nack: Message = { type: 'nack', seqNo: 2 };
const [ackBytes, nackBytes] = [encode(ack), encode(nack)];
const opened = (plain: Uint8Array) => openDatagram(sealed(plain), ring);
/** What is inside what we seal, as bytes: the peer's view of it. */
function inside(messages: readonly Message[], options: { crc: boolean; compress?: boolean }): string {
  const datagram = sealDatagram(messages, ring, nonce, options);
  const probe = Array.from({ length: datagram.length - 29 }, () => 0);
  const stream = sealed(Uint8Array.from(probe)).subarray(13, -16);
  // The same key and nonce give the same key stream, so the bytes of a sealed row of zeros uncover what was sealed.
  return hex(datagram.subarray(13, -16).map((byte, index) => byte ^ (stream[index] ?? 0)));
}
const withChecksum = (message: Uint8Array, checksum = crc32(message)) =>
  joined(Uint8Array.of(12, checksum >>> 24, (checksum >>> 16) & 255, (checksum >>> 8) & 255, checksum & 255), message);
const nested = (layers: number): Uint8Array => (layers === 0 ? ackBytes : compoundOf(nested(layers - 1)));

describe('the checksum', () => {
  it('is that of everybody else', () => {
    assert.equal(crc32(ascii('123456789')).toString(16), 'cbf43926');
    assert.equal(crc32(new Uint8Array(0)), 0);
  });
});

describe('a datagram that we seal', () => {
  it('holds one message as it is', () => {
    assert.equal(inside([ack], { crc: false }), hex(ackBytes));
  });

  it('holds several as a compound', () => {
    const [first, second] = [ascii('a'.repeat(58)), ascii('b'.repeat(58))].map((text): Message => ({ type: 'user', bytes: text }));
    assert(first !== undefined && second !== undefined);
    const whole = inside([first, second], { crc: false });
    assert(whole.startsWith('0702003b003b08'), whole);
    assert.equal(whole, hex(compoundOf(encode(first), encode(second))));
  });

  it('has a checksum where it was asked for, around everything else', () => {
    assert.equal(inside([ack], { crc: true }), hex(withChecksum(ackBytes)));
    assert.equal(inside([ack, nack], { crc: true }), hex(withChecksum(compoundOf(ackBytes, nackBytes))));
  });

  it('is compressed where it was asked for, if that makes it smaller', () => {
    const even: Message = { type: 'user', bytes: new Uint8Array(600) };
    assert(inside([even], { crc: false, compress: true }).startsWith('0982a4416c676f00a3427566'));
    assert.equal(inside([ack], { crc: false, compress: true }), hex(ackBytes));
    assert.deepEqual(openDatagram(sealDatagram([even, ack], ring, nonce, { crc: true, compress: true }), ring), {
      messages: [even, ack],
      rejected: [],
    });
  });

  it('has 1 to 255 messages', () => {
    const many = (count: number) => Array.from({ length: count }, () => nack);
    assert.equal(openDatagram(sealDatagram(many(255), ring, nonce, { crc: false }), ring).messages.length, 255);
    for (const count of [0, 256])
      assert.throws(() => sealDatagram(many(count), ring, nonce, { crc: false }), new RegExp(`1 to 255 messages, not ${count}`));
  });

  it('is opened again, each message in it and all of them', () => {
    for (const crc of [false, true]) {
      for (const message of datagramMessages)
        assert.deepEqual(openDatagram(sealDatagram([message], ring, nonce, { crc }), ring), { messages: [message], rejected: [] });
      assert.deepEqual(openDatagram(sealDatagram(datagramMessages, ring, nonce, { crc }), ring), {
        messages: datagramMessages,
        rejected: [],
      });
    }
  });
});

describe('sharing messages out to datagrams', () => {
  it('fills each one to its last byte, and never beyond', () => {
    for (const crc of [false, true]) {
      // Two messages and what is around them: 29 to seal, 2 for the compound, 2 for each length, 5 for the checksum.
      const room = 1400 - 29 - 2 - 4 - (crc ? 5 : 0);
      const pair = (total: number): Message[] => [nack, { type: 'user', bytes: new Uint8Array(total - nackBytes.length - 1) }];
      const [full] = packDatagrams(pair(room), { crc });
      assert.equal(full?.length, 2);
      assert.equal(sealDatagram(full, ring, nonce, { crc }).length, wireLimits.datagramBytesMax);
      assert.deepEqual(
        packDatagrams(pair(room + 1), { crc }).map(({ length }) => length),
        [1, 1],
      );
    }
  });

  it('keeps the order, and leaves nothing out', () => {
    const messages = Array.from({ length: 400 }, (_, seqNo): Message => ({ type: 'nack', seqNo }));
    const datagrams = packDatagrams(messages, { crc: true });
    assert(datagrams.length > 1);
    assert.deepEqual(datagrams.flat(), messages);
    for (const datagram of datagrams) assert(sealDatagram(datagram, ring, nonce, { crc: true }).length <= wireLimits.datagramBytesMax);
  });

  it('puts no more than 255 into one', () => {
    const small = Array.from({ length: 300 }, (): Message => ({ type: 'user', bytes: new Uint8Array(0) }));
    assert.deepEqual(
      packDatagrams(small, { crc: false }).map(({ length }) => length),
      [255, 45],
    );
  });

  it('sends one that is too long for any by itself', () => {
    const long: Message = { type: 'user', bytes: new Uint8Array(3000) };
    assert.deepEqual(packDatagrams([nack, long, ack], { crc: false }), [[nack], [long], [ack]]);
  });

  it('makes none of none', () => {
    assert.deepEqual(packDatagrams([], { crc: false }), []);
  });
});

describe('a datagram that others seal', () => {
  it('may come as version 0', () => {
    assert.deepEqual(openDatagram(sealedAsVersion0(ackBytes, paddingFor(ackBytes)), ring), { messages: [ack], rejected: [] });
  });

  it('may be compressed, and a compound of compressed and plain parts', () => {
    const compressed = compressOf(deflate(ackBytes));
    assert.deepEqual(opened(compressed), { messages: [ack], rejected: [] });
    assert.deepEqual(opened(withChecksum(compressOf(deflate(compoundOf(nackBytes, compressed))))), { messages: [nack, ack], rejected: [] });
  });

  it('may have four layers around a message, and no fifth', () => {
    assert.deepEqual(opened(withChecksum(nested(4))), { messages: [ack], rejected: [] });
    assert.deepEqual(opened(nested(5)), { messages: [], rejected: ['too-deep'] });
    const packedTimes = (layers: number): Uint8Array => (layers === 0 ? ackBytes : compressOf(deflate(packedTimes(layers - 1))));
    assert.deepEqual(opened(packedTimes(4)), { messages: [ack], rejected: [] });
    assert.deepEqual(opened(packedTimes(5)), { messages: [], rejected: ['too-deep'] });
  });

  it('loses only those parts of a compound that are unsound', () => {
    assert.deepEqual(opened(compoundOf(ackBytes, Uint8Array.of(99), encode(pushPull), new Uint8Array(0), nackBytes)), {
      messages: [ack, nack],
      rejected: ['unknown-type', 'wrong-carrier', 'empty'],
    });
  });

  it('loses only what is missing where a compound is cut short', () => {
    const whole = compoundOf(ackBytes, nackBytes, ackBytes);
    assert.deepEqual(opened(whole.subarray(0, -1)), { messages: [ack, nack], rejected: ['truncated'] });
    assert.deepEqual(opened(joined(whole, Uint8Array.of(1, 2, 3))), { messages: [ack, nack, ack], rejected: [] });
  });

  it('is looked at up to a limit of messages, good and bad', () => {
    const [good, bad] = [nackBytes, Uint8Array.of(99)].map((part) => compoundOf(...Array.from({ length: 255 }, () => part)));
    assert(good !== undefined && bad !== undefined);
    const five = (part: Uint8Array) => opened(compoundOf(...Array.from({ length: 5 }, () => part)));
    assert.equal(five(good).messages.length, wireLimits.datagramMessagesMax);
    assert.deepEqual(five(good).rejected, ['too-many-parts']);
    assert.equal(five(bad).rejected.length, wireLimits.datagramMessagesMax + 1);
  });

  it('unpacks to no more than a datagram could have held, in all its parts together', () => {
    const user = (length: number) => compressOf(deflate(joined(Uint8Array.of(8), new Uint8Array(length - 1))));
    assert.equal(opened(user(65_536)).messages.length, 1);
    assert.deepEqual(opened(user(65_537)), { messages: [], rejected: ['too-long'] });
    assert.deepEqual(opened(user(8_000_000)), { messages: [], rejected: ['too-long'] });
    const half = opened(compoundOf(user(30_000), user(30_000), user(30_000), user(5000)));
    assert.equal(half.messages.length, 3);
    assert.deepEqual(half.rejected, ['too-long']);
  });

  const rows: readonly [string, Uint8Array, string][] = [
    ['of no bytes', new Uint8Array(0), 'short'],
    ['in plain', ackBytes, 'unknown-version'],
    ['that begins as if it were sealed', bytes('01 00 00'), 'short'],
    ['under another key', sealDatagram([ack], keyRing(key(5)), nonce, { crc: false }), 'undecryptable'],
    ['under a label', joined(bytes('f4 03'), ascii('lbl'), sealed(ackBytes, ascii('lbl'))), 'labelled'],
    ['with nothing in it', sealed(new Uint8Array(0)), 'empty'],
    ['with a wrong checksum', sealed(withChecksum(ackBytes, crc32(ackBytes) ^ 1)), 'checksum'],
    ['with a checksum that is cut off', sealed(bytes('0c 01 02 03')), 'truncated'],
    ['with a checksum of nothing', sealed(withChecksum(new Uint8Array(0))), 'empty'],
    ['with a checksum within a compound', sealed(compoundOf(withChecksum(ackBytes))), 'unknown-type'],
    ['with a compound without a count', sealed(bytes('07')), 'truncated'],
    ['with a compound without its lengths', sealed(bytes('07 02 0001')), 'truncated'],
    ['with a compound of nothing', sealed(bytes('07 00')), 'empty'],
    ['with a compound of an unknown type', sealed(compoundOf(bytes('63'))), 'unknown-type'],
    ['compressed in an unknown way', sealed(compressOf(deflate(ackBytes), 1)), 'compression'],
    ['compressed without contents', sealed(bytes('09 81 a4416c676f 00')), 'compression'],
    ['compressed to contents that are no LZW', sealed(compressOf(bytes('ffffff'))), 'compression'],
    ['compressed to nothing', sealed(compressOf(deflate(new Uint8Array(0)))), 'empty'],
    ['compressed and cut off', sealed(compressOf(deflate(ackBytes)).subarray(0, -1)), 'truncated'],
    ['compressed into no map', sealed(bytes('09 01')), 'malformed'],
    ['with the state of a cluster', sealed(encode(pushPull)), 'wrong-carrier'],
    ['with a member without versions', sealed(bytes(hex(encode(alive)).replace('a356736ea6010502000000', 'a356736ea0'))), 'bad-versions'],
  ];
  for (const [what, datagram, rejected] of rows)
    it(`is refused ${what}`, () => {
      assert.deepEqual(openDatagram(datagram, ring), { messages: [], rejected: [rejected] });
    });
});
