/** The DNS server on real sockets: UDP and TCP on one port, and what peers do that are slow, greedy or gone. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock, virtualClock } from '../../src/nodes/clock.ts';
import type { Respond } from '../../src/nodes/dns/answering.ts';
import { createDnsCounter, type DropReason } from '../../src/nodes/dns/counts.ts';
import { countingDraw } from '../../src/nodes/dns/draw.ts';
import { dnsLimits } from '../../src/nodes/dns/limits.ts';
import { createResponder } from '../../src/nodes/dns/responder.ts';
import { type DnsServerOptions, startDnsServer } from '../../src/nodes/dns/server.ts';
import { createTableReaders } from '../../src/nodes/dns/workers/table-readers.ts';
import { startTableServer } from '../../src/nodes/dns/workers/table-server.ts';
import { demoTable, query } from '../unit/nodes/dns/demo.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
const text = { type: 16, edns: { size: 1232 } };

async function start(t: TestContext, options: Partial<DnsServerOptions> = {}) {
  const responder = createResponder(demoTable());
  const draw = countingDraw(() => 0.5);
  const clients = new Set<string>();
  const respond: Respond = (packet, client) => {
    clients.add(`${client.transport} ${client.address}`);
    return responder.respond(packet, client, draw);
  };
  const counter = createDnsCounter();
  const server = await startDnsServer({ listenAddress: '127.0.0.1:0', respond, onCount: counter.count, ...options });
  t.after(() => server.close());
  const dropped = (reason: DropReason) => counter.tally().dropped.find((entry) => entry.reason === reason)?.count ?? 0;
  return { server, counter, clients, dropped };
}

/** Waits for what will become true, one turn of the event loop after another. */
async function until(condition: () => boolean): Promise<void> {
  for (const start = Date.now(); !condition(); await new Promise((resolve) => setImmediate(resolve))) {
    assert.ok(Date.now() - start < 10_000, `never: ${condition}`);
  }
}

async function udpReply(port: number, packet: Buffer, host = '127.0.0.1'): Promise<Buffer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.send(packet, port, host);
  const [reply] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return reply;
}

const framed = (packet: Buffer) => Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]);

interface Peer {
  readonly socket: Socket;
  readonly replies: Buffer[];
  readonly closed: () => boolean;
}

async function tcpPeer(t: TestContext, port: number, { reading = true, host = '127.0.0.1' } = {}): Promise<Peer> {
  const socket = connect({ port, host, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const replies: Buffer[] = [];
  let pending: Buffer = Buffer.alloc(0);
  let closed = false;
  if (reading) {
    socket.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        replies.push(pending.subarray(2, 2 + pending.readUInt16BE(0)));
        pending = pending.subarray(2 + pending.readUInt16BE(0));
      }
    });
  }
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      closed = true;
    });
  }
  await once(socket, 'connect');
  return { socket, replies, closed: () => closed };
}

describe('the DNS server', () => {
  it('answers over UDP and TCP on one port, and counts both', async (t) => {
    const { server, counter, clients } = await start(t);
    const udp = await udpReply(server.port, query('app.demo.local', { id: 1 }));
    const peer = await tcpPeer(t, server.port);
    peer.socket.write(framed(query('app.demo.local', { id: 2 })));
    await until(() => peer.replies.length === 1);
    assert.equal(udp.readUInt16BE(0), 1);
    assert.equal(peer.replies[0]?.readUInt16BE(0), 2);
    assert.deepEqual([...clients], ['udp 127.0.0.1', 'tcp 127.0.0.1']);
    assert.deepEqual(counter.tally().answered, [
      { transport: 'udp', type: 'A', rcode: 'NOERROR', count: 1 },
      { transport: 'tcp', type: 'A', rcode: 'NOERROR', count: 1 },
    ]);
  });

  it('says TC over UDP and the whole over TCP', async (t) => {
    const { server } = await start(t);
    const udp = await udpReply(server.port, query('big.demo.local', text));
    assert.equal(udp.readUInt16BE(2) & 0x0200, 0x0200);
    const peer = await tcpPeer(t, server.port);
    peer.socket.write(framed(query('big.demo.local', text)));
    await until(() => peer.replies.length === 1);
    assert.ok((peer.replies[0]?.length ?? 0) > 2000);
  });

  it('says nothing to responses and stumps, and goes on', async (t) => {
    const { server, dropped } = await start(t);
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    socket.send(Buffer.from('short'), server.port, '127.0.0.1');
    socket.send(query('app.demo.local', { flags: 0x8000 }), server.port, '127.0.0.1');
    await udpReply(server.port, query('app.demo.local'));
    assert.deepEqual([dropped('short'), dropped('response')], [1, 1]);
  });

  it('drops over UDP rather than let replies pile up', async (t) => {
    const { server, dropped } = await start(t, { limits: { udpUnsentBytesMax: -1 } });
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    socket.send(query('app.demo.local'), server.port, '127.0.0.1');
    await until(() => dropped('unsent-replies') === 1);
  });

  it('answers SERVFAIL when the responder throws, and lives', async (t) => {
    const respond = () => {
      throw new Error('a broken invariant');
    };
    const { server, counter } = await start(t, { respond });
    for (const id of [1, 2]) assert.equal((await udpReply(server.port, query('app.demo.local', { id }))).readUInt16BE(2), 0x8002);
    assert.equal(counter.tally().failed, 2);
  });

  it('listens on IPv6', { skip: hasIpv6 ? false : 'no IPv6 on this machine' }, async (t) => {
    const { server, clients } = await start(t, { listenAddress: '[::1]:0' });
    await udpReply(server.port, query('app.demo.local'), '::1');
    assert.deepEqual([...clients], ['udp ::1']);
  });

  it('listens on every address at once, and knows IPv4 clients as such', async (t) => {
    const { server, clients } = await start(t, { listenAddress: ':0' });
    await udpReply(server.port, query('app.demo.local'));
    const peer = await tcpPeer(t, server.port);
    peer.socket.write(framed(query('app.demo.local')));
    await until(() => peer.replies.length === 1);
    assert.deepEqual([...clients], ['udp 127.0.0.1', 'tcp 127.0.0.1']);
    if (hasIpv6) await udpReply(server.port, query('app.demo.local'), '::1');
  });

  it('closes both sockets, and gives the port back', async (t) => {
    const { server } = await start(t);
    await server.close();
    const again = await startDnsServer({ listenAddress: `127.0.0.1:${server.port}`, respond: () => ({ reply: null, reason: 'short' }) });
    await again.close();
  });
});

describe('a reply', () => {
  it('comes from the address and port that were asked, also where every address is listened on', async (t) => {
    const readers = createTableReaders(demoTable(), 1);
    const logger = pino({ level: 'silent' });
    const server = await startTableServer({ listenAddress: ':0', readers, clock: systemClock(), chance: () => 0, logger });
    t.after(() => server.close());
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const asked = own.filter(({ address }) => address === '127.0.0.1' || address === '::1');
    assert.ok(asked.length > 0);
    for (const { address } of asked) {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      t.after(() => socket.close());
      socket.send(query('app.demo.local'), server.port, address);
      const [, from] = (await once(socket, 'message')) as [Buffer, { address: string; port: number }];
      assert.deepEqual([from.address, from.port], [address, server.port]);
    }
  });
});

describe('an address that cannot be had', () => {
  const respond: Respond = () => ({ reply: null, reason: 'short' });
  const refusal = (listenAddress: string, code: string) =>
    assert.rejects(startDnsServer({ listenAddress, respond }), (error: Error & { code: string; remedy: string }) => {
      assert.equal(error.code, code);
      assert.match(error.remedy, /dns\.listen_address/);
      return true;
    });

  it('is refused with its reason, whether TCP or UDP is taken, and nothing stays open', async (t) => {
    const tcp = createServer().listen(0, '127.0.0.1');
    t.after(() => tcp.close());
    await once(tcp, 'listening');
    await refusal(`127.0.0.1:${(tcp.address() as { port: number }).port}`, 'dns-address-in-use');

    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => udp.close());
    await once(udp, 'listening');
    const { port } = udp.address();
    await refusal(`127.0.0.1:${port}`, 'dns-address-in-use');
    const free = createServer().listen(port, '127.0.0.1');
    await once(free, 'listening');
    free.close();
  });

  it('is one that the machine does not have, or no address at all', async () => {
    await refusal('192.0.2.1:0', 'dns-address-not-available');
    await refusal('localhost:53', 'dns-listen-address-invalid');
  });
});

describe('a TCP peer', () => {
  it('may send many queries at once, in any pieces, and gets the replies in order', async (t) => {
    const { server } = await start(t);
    const peer = await tcpPeer(t, server.port);
    const count = 3 * dnsLimits.tcpQueriesPerTurn + 1;
    const stream = Buffer.concat(Array.from({ length: count }, (_, id) => framed(query('mail.demo.local', { id }))));
    const cuts = [0, 1, 3, 60, 61, stream.length];
    for (const [index, from] of cuts.entries()) peer.socket.write(stream.subarray(from, cuts[index + 1]));
    await until(() => peer.replies.length === count);
    assert.deepEqual(
      peer.replies.map((reply) => reply.readUInt16BE(0)),
      Array.from({ length: count }, (_, id) => id),
    );
  });

  it('gives others their turn', async (t) => {
    const order: string[] = [];
    const reply = Buffer.alloc(12);
    const respond: Respond = (_, client) => {
      order.push(client.transport);
      return { reply, type: undefined, rcode: 'NOERROR' };
    };
    const { server } = await start(t, { respond, limits: { tcpQueriesPerTurn: 1 } });
    const peer = await tcpPeer(t, server.port);
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    peer.socket.write(Buffer.concat(Array.from({ length: 2000 }, () => framed(query('app.demo.local')))));
    await until(() => order.length > 0);
    socket.send(query('app.demo.local'), server.port, '127.0.0.1');
    await until(() => peer.replies.length === 2000);
    assert.ok(order.includes('udp') && order.at(-1) === 'tcp', 'a UDP query came between');
  });

  it('may end its side with the last query and still gets all replies', async (t) => {
    const { server } = await start(t);
    const peer = await tcpPeer(t, server.port);
    const count = 2 * dnsLimits.tcpQueriesPerTurn;
    peer.socket.end(Buffer.concat(Array.from({ length: count }, () => framed(query('app.demo.local')))));
    await until(peer.closed);
    assert.equal(peer.replies.length, count);
  });

  it('may use one connection again and again, and many of them at once', async (t) => {
    const { server } = await start(t);
    const peers = await Promise.all([1, 2, 3].map(() => tcpPeer(t, server.port)));
    for (let round = 1; round <= 20; round += 1) {
      for (const { socket } of peers) socket.write(framed(query('mail.demo.local', { id: round })));
      await until(() => peers.every(({ replies }) => replies.length === round));
      assert.ok(peers.every(({ replies }) => replies.at(-1)?.readUInt16BE(0) === round));
    }
    assert.ok(peers.every(({ closed }) => !closed()));
  });

  it('that leaves in the middle of a query is counted', async (t) => {
    const { server, dropped } = await start(t);
    const peer = await tcpPeer(t, server.port);
    peer.socket.end(framed(query('app.demo.local')).subarray(0, 9));
    await until(() => dropped('unfinished') === 1);
  });

  it('is closed when it is idle, without a count, and stays while it asks', async (t) => {
    const clock = virtualClock(0);
    const { server, counter } = await start(t, { clock });
    const [idle, busy] = [await tcpPeer(t, server.port), await tcpPeer(t, server.port)];
    for (const at of [6_000, 12_000]) {
      busy.socket.write(framed(query('app.demo.local')));
      await until(() => busy.replies.length === at / 6_000);
      await clock.moveTo(at);
    }
    await until(idle.closed);
    assert.equal(busy.closed(), false);
    await clock.moveTo(16_000);
    await until(busy.closed);
    assert.deepEqual(counter.tally().dropped, []);
  });

  it('that trickles a query is closed all the same', async (t) => {
    const clock = virtualClock(0);
    const { server, dropped } = await start(t, { clock });
    const [slow, other] = [await tcpPeer(t, server.port), await tcpPeer(t, server.port)];
    const bytes = framed(query('app.demo.local'));
    slow.socket.write(Buffer.concat([bytes, bytes.subarray(0, 5)]));
    await until(() => slow.replies.length === 1);
    for (let step = 1; step < 10; step += 1) {
      await clock.moveTo(step * 1_000);
      slow.socket.write(bytes.subarray(4 + step, 5 + step));
      // Whatever was sent before this query has come in by its reply.
      other.socket.write(bytes);
      await until(() => other.replies.length === step);
    }
    assert.equal(slow.closed(), false);
    await clock.moveTo(10_000);
    await until(slow.closed);
    assert.equal(dropped('slow'), 1);
    assert.equal(other.closed(), false);
  });

  it('that claims an endless query is closed at once', async (t) => {
    const { server, dropped } = await start(t);
    const peer = await tcpPeer(t, server.port);
    peer.socket.write(Buffer.from([0xff, 0xff, 1]));
    await until(peer.closed);
    assert.equal(dropped('oversized'), 1);
  });

  it('that does not read is not read from, costs a bounded memory, and is closed in the end', async (t) => {
    const clock = virtualClock(0);
    const { respond, answered } = largeReplies();
    const { server, dropped } = await start(t, { clock, respond });
    const peer = await tcpPeer(t, server.port, { reading: false });
    const count = 2000;
    peer.socket.write(Buffer.concat(Array.from({ length: count }, () => framed(query('app.demo.local')))));
    await standstill(answered);
    // As many as the kernel's buffers hold, and one or two more.
    assert.ok(answered() < count / 4, `${answered()} of ${count} replies were made`);
    await clock.moveTo(10_000);
    await until(() => dropped('slow') === 1);
  });

  it('that reads again gets everything', async (t) => {
    const { respond, answered } = largeReplies();
    const { server } = await start(t, { respond });
    const peer = await tcpPeer(t, server.port, { reading: false });
    const count = 500;
    peer.socket.write(Buffer.concat(Array.from({ length: count }, () => framed(query('app.demo.local')))));
    await standstill(answered);
    assert.ok(answered() < count);
    let bytes = 0;
    peer.socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    await until(() => bytes === count * (2 + 60_000));
  });

  it('that asks faster than it is answered has its queries wait on its own side', async (t) => {
    let answered = 0;
    const reply = Buffer.alloc(12);
    const respond: Respond = () => {
      answered += 1;
      return { reply, type: undefined, rcode: 'NOERROR' };
    };
    const { server } = await start(t, { respond });
    const peer = await tcpPeer(t, server.port);
    const megabyte = Buffer.concat(Array.from({ length: 31_000 }, () => framed(query('app.demo.local'))));
    for (let count = 0; count < 30; count += 1) peer.socket.write(megabyte);
    await until(() => answered > 30_000);
    // 1 MB of queries is answered; the kernel's buffers hold some more, and the server next to nothing.
    assert.ok(peer.socket.writableLength > 15_000_000, `only ${peer.socket.writableLength} bytes wait`);
  });

  it('leaves no deadline behind', async (t) => {
    const clock = virtualClock(0);
    const deadlines = new Set<() => void>();
    const counted = {
      now: clock.now,
      wakeAt(at: number, wake: () => void) {
        deadlines.add(wake);
        const cancel = clock.wakeAt(at, wake);
        return () => {
          deadlines.delete(wake);
          cancel();
        };
      },
    };
    const { server } = await start(t, { clock: counted });
    const peer = await tcpPeer(t, server.port);
    await until(() => deadlines.size === 1);
    peer.socket.destroy();
    await until(() => deadlines.size === 0);
  });

  it('is one of so many, in all and from one address', async (t) => {
    const { server, dropped } = await start(t, { limits: { tcpConnectionsPerClientMax: 2, tcpConnectionsMax: 100 } });
    const peers = [await tcpPeer(t, server.port), await tcpPeer(t, server.port), await tcpPeer(t, server.port)];
    await until(() => peers[2]?.closed() ?? false);
    assert.equal(dropped('client-connections'), 1);
    peers[0]?.socket.destroy();
    const { server: small, dropped: smallDropped } = await start(t, { limits: { tcpConnectionsMax: 1 } });
    const [first, second] = [await tcpPeer(t, small.port), await tcpPeer(t, small.port)];
    await until(second?.closed ?? (() => false));
    assert.equal(smallDropped('connections'), 1);
    first?.socket.destroy();
    await until(() => peers[0]?.socket.destroyed ?? false);
    const next = await tcpPeer(t, server.port);
    next.socket.write(framed(query('app.demo.local')));
    await until(() => next.replies.length === 1);
  });

  it('gets what was answered when the server closes, and a deaf one does not hold it up', async (t) => {
    const clock = virtualClock(0);
    const { respond, answered } = largeReplies();
    const { server } = await start(t, { clock, respond });
    const [peer, deaf] = [await tcpPeer(t, server.port), await tcpPeer(t, server.port, { reading: false })];
    deaf.socket.write(Buffer.concat(Array.from({ length: 2000 }, () => framed(query('app.demo.local')))));
    await standstill(answered);
    peer.socket.write(framed(query('app.demo.local')));
    await until(() => peer.replies.length === 1);
    let closed = false;
    const closing = server.close().then(() => {
      closed = true;
    });
    await until(peer.closed);
    assert.equal(closed, false);
    await clock.moveTo(dnsLimits.closeMs);
    await closing;
  });
});

/** A responder whose replies soon fill every buffer of the kernel. */
function largeReplies(): { readonly respond: Respond; readonly answered: () => number } {
  let answered = 0;
  const reply = Buffer.alloc(60_000);
  return {
    respond: () => {
      answered += 1;
      return { reply, type: undefined, rcode: 'NOERROR' };
    },
    answered: () => answered,
  };
}

/** Waits until a count has begun to rise and then rests for many turns of the event loop. */
async function standstill(count: () => number): Promise<void> {
  await until(() => count() > 1);
  for (let before = -1; before !== count(); ) {
    before = count();
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
