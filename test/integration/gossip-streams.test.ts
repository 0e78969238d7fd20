/** Streams of the gossip on real sockets, at their limits. */
import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { keyRing, parseKey } from '../../src/nodes/gossip/key-ring.ts';
import type { Message } from '../../src/nodes/gossip/messages.ts';
import { createStreams, type Streams } from '../../src/nodes/gossip/streams.ts';
import { noTransportCounts, type TransportCounts } from '../../src/nodes/gossip/transport-counts.ts';
import { type TransportLimits, transportLimits } from '../../src/nodes/gossip/transport-limits.ts';
import { makeKey, until } from '../gossip-members.ts';

interface Running {
  readonly streams: Streams;
  readonly counts: TransportCounts;
  readonly port: number;
  readonly failures: string[];
  readonly requests: Message[];
}

async function run(t: TestContext, limits: Partial<TransportLimits>, answers = true): Promise<Running> {
  const key = parseKey(makeKey());
  assert.ok(key);
  const [ring, counts, failures, requests] = [keyRing(key), noTransportCounts(), [] as string[], [] as Message[]];
  const settings = { ring: () => ring, limits: { ...transportLimits, ...limits }, counts, compress: false };
  const streams = createStreams(
    { ...settings, timeoutMs: 10_000, localAddress: undefined },
    {
      request(stream, message) {
        requests.push(message);
        if (answers) streams.reply(stream, { type: 'ack', seqNo: 1, payload: new Uint8Array() });
      },
      response: () => {},
      failed: (_stream, why) => void failures.push(why),
    },
  );
  await new Promise<void>((resolve) => streams.server.listen(0, '127.0.0.1', resolve));
  t.after(() => streams.close());
  return { streams, counts, port: (streams.server.address() as AddressInfo).port, failures, requests };
}

describe('streams', { timeout: 30_000 }, () => {
  it('hold only so many bytes of unfinished frames together, and the one that exceeds it is closed', async (t) => {
    const { counts, port } = await run(t, { streamBytesAtOnce: 100_000 });
    // The beginning of a frame of 1 MB, of which 60 KB come.
    const beginning = Buffer.concat([Buffer.from([10, 0, 16, 0, 0]), Buffer.alloc(60_000)]);
    const ended: number[] = [];
    const clients = [0, 1].map((index) =>
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .once('close', () => ended.push(index)),
    );
    t.after(() => clients.forEach((client) => void client.destroy()));
    clients[0]?.write(beginning);
    await until('the first is held', () => counts.streams.receivedBytes === beginning.length);
    clients[1]?.write(beginning);
    await until('the second is closed', () => ended.length > 0);
    assert.deepEqual([ended, counts.dropped['stream-bytes']], [[1], 1]);
    clients[0]?.end();
    await until('the first was cut short', () => counts.rejected.truncated === 1);
    // What both held is given back.
    const third = connect(port, '127.0.0.1').on('error', () => {});
    third.write(beginning);
    await until('a third is held', () => counts.streams.receivedBytes >= 3 * 60_000);
    assert.equal(counts.dropped['stream-bytes'], 1);
    third.destroy();
  });

  it('are opened only so many at once, and the next one fails at once', async (t) => {
    const { streams, counts, port, failures, requests } = await run(t, { streamsOut: 2 }, false);
    const to = { address: '127.0.0.1', port };
    const message: Message = { type: 'ping', seqNo: 1, node: '' };
    for (const stream of [1, 2, 3]) streams.open({ stream, to, message, withinMs: 10_000, expectsReply: true });
    assert.deepEqual(failures, [], 'nobody is told while asking');
    await until('the third failed, and two were heard', () => failures.length === 1 && requests.length === 2);
    assert.deepEqual([failures, counts.dropped['streams-out']], [['too many streams are open already; try again'], 1]);
  });

  it('that need no answer are done when the frame is there, whatever its size', async (t) => {
    const { streams, port, requests, counts, failures } = await run(t, {}, false);
    const message: Message = { type: 'user', bytes: new Uint8Array(3_000_000).fill(7) };
    streams.open({ stream: 1, to: { address: '127.0.0.1', port }, message, withinMs: 10_000, expectsReply: false });
    await until('it is heard', () => requests.length === 1);
    assert.deepEqual(requests, [message]);
    assert.deepEqual([counts.streams.sent, counts.streams.received, failures], [1, 1, []]);
  });
});
