import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { type Answer, decode, encode, type Packet, streamEncode } from 'dns-packet';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import type { AnswerMissed, AnswerSeen } from '../../../../src/nodes/demo/client-log.ts';
import { createResolver } from '../../../../src/nodes/demo/resolver.ts';

const name = 'app.demo.local';
const start = 1_700_000_000_000;
/** Nobody else's, so that a port which is free for UDP is free for TCP as well. */
const host = '127.53.53.53';

function reply(question: Buffer, packet: Partial<Packet>): Packet {
  const { id = 0, questions = [] } = decode(question);
  return { type: 'response', id, questions, ...packet };
}

function addresses(ttl: number, ...list: readonly string[]): Answer[] {
  return list.map((data) => ({ type: 'A', class: 'IN', name, ttl, data }));
}

/** A DNS server that does with each question what its next line says; the last one goes for all that follow. */
async function withServer(
  lines: readonly ((question: Buffer, send: (bytes: Buffer) => void) => void)[],
  run: (fixture: {
    readonly server: { readonly address: string; readonly port: number };
    /** Resolves with the nth question, counted from 1. */
    readonly asked: (nth: number) => Promise<void>;
    readonly questions: () => number;
    readonly tcp: (onQuestion: (question: Buffer) => Packet) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const socket: Socket = createSocket('udp4');
  let count = 0;
  let tcp: Server | undefined;
  socket.on('message', (question, from: RemoteInfo) => {
    const line = lines[Math.min(count, lines.length - 1)];
    count += 1;
    line?.(question, (bytes) => socket.send(bytes, from.port, from.address));
    socket.emit('counted');
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  try {
    await run({
      server: { address: host, port },
      questions: () => count,
      asked: async (nth) => {
        while (count < nth) await once(socket, 'counted');
      },
      tcp: async (onQuestion) => {
        tcp = createServer((connection) => {
          connection.on('error', () => {});
          connection.once('data', (bytes) => connection.end(streamEncode(onQuestion(bytes.subarray(2)))));
        });
        tcp.listen(port, host);
        await once(tcp, 'listening');
      },
    });
  } finally {
    socket.close();
    tcp?.close();
  }
}

const answering =
  (ttl: number, ...list: readonly string[]) =>
  (question: Buffer, send: (bytes: Buffer) => void) =>
    send(encode(reply(question, { answers: addresses(ttl, ...list) })));
const silent = () => {};

test('an answer is kept for its TTL to the millisecond, and then asked for again', async () => {
  await withServer([answering(2, '127.0.0.21'), answering(2, '127.0.0.22')], async ({ server, questions }) => {
    const clock = virtualClock(start);
    const seen: (AnswerSeen | AnswerMissed)[] = [];
    const resolver = createResolver({ server, name, clock, by: 'client', onSeen: (entry) => seen.push(entry) });
    const expected = { kind: 'answer', by: 'client', askedAt: start, at: start, addresses: ['127.0.0.21'], ttlSeconds: 2, over: 'udp' };
    assert.deepEqual(await resolver.resolve(), expected);
    await clock.moveTo(start + 1_999);
    assert.deepEqual(await resolver.resolve(), expected);
    assert.equal(questions(), 1);
    await clock.moveTo(start + 2_000);
    const next = await resolver.resolve();
    assert.deepEqual(next.kind === 'answer' && next.addresses, ['127.0.0.22']);
    assert.equal(seen.length, 2, 'only what went out is logged');
  });
});

test('many who wait for one answer ask one question', async () => {
  await withServer([answering(2, '127.0.0.21')], async ({ server, questions }) => {
    const resolver = createResolver({ server, name, clock: virtualClock(start), by: 'client', onSeen: () => {} });
    await Promise.all([resolver.resolve(), resolver.resolve(), resolver.resolve()]);
    assert.equal(questions(), 1);
  });
});

test('a witness asks every time', async () => {
  await withServer([answering(2, '127.0.0.21')], async ({ server, questions }) => {
    const resolver = createResolver({ server, name, clock: virtualClock(start), by: 'witness', onSeen: () => {} });
    await resolver.ask();
    await resolver.ask();
    assert.equal(questions(), 2);
  });
});

test('a question without an answer is asked again after two seconds', async () => {
  await withServer([silent, answering(2, '127.0.0.21')], async ({ server, asked }) => {
    const clock = virtualClock(start);
    const resolver = createResolver({ server, name, clock, by: 'client', onSeen: () => {} });
    const answer = resolver.resolve();
    await asked(1);
    await clock.moveTo(start + 2_000);
    const seen = await answer;
    assert.equal(seen.kind, 'answer');
    assert.equal(seen.askedAt, start);
    assert.equal(seen.at, start + 2_000);
  });
});

test('after two attempts it gives up, keeps no failure, and asks anew', async () => {
  await withServer([silent, silent, answering(2, '127.0.0.21')], async ({ server, asked }) => {
    const clock = virtualClock(start);
    const resolver = createResolver({ server, name, clock, by: 'client', onSeen: () => {} });
    const answer = resolver.resolve();
    await asked(1);
    await clock.moveTo(start + 2_000);
    await asked(2);
    await clock.moveTo(start + 4_000);
    const missed = await answer;
    assert.match(missed.kind === 'no-answer' ? missed.error : '', /no answer from 127\.53\.53\.53:\d+, asked 2 times/);
    assert.equal((await resolver.resolve()).kind, 'answer');
  });
});

test('what does not answer the question is passed over', async () => {
  const wrong = [
    (question: Buffer) => encode({ ...reply(question, { answers: addresses(2, '127.0.0.66') }), id: (decode(question).id ?? 0) ^ 1 }),
    (question: Buffer) => encode(reply(question, { questions: [{ type: 'A', class: 'IN', name: 'other.demo.local' }] })),
    (question: Buffer) => question,
    () => Buffer.from('too short'),
    (question: Buffer) => Buffer.concat([question.subarray(0, 2), Buffer.from('8180ffffffffffffffff', 'hex'), Buffer.alloc(40)]),
    (question: Buffer) => Buffer.concat([question.subarray(0, 2), Buffer.from('81800001000100000000', 'hex'), Buffer.alloc(3, 0xc0)]),
  ];
  const line = (question: Buffer, send: (bytes: Buffer) => void) => {
    for (const make of wrong) send(make(question));
    send(encode(reply(question, { answers: addresses(2, '127.0.0.21') })));
  };
  await withServer([line], async ({ server }) => {
    const resolver = createResolver({ server, name, clock: virtualClock(start), by: 'client', onSeen: () => {} });
    const seen = await resolver.resolve();
    assert.deepEqual(seen.kind === 'answer' && seen.addresses, ['127.0.0.21']);
  });
});

test('a truncated answer is asked for over TCP', async () => {
  const truncated = (question: Buffer, send: (bytes: Buffer) => void) => {
    const bytes = encode(reply(question, {}));
    bytes[2] = (bytes[2] as number) | 0x02;
    send(bytes);
  };
  await withServer([truncated], async ({ server, tcp }) => {
    await tcp((question) => reply(question, { answers: addresses(7, '127.0.0.21', '127.0.0.22') }));
    const resolver = createResolver({ server, name, clock: virtualClock(start), by: 'client', onSeen: () => {} });
    const seen = await resolver.resolve();
    assert.ok(seen.kind === 'answer');
    assert.deepEqual([seen.over, seen.ttlSeconds, seen.addresses], ['tcp', 7, ['127.0.0.21', '127.0.0.22']]);
  });
});

for (const { what, packet, error } of [
  { what: 'SERVFAIL', packet: { flags: 2 }, error: 'the answer had rcode 2' },
  { what: 'an answer without addresses', packet: {}, error: 'the answer held no address' },
]) {
  test(`${what} is a failure at once`, async () => {
    await withServer([(question, send) => send(encode(reply(question, packet)))], async ({ server }) => {
      const resolver = createResolver({ server, name, clock: virtualClock(start), by: 'client', onSeen: () => {} });
      const seen = await resolver.resolve();
      assert.equal(seen.kind === 'no-answer' && seen.error, error);
    });
  });
}
