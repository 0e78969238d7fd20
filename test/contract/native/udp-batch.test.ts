/** Datagrams in batches, by the kernel's own calls and by node:dgram: real sockets on loopback, served by real threads. */
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';
import { peerPort } from '../../../src/native/kernel-address.ts';
import { loadUdp, whyNoBatches } from '../../../src/native/load-udp.ts';
import {
  type Udp,
  type UdpBatchOptions,
  type UdpCounter,
  type UdpSocket,
  udpCounterAt,
  udpCounters,
} from '../../../src/native/udp-batch.ts';
import { linuxUdp } from '../../../src/native/udp-batch-linux.ts';
import { threadFileBeside } from '../../../src/nodes/thread-file.ts';
import type { EchoOrders } from './echo-thread.ts';

const whyNot = await whyNoBatches();
const udps: readonly (readonly [Udp['kind'], string | false])[] = [
  ['linux', whyNot ?? false],
  ['plain', false],
];
const receiveBufferBytes = 1024 * 1024;
const shape = { slots: 16, slotBytes: 512, timeoutMs: 50 };

/** What a test opened, closed behind it in the opposite order. */
const opened: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function open(udp: Udp, host = '127.0.0.1', count = 1, port = 0): Promise<readonly UdpSocket[]> {
  const sockets = await udp.openSockets({ host, port, receiveBufferBytes }, count);
  opened.push(() => {
    for (const socket of sockets) socket.close();
  });
  return sockets;
}

interface Server {
  counted(name: UdpCounter): number;
  /** How often it was asked whether to go on, and the size of its largest batch. */
  turns(): number;
  largest(): number;
  /** Why it ended, where it was an error; undefined where it ended because it was told to. */
  readonly ended: Promise<unknown>;
  stop(): Promise<unknown>;
  readonly thread: Worker;
}

/** Serves in a thread until the test is over; it takes datagrams when this resolves. */
async function serve(sockets: readonly UdpSocket[], options: UdpBatchOptions = shape): Promise<Server> {
  const counters = new Float64Array(new SharedArrayBuffer(8 * udpCounters.length));
  const control = new Int32Array(new SharedArrayBuffer(12));
  const orders: EchoOrders = { loans: sockets.map(({ loan }) => loan), ...options, control, counters };
  const thread = new Worker(threadFileBeside(import.meta.url, 'echo-thread'), { workerData: orders });
  let error: unknown;
  thread.on('error', (reason) => {
    error = reason;
  });
  const ended = new Promise<unknown>((resolve) => thread.on('exit', () => resolve(error)));
  const stop = () => {
    Atomics.store(control, 0, 1);
    return ended;
  };
  opened.push(stop);
  await Promise.race([ended, until(() => Atomics.load(control, 1) > 0)]);
  return {
    counted: (name) => counters[udpCounterAt[name]] ?? 0,
    turns: () => Atomics.load(control, 1),
    largest: () => Atomics.load(control, 2),
    ended,
    stop,
    thread,
  };
}

interface Client {
  readonly port: number;
  /** What came back, in the order in which it came. */
  readonly replies: { readonly text: string; readonly peer: RemoteInfo }[];
  send(text: string | Uint8Array, to: UdpSocket): Promise<void>;
  /** Waits until there are so many replies. */
  has(count: number): Promise<void>;
  /** Sends, and waits for one reply more. */
  ask(text: string | Uint8Array, to: UdpSocket): Promise<string>;
  close(): Promise<void>;
}

async function client(host = '127.0.0.1'): Promise<Client> {
  const socket = createSocket({ type: isIPv4(host) ? 'udp4' : 'udp6', recvBufferSize: receiveBufferBytes });
  socket.bind(0, host);
  await once(socket, 'listening');
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= new Promise<void>((resolve) => socket.close(() => resolve())));
  opened.push(close);
  const replies: Client['replies'] = [];
  socket.on('message', (bytes, peer) => replies.push({ text: bytes.toString('latin1'), peer }));
  const send = (text: string | Uint8Array, to: UdpSocket) =>
    new Promise<void>((resolve, reject) =>
      socket.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, to.port, to.host, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
  const has = async (count: number) => {
    while (replies.length < count) await once(socket, 'message');
  };
  const ask = async (text: string | Uint8Array, to: UdpSocket) => {
    const before = replies.length;
    await send(text, to);
    await has(before + 1);
    return replies[before]!.text;
  };
  return { port: socket.address().port, replies, send, has, ask, close };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const loopback6 = [...Array.from({ length: 15 }, () => 0), 1];
const withSize = (letter: string, size: number) => Uint8Array.of(letter.charCodeAt(0), size >> 8, size & 0xff);

for (const [kind, skip] of udps) {
  describe(`datagrams in batches, ${kind}`, { skip, timeout: 60_000 }, () => {
    test('a datagram is answered in place, to the peer that sent it, and counted', async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!]);
      const asker = await client();
      assert.equal(await asker.ask('echo this', socket!), 'echo this');
      assert.deepEqual({ ...asker.replies[0]!.peer, size: 0 }, { address: '127.0.0.1', family: 'IPv4', port: socket!.port, size: 0 });
      const expected = { family: 4, port: asker.port, address: [127, 0, 0, 1], length: 3, isTruncated: false };
      assert.deepEqual(JSON.parse(await asker.ask('who', socket!)), expected);
      await until(() => server.counted('sent') === 2);
      assert.equal(await server.stop(), undefined);
      assert.equal(server.counted('received'), 2);
      assert.equal(server.counted('batches'), 2);
      assert.equal(server.counted('truncated') + server.counted('refused') + server.counted('unanswerable'), 0);
    });

    test('IPv6 alike, on the same port as IPv4 of every address', async () => {
      const udp = await loadUdp(kind);
      const [everyOf4] = await open(udp, '0.0.0.0');
      const [socket] = await open(udp, '::', 1, everyOf4!.port);
      assert.equal(socket!.family, 6);
      await serve([socket!]);
      const asker = await client('::1');
      const expected = { family: 6, port: asker.port, address: loopback6, length: 3, isTruncated: false };
      assert.deepEqual(JSON.parse(await asker.ask('who', { ...socket!, host: '::1' })), expected);
    });

    test('many from many: each gets its own back, and nobody anything else', async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!]);
      const askers = await Promise.all(Array.from({ length: 8 }, () => client()));
      const texts = (asker: Client) => Array.from({ length: 100 }, (_, number) => `e ${asker.port} ${number}`);
      for (const asker of askers) for (const text of texts(asker)) await asker.send(text, socket!);
      for (const asker of askers) await asker.has(100);
      for (const asker of askers) assert.deepEqual(asker.replies.map(({ text }) => text).sort(), texts(asker).sort());
      await until(() => server.counted('sent') === 800);
      assert.equal(server.counted('received'), 800);
    });

    test('several sockets of both families make one batch each, and each is answered by its own', async () => {
      const udp = await loadUdp(kind);
      const sockets = [...(await open(udp)), ...(await open(udp, '::1')), ...(await open(udp, '127.0.0.2'))];
      await serve(sockets);
      const askers = await Promise.all(sockets.map(({ host }) => client(host === '127.0.0.2' ? '127.0.0.1' : host)));
      for (let round = 0; round < 20; round++) {
        for (const [index, socket] of sockets.entries()) {
          const asker = askers[index]!;
          const told = JSON.parse(await asker.ask('who', socket)) as object;
          const address = socket.family === 4 ? [127, 0, 0, 1] : loopback6;
          assert.deepEqual(told, { family: socket.family, port: asker.port, address, length: 3, isTruncated: false });
          assert.equal(asker.replies.at(-1)?.peer.address, socket.host);
          assert.equal(asker.replies.at(-1)?.peer.port, socket.port);
        }
      }
    });

    test('a datagram as long as a slot is whole, a longer one is cut and told as such, an empty one is one too', async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!], { ...shape, slotBytes: 200 });
      const asker = await client();
      const lengths = async (size: number) =>
        JSON.parse(await asker.ask('w'.repeat(size), socket!)) as { length: number; isTruncated: boolean };
      const told = [await lengths(200), await lengths(201), await lengths(5000), await lengths(199)];
      assert.deepEqual(
        told.map(({ length, isTruncated }) => [length, isTruncated]),
        [
          [200, false],
          [200, true],
          [200, true],
          [199, false],
        ],
      );
      assert.equal(server.counted('truncated'), 2);
      await asker.send('', socket!);
      await until(() => server.counted('received') === 5);
    });

    test('a reply has the length that was said, from one byte to the whole slot', async () => {
      const [socket] = await open(await loadUdp(kind));
      await serve([socket!]);
      const asker = await client();
      for (const size of [1, 2, 511, 512, 3, 512]) assert.equal(await asker.ask(withSize('l', size), socket!), 'z'.repeat(size));
    });

    test('no reply is sent where none was made', async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!]);
      const asker = await client();
      for (const text of ['nothing', 'e 1', 'quiet', 'nothing', 'e 2', 'quiet']) await asker.send(text, socket!);
      assert.equal(await asker.ask('e 3', socket!), 'e 1');
      await asker.has(3);
      await until(() => server.counted('sent') === 3);
      assert.deepEqual(
        asker.replies.map(({ text }) => text),
        ['e 1', 'e 2', 'e 3'],
      );
      assert.equal(server.counted('received'), 7);
    });

    test('a reply that the kernel refuses costs nobody else theirs', async () => {
      const [socket] = await open(await loadUdp(kind));
      // Longer than any datagram over IPv4: refused as EMSGSIZE.
      const server = await serve([socket!], { ...shape, slots: 8, slotBytes: 65_535 });
      const asker = await client();
      for (const text of ['e 1', withSize('l', 65_530), 'e 2', withSize('l', 65_530), 'e 3']) await asker.send(text, socket!);
      await asker.has(3);
      assert.deepEqual(asker.replies.map(({ text }) => text).sort(), ['e 1', 'e 2', 'e 3']);
      await until(() => server.counted('refused') === 2 && server.counted('sent') === 3);
    });

    test('peers that are gone, and say so by ICMP, harm nobody', async () => {
      const [socket] = await open(await loadUdp(kind));
      const gone = await Promise.all(Array.from({ length: 5 }, () => client()));
      const asker = await client();
      const server = await serve([socket!]);
      for (const peer of gone) {
        await peer.send('e', socket!);
        await peer.close();
      }
      for (let number = 0; number < 20; number++) assert.equal(await asker.ask(`e ${number}`, socket!), `e ${number}`);
      await until(() => server.counted('received') === 25 && server.counted('sent') === 25);
    });

    test('a peer without a port is counted and not answered', { skip: process.getuid?.() !== 0 && 'only root sends such' }, async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!]);
      sendWithoutPort(socket!.port);
      await until(() => server.counted('unanswerable') === 1);
      const asker = await client();
      assert.equal(await asker.ask('e', socket!), 'e');
      await until(() => server.counted('sent') === 1);
      assert.equal(server.counted('refused'), 0);
    });

    test('what cannot be opened says why in the code that Node uses, and in the place', async () => {
      const udp = await loadUdp(kind);
      const rival = await client();
      const at = (host: string, port: number) => udp.openSockets({ host, port, receiveBufferBytes }, 1);
      const inUse = { code: 'EADDRINUSE', syscall: 'bind', address: '127.0.0.1', port: rival.port };
      await assert.rejects(at('127.0.0.1', rival.port), inUse);
      await assert.rejects(at('203.0.113.77', 0), { code: 'EADDRNOTAVAIL', syscall: 'bind', address: '203.0.113.77' });
      await assert.rejects(at('localhost', 0), /"localhost" is no IP address/);
    });

    test('without a datagram it is asked again and again whether to go on, and stops when it is not to', async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!], { ...shape, timeoutMs: 5 });
      await until(() => server.turns() >= 5);
      assert.equal(await server.stop(), undefined);
      assert.equal(server.counted('batches'), 0);
    });

    test('so it is where there are several sockets', async () => {
      const udp = await loadUdp(kind);
      const server = await serve([...(await open(udp)), ...(await open(udp))], { ...shape, timeoutMs: 5 });
      await until(() => server.turns() >= 5);
      assert.equal(await server.stop(), undefined);
    });

    test('what its user throws ends it, and so does a reply that no slot holds', async () => {
      for (const [text, reason] of [
        ['x', /the datagram said so/],
        ['b', /does not fit into a slot of 512/],
      ] as const) {
        const [socket] = await open(await loadUdp(kind));
        const server = await serve([socket!]);
        await (await client()).send(text, socket!);
        assert.match(String(await server.ended), reason);
      }
    });

    test('a thread that is ended from outside is gone soon, though it waits', async () => {
      const [socket] = await open(await loadUdp(kind));
      const server = await serve([socket!], { ...shape, timeoutMs: 200 });
      await server.thread.terminate();
      await server.ended;
    });

    test('shapes that are none are refused', async () => {
      const udp = await loadUdp(kind);
      const [socket] = await open(udp);
      const batch = (options: Partial<UdpBatchOptions>) => () => udp.batchOn([socket!.loan], { ...shape, ...options });
      assert.throws(batch({ slots: 0 }), /1 to 1024 slots, not 0/);
      assert.throws(batch({ slots: 1025 }), /1 to 1024 slots, not 1025/);
      assert.throws(batch({ slotBytes: 65_536 }), /1 to 65535 bytes/);
      assert.throws(batch({ timeoutMs: 0 }), /1 ms and more, not 0/);
      assert.throws(batch({ counters: new Float64Array(1) }), /there are 9 counters, not 1/);
      assert.throws(() => udp.batchOn([], shape), /at least one socket/);
      const other = await loadUdp(kind === 'linux' ? 'plain' : 'linux');
      assert.throws(() => other.batchOn([socket!.loan], shape), TypeError);
      await assert.rejects(udp.openSockets({ host: '127.0.0.1', port: 0, receiveBufferBytes }, 0), RangeError);
    });
  });
}

/** From port 0, which only a raw socket does (udp(7), RFC 768: source port zero means that no reply is wanted). */
function sendWithoutPort(port: number): void {
  const library = koffi.load(null);
  const raw = library.func('int socket(int family, int type, int protocol)')(2, 3, 17) as number;
  assert.ok(raw >= 0);
  const datagram = Buffer.from([0, 0, port >> 8, port & 0xff, 0, 9, 0, 0, 0x65]);
  const peer = Buffer.from([2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  const sendto = library.func('intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *peer, uint32_t peerLength)');
  const sent = Number(sendto(raw, datagram, datagram.length, 0, peer, peer.length));
  library.func('int close(int fd)')(raw);
  assert.equal(sent, datagram.length);
}

describe('what only sockets of the kernel can do', { skip: whyNot ?? false, timeout: 60_000 }, () => {
  test('what waited is taken in full batches, and gaps between replies change nothing', async () => {
    const [socket] = await open(await loadUdp('linux'));
    const asker = await client();
    const texts = Array.from({ length: 100 }, (_, number) => `${number % 3 === 1 ? 'n' : 'e'} ${number}`);
    for (const text of texts) await asker.send(text, socket!);
    const server = await serve([socket!]);
    const expected = texts.filter((text) => text.startsWith('e'));
    await asker.has(expected.length);
    assert.deepEqual(
      asker.replies.map(({ text }) => text),
      expected,
    );
    await until(() => server.counted('sent') === expected.length);
    assert.equal(server.largest(), shape.slots);
    assert.equal(server.counted('batches'), Math.ceil(texts.length / shape.slots));
    assert.equal(server.counted('received'), texts.length);
  });

  test('threads that share a port share its peers', async () => {
    const sockets = await open(await loadUdp('linux'), '127.0.0.1', 2);
    assert.equal(sockets[0]!.port, sockets[1]!.port);
    const servers = await Promise.all(sockets.map((socket) => serve([socket])));
    const askers = await Promise.all(Array.from({ length: 64 }, () => client()));
    for (const asker of askers) assert.equal(await asker.ask('e', sockets[0]!), 'e');
    await until(() => servers.reduce((sum, server) => sum + server.counted('sent'), 0) === 64);
    for (const server of servers) assert.ok(server.counted('received') > 0);
  });

  test('nobody else joins a shared port, not even one that shares', async () => {
    const udp = await loadUdp('linux');
    const [socket] = await open(udp, '127.0.0.1', 2);
    for (const count of [1, 2]) {
      await assert.rejects(udp.openSockets({ host: '127.0.0.1', port: socket!.port, receiveBufferBytes }, count), {
        code: 'EADDRINUSE',
        message: new RegExp(`^bind EADDRINUSE 127\\.0\\.0\\.1:${socket!.port}: address already in use$`),
      });
    }
  });

  test('a thread that follows a dead one on its socket answers what waits there', async () => {
    const [socket] = await open(await loadUdp('linux'));
    const asker = await client();
    for (const text of ['x', ...Array.from({ length: 20 }, (_, number) => `e ${number}`)]) await asker.send(text, socket!);
    const dead = await serve([socket!], { ...shape, slots: 1 });
    assert.match(String(await dead.ended), /the datagram said so/);
    const heir = await serve([socket!]);
    await asker.has(20);
    await until(() => heir.counted('sent') === 20);
    assert.equal(dead.counted('received'), 1);
  });

  test('a socket that is busy starves no other of its thread', async () => {
    const udp = await loadUdp('linux');
    const [busy, quiet] = [...(await open(udp)), ...(await open(udp))];
    const [loud, soft] = [await client(), await client()];
    for (let number = 0; number < 5; number++) await loud.send('n', busy!);
    await soft.send('e', quiet!);
    const batch = linuxUdp.batchOn([busy!.loan, quiet!.loan], { ...shape, slots: 1 });
    const peers = Array.from({ length: 6 }, () => (batch.receive() === 1 ? peerPort(batch.peers, 0) : undefined));
    assert.deepEqual(peers, [loud.port, soft.port, loud.port, loud.port, loud.port, loud.port]);
  });

  test('its memory stays where the kernel was told, whatever the garbage collector does', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const [socket] = await open(await loadUdp('linux'));
    const { batchOn } = linuxUdp;
    const asker = await client();
    const batch = batchOn([socket!.loan], { slots: 4, slotBytes: 64, timeoutMs: 1000 });
    for (let round = 0; round < 50; round++) {
      await asker.send(`round ${round}`, socket!);
      collect();
      assert.equal(batch.receive(), 1);
      batch.reply(0, batch.lengthOf(0));
      collect();
      batch.send();
      await asker.has(round + 1);
      assert.equal(asker.replies[round]?.text, `round ${round}`);
    }
  });

  test('its socket is not handed to programs, and has the room that the kernel granted', async () => {
    const udp = await loadUdp('linux');
    const [socket] = await udp.openSockets({ host: '127.0.0.1', port: 0, receiveBufferBytes: 65_536 }, 1);
    opened.push(socket!.close);
    assert.ok(socket!.loan.kind === 'linux');
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${socket!.loan.descriptor}`, 'utf8'))?.[1];
    assert.equal(Number.parseInt(flags ?? '', 8) & 0o2000000, 0o2000000);
    assert.equal(socket!.receiveBufferBytes, 65_536);
    const most = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
    const [greedy] = await udp.openSockets({ host: '127.0.0.1', port: 0, receiveBufferBytes: 2 ** 30 }, 1);
    opened.push(greedy!.close);
    assert.equal(greedy!.receiveBufferBytes, most);
  });

  test('a socket that was closed too early ends its server with a sentence, instead of a loop that answers nobody', async () => {
    for (const count of [1, 2]) {
      const udp = await loadUdp('linux');
      const sockets = (await Promise.all(Array.from({ length: count }, () => open(udp)))).flat();
      const batch = udp.batchOn(
        sockets.map(({ loan }) => loan),
        shape,
      );
      for (const socket of sockets) socket.close();
      let turns = 0;
      const serving = batch.serve({ goOn: () => ++turns < 100, answer: () => assert.fail('nothing can come') });
      await assert.rejects(serving, { code: 'EBADF', message: /^recvmmsg EBADF: bad file descriptor$/ });
    }
  });
});
