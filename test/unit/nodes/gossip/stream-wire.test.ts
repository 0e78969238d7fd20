import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyRing } from '../../../../src/nodes/gossip/key-ring.ts';
import { deflate } from '../../../../src/nodes/gossip/lzw.ts';
import { encode, type Message } from '../../../../src/nodes/gossip/messages.ts';
import { createStreamReader, type StreamReading, sealStream } from '../../../../src/nodes/gossip/stream-wire.ts';
import { ascii, bytes, compressOf, frame, joined, key, nonce, pushPull, ring, sealed, streamMessages } from './packets.ts';

const ack: Message = { type: 'ack', seqNo: 1, payload: new Uint8Array(0) };
const ackBytes = encode(ack, 'stream');
const read = (stream: Uint8Array): StreamReading => createStreamReader(ring).push(stream);

describe('a stream', () => {
  for (const message of streamMessages)
    it(`carries ${message.type}, plain and compressed`, () => {
      for (const compress of [false, true])
        assert.deepEqual(read(sealStream(message, ring, nonce, { compress })), { type: 'message', message });
    });

  it('is framed and proven as others do it', () => {
    assert.deepEqual(new Uint8Array(sealStream(pushPull, ring, nonce)), frame(encode(pushPull, 'stream')));
  });

  it('is compressed where it was asked for, if that makes it smaller', () => {
    const long: Message = { type: 'user', bytes: new Uint8Array(50_000) };
    assert(sealStream(long, ring, nonce, { compress: true }).length < 1000);
    assert.deepEqual(sealStream(ack, ring, nonce, { compress: true }), sealStream(ack, ring, nonce));
  });

  it('may be compressed although that made it longer, as others do', () => {
    assert.deepEqual(read(frame(compressOf(deflate(ackBytes)))), { type: 'message', message: ack });
  });

  it('is read as it comes, byte by byte', () => {
    const whole = sealStream(pushPull, ring, nonce);
    const reader = createStreamReader(ring);
    for (const [index, byte] of whole.entries()) {
      const reading = reader.push(Uint8Array.of(byte));
      if (index < whole.length - 1) assert.deepEqual(reading, { type: 'more' }, `after ${index + 1} bytes`);
      else assert.deepEqual(reading, { type: 'message', message: pushPull });
    }
  });

  it('is read from a buffer that is used again for each part', () => {
    const whole = sealStream(pushPull, ring, nonce);
    const reader = createStreamReader(ring);
    const buffer = new Uint8Array(8);
    let reading: StreamReading = { type: 'more' };
    for (let at = 0; at < whole.length; at += 8) {
      const part = whole.subarray(at, at + 8);
      buffer.set(part);
      reading = reader.push(buffer.subarray(0, part.length));
      buffer.fill(0xee);
    }
    assert.deepEqual(reading, { type: 'message', message: pushPull });
  });

  it('ends with its first frame, whatever follows', () => {
    const reader = createStreamReader(ring);
    const reading = reader.push(joined(sealStream(ack, ring, nonce), sealStream(pushPull, ring, nonce)));
    assert.deepEqual(reading, { type: 'message', message: ack });
    assert.equal(reader.push(sealStream(pushPull, ring, nonce)), reading);
    const refused = createStreamReader(ring);
    refused.push(ascii('x'));
    assert.deepEqual(refused.push(sealStream(ack, ring, nonce)), { type: 'rejected', reason: 'not-encrypted' });
  });

  it('waits for more while nothing is wrong', () => {
    for (const start of ['', '0a', '0a014000', '0a01400000', '0a01400000ff']) assert.deepEqual(read(bytes(start)), { type: 'more' }, start);
  });

  it('costs the memory of what came, not of what was claimed', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => createStreamReader(ring));
    for (const reader of readers) assert.deepEqual(reader.push(bytes('0a 01400000 01')), { type: 'more' });
    const grown = process.memoryUsage().arrayBuffers - before;
    assert(grown < 5_000_000, `${grown} bytes for 100 streams that claim 20 MiB each`);
    assert.equal(readers.length, 100);
  });

  const header = bytes('0a 0000002f');
  const million = joined(bytes('06 83 a44a6f696e c2 a54e6f646573 ce00100000 ac5573657253746174654c656e 00'), new Uint8Array(2000));
  const rows: readonly [string, Uint8Array, string][] = [
    ['in plain', ackBytes, 'not-encrypted'],
    ['under a label', bytes('f4 03'), 'labelled'],
    ['that claims a byte more than 20 MiB', bytes('0a 01400001'), 'too-long'],
    ['that claims 4 GiB', bytes('0a ffffffff'), 'too-long'],
    ['that claims less than a seal', bytes('0a 0000001c'), 'short'],
    ['with nothing in it', frame(new Uint8Array(0)), 'empty'],
    ['under another key', sealStream(ack, keyRing(key(5)), nonce), 'undecryptable'],
    ['whose header is not proven with it', joined(header, sealed(ackBytes)), 'undecryptable'],
    ['with a version that nobody knows', joined(bytes('0a 0000001d 07'), new Uint8Array(28)), 'unknown-version'],
    ['with a message that only datagrams carry', frame(encode({ type: 'nack', seqNo: 1 })), 'wrong-carrier'],
    ['with a compound', frame(bytes('07 01 0001 00')), 'unknown-type'],
    ['that is compressed twice', frame(compressOf(deflate(compressOf(deflate(ackBytes))))), 'unknown-type'],
    ['that is compressed to nothing', frame(compressOf(deflate(new Uint8Array(0)))), 'empty'],
    ['that unpacks to more than 40 MiB', frame(compressOf(deflate(new Uint8Array(40 * 1024 * 1024 + 1)))), 'too-long'],
    ['with a header that names a million members', frame(million), 'too-long'],
    ['with a message that is cut off', frame(encode(pushPull, 'stream').subarray(0, -1)), 'truncated'],
  ];
  for (const [what, stream, reason] of rows)
    it(`is refused ${what}`, () => {
      assert.deepEqual(read(stream), { type: 'rejected', reason });
    });

  it('is not sealed where others would refuse its length', () => {
    assert.throws(() => sealStream({ type: 'user', bytes: new Uint8Array(20 * 1024 * 1024) }, ring, nonce), /at most 20971520 bytes/);
  });
});
