/** What one TCP connection writes, seen write by write; everything else about it is on real sockets in test/integration/dns.test.ts. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import type { Answer } from '../../../../src/nodes/dns/answering.ts';
import { dnsLimits } from '../../../../src/nodes/dns/limits.ts';
import { openConnection } from '../../../../src/nodes/dns/tcp-connection.ts';

const framed = (message: Buffer) => Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);

/** A peer whose every read is given, and every write noted as it comes. */
function peerOf(answer: Answer) {
  const writes: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(bytes: Buffer, _, done) {
      writes.push(bytes);
      done();
    },
  });
  openConnection(socket as Socket, { answer, onCount: () => {}, limits: dnsLimits, clock: virtualClock(0) });
  return { writes, socket };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const echo: Answer = (packet) => Buffer.from(packet);
const query = (byte: number, length = 20) => Buffer.alloc(length, byte);

describe('a TCP connection', () => {
  it('writes a length and its message together, and all replies to one read at once', async () => {
    const { writes, socket } = peerOf(echo);
    socket.push(framed(query(1)));
    await turn();
    socket.push(Buffer.concat([2, 3, 4].map((byte) => framed(query(byte)))));
    await turn();
    assert.deepEqual(writes, [framed(query(1)), Buffer.concat([2, 3, 4].map((byte) => framed(query(byte))))]);
  });

  it('writes what it has where a query is still on its way, and nothing for what has no reply', async () => {
    const { writes, socket } = peerOf((packet) => (packet[0] === 9 ? null : Buffer.from(packet)));
    socket.push(Buffer.concat([framed(query(1)), framed(query(9)), framed(query(2)).subarray(0, 5)]));
    await turn();
    assert.deepEqual(writes, [framed(query(1))]);
    socket.push(framed(query(2)).subarray(5));
    await turn();
    assert.deepEqual(writes.slice(1), [framed(query(2))]);
  });

  it('gathers no more than the limit before it writes, and still writes whole messages', async () => {
    const large = dnsLimits.tcpWriteBytes / 4;
    const { writes, socket } = peerOf((packet) => Buffer.alloc(large, packet[0] ?? 0));
    socket.push(Buffer.concat(Array.from({ length: 10 }, (_, index) => framed(query(index)))));
    await turn();
    assert.deepEqual(
      writes.map((bytes) => bytes.length),
      [4 * (2 + large), 4 * (2 + large), 2 * (2 + large)],
    );
  });

  it('sends what was answered before it closes for a query that is too long', async () => {
    const { writes, socket } = peerOf(echo);
    socket.push(Buffer.concat([framed(query(1)), Buffer.from([0xff, 0xff])]));
    await turn();
    assert.deepEqual([writes.length, socket.destroyed], [1, true]);
  });

  it('answers nothing more once the peer is gone', async () => {
    let answered = 0;
    const { socket } = peerOf((packet) => {
      answered += 1;
      return Buffer.from(packet);
    });
    socket.push(Buffer.concat(Array.from({ length: 3 * dnsLimits.tcpQueriesPerTurn }, () => framed(query(1)))));
    await turn();
    const before = answered;
    assert.ok(before >= dnsLimits.tcpQueriesPerTurn && before < 3 * dnsLimits.tcpQueriesPerTurn);
    socket.destroy();
    await turn();
    await turn();
    assert.equal(answered, before);
  });
});
