/**
 * Attacks on the gossip of a real overwatch, over its real sockets: by strangers, and by members, who hold the key. Each
 * is counted, memory stays bounded, and an honest agent stays a member, is heard, and stays in DNS all along.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { nonceBytes, seal } from '../../src/nodes/gossip/key-ring.ts';
import { deflate } from '../../src/nodes/gossip/lzw.ts';
import type { Message, NodeRecord } from '../../src/nodes/gossip/messages.ts';
import { encodeMap } from '../../src/nodes/gossip/msgpack.ts';
import { swimLimits } from '../../src/nodes/gossip/swim-limits.ts';
import { transportLimits } from '../../src/nodes/gossip/transport-limits.ts';
import { compressType } from '../../src/nodes/gossip/wire.ts';
import { wireLimits } from '../../src/nodes/gossip/wire-limits.ts';
import { type AttackedOverwatch, type HonestAgent, startAttackedOverwatch, startHonestAgent } from '../attacked-overwatch.ts';
import { makeKey, startTestMember, until } from '../gossip-members.ts';
import { datagramOf, frameOf, openStranger, ringOf, writeStream } from '../hostile-peer.ts';

/** Of members nobody is: what is sent from here is a stranger's. */
const strange = '127.0.0.66';
const nothing = new Uint8Array();
/** What an attack may cost at its worst, in MiB: the 64 of unfinished streams, what one frame unpacks to, and their garbage. */
const memoryMax = 500;

let overwatch: AttackedOverwatch;
let honest: HonestAgent;
/** Of the overwatch before any attack, so that what one leaves behind counts in all that follow. */
let restMiB: number;
let watching: { peak: number; readonly timer: NodeJS.Timeout };

async function start() {
  overwatch = await startAttackedOverwatch();
  honest = await startHonestAgent(overwatch);
  restMiB = overwatch.rssMiB();
}
async function stop() {
  await honest?.close();
  await overwatch?.close();
}
function watchMemory() {
  const timer = setInterval(() => {
    watching.peak = Math.max(watching.peak, overwatch.rssMiB());
  }, 20);
  watching = { peak: overwatch.rssMiB(), timer };
}
/** What must hold after every attack. */
async function survived(context: Pick<TestContext, 'diagnostic'>) {
  clearInterval(watching.timer);
  const { peak } = watching;
  context.diagnostic(`memory: ${restMiB.toFixed(0)} MiB at rest, ${peak.toFixed(0)} at most, ${overwatch.rssMiB().toFixed(0)} after`);
  assert(peak - restMiB < memoryMax, `it took ${(peak - restMiB).toFixed(0)} MiB`);
  await honest.wasUndisturbed();
}

const rejected = (reason: string) => overwatch.metric('gossip_rejected_total', { reason });
const dropped = (reason: string) => overwatch.metric('gossip_dropped_total', { reason });

async function counted(what: string, count: () => Promise<number>, least: number): Promise<void> {
  await until(`${what} is counted`, async () => (await count()) >= least, { instead: count, withinMs: 40_000 });
}

/** So many a second, for so many seconds, as evenly as this process can. Returns how many were sent a second. */
async function flood(socket: UdpSocket, datagrams: readonly Uint8Array[], perSecond: number, seconds: number): Promise<number> {
  const began = performance.now();
  let sent = 0;
  for (let ms = 0; ms < seconds * 1_000; ms = performance.now() - began) {
    for (; sent < (ms / 1_000) * perSecond; sent += 1)
      socket.send(datagrams[sent % datagrams.length] as Uint8Array, overwatch.gossipPort, '127.0.0.1');
    await nextTurn();
  }
  return (sent * 1_000) / (performance.now() - began);
}

/** A frame with these bytes as its message, whatever they are. */
function frameAround(plain: Uint8Array): Uint8Array {
  const header = Buffer.from([10, 0, 0, 0, 0]);
  header.writeUInt32BE(plain.length + 29, 1);
  return Buffer.concat([header, seal(ringOf(overwatch.key), randomBytes(nonceBytes), header, plain)]);
}
const datagramAround = (plain: Uint8Array) => seal(ringOf(overwatch.key), randomBytes(nonceBytes), nothing, plain);
const compressed = (plain: Uint8Array) => Buffer.concat([Uint8Array.of(compressType), encodeMap({ Algo: 0, Buf: deflate(plain) })]);

describe('strangers, who have no key', () => {
  before(start);
  after(stop);
  beforeEach(watchMemory);
  afterEach((context) => survived(context as TestContext));

  it('do not come in with another key, over TCP or UDP', async () => {
    const failures = () => overwatch.metric('gossip_decryption_failures_total');
    const members = await overwatch.metric('gossip_members_total');
    const before = await failures();
    const stranger = await startTestMember({ name: 'stranger', key: makeKey(), thread: false });
    const [outcome] = await stranger.gossip.join([overwatch.place]);
    assert.match(outcome?.failure ?? '', /key/);
    await counted('the stream', failures, before + 1);
    stranger.gossip.send({ address: '127.0.0.1', port: overwatch.gossipPort }, Buffer.from('hello'));
    await counted('the datagram', failures, before + 2);
    await stranger.gossip.close();
    assert.equal(await overwatch.metric('gossip_members_total'), members);
  });

  for (const [words, from] of [
    ['an address of nobody', strange],
    ['the address of a member', '127.0.0.1'],
  ] as const) {
    it(`10,000 pieces of garbage a second from ${words}`, async (context) => {
      const socket = await openStranger(from);
      const garbage = [
        randomBytes(1_400),
        randomBytes(1),
        // Sound to the last, and sealed with another key: what costs most to find out.
        ...Array.from({ length: 8 }, () => datagramOf([{ type: 'user', bytes: randomBytes(1_200) }], makeKey())),
      ];
      const before = { undecryptable: await rejected('undecryptable'), garbage: await dropped('garbage') };
      const perSecond = await flood(socket, garbage, 10_000, 5);
      socket.close();
      assert(perSecond > 8_000, `only ${perSecond.toFixed(0)} datagrams a second were sent`);
      const read = (await rejected('undecryptable')) - before.undecryptable;
      const unread = (await dropped('garbage')) - before.garbage;
      context.diagnostic(`${perSecond.toFixed(0)} a second were sent; ${read} were tried with the key, ${unread} were not read`);
      if (from === strange) assert(unread > read && read < 6 * transportLimits.garbageASecond, 'a stranger is not listened to for long');
      else assert(read > 0 && unread === 0, 'the name of a member is no way to silence it');
    });
  }

  it('hold connections open and say nothing, or a byte at a time', async () => {
    const before = { late: await dropped('stream-late'), full: await dropped('streams-in') };
    const sockets = await slowStreams(transportLimits.streamsInOfOne + 40);
    await counted('a connection beyond the limit', () => dropped('streams-in'), before.full + 40);
    // Others come in meanwhile.
    const member = await startTestMember({ name: 'newcomer', key: overwatch.key, thread: false });
    const [outcome] = await member.gossip.join([overwatch.place]);
    assert.equal(outcome?.failure, undefined);
    await member.gossip.leave(1_000);
    await member.gossip.close();
    await counted('a connection that is late', () => dropped('stream-late'), before.late + transportLimits.streamsInOfOne);
    for (const socket of sockets) socket.destroy();
  });

  it('begin frames of 20 MiB and never end them', async () => {
    const before = await dropped('stream-bytes');
    const header = Buffer.from([10, 0, 0, 0, 0]);
    header.writeUInt32BE(wireLimits.streamBytesMax, 1);
    const part = Buffer.concat([header, Buffer.alloc(wireLimits.streamBytesMax - 1_024)]);
    const sockets = Array.from({ length: 16 }, () => {
      const socket = connect({ host: '127.0.0.1', port: overwatch.gossipPort, localAddress: strange });
      socket.on('error', () => {});
      socket.write(part);
      return socket;
    });
    await counted('a stream that is one too many', () => dropped('stream-bytes'), before + 1);
    for (const socket of sockets) socket.destroy();
  });
});

/** Each begins a frame, and writes a byte of it now and then. */
async function slowStreams(count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port: overwatch.gossipPort, localAddress: strange });
    socket.on('error', () => {});
    // A frame of 64 KiB, of which the rest comes a byte at a time.
    socket.write(Uint8Array.of(10, 0, 1, 0, 0));
    const timer = setInterval(() => socket.write(Uint8Array.of(0)), 100);
    socket.once('close', () => clearInterval(timer));
    return socket;
  });
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))),
  );
  return sockets;
}

describe('members, who have the key', () => {
  before(start);
  after(stop);
  beforeEach(watchMemory);
  afterEach((context) => survived(context as TestContext));

  it('send little that unpacks to much, in a datagram and on a stream', async () => {
    const before = await rejected('too-long');
    const socket = await openStranger(strange);
    const small = datagramAround(compressed(new Uint8Array(4 * 1024 * 1024)));
    socket.send(small, overwatch.gossipPort, '127.0.0.1');
    await counted('the datagram', () => rejected('too-long'), before + 1);
    socket.close();
    const bomb = frameAround(compressed(new Uint8Array(wireLimits.streamInflatedBytesMax + 1_024)));
    for (let count = 0; count < 4; count += 1) await writeStream(overwatch.gossipPort, bomb);
    await counted('the streams', () => rejected('too-long'), before + 5);
  });

  it('say that they know a million members', async () => {
    const [before, members] = [await rejected('too-long'), await overwatch.metric('gossip_members_total')];
    const claim = Buffer.concat([Uint8Array.of(6), encodeMap({ Nodes: 1_000_000, UserStateLen: 0, Join: true })]);
    await writeStream(overwatch.gossipPort, frameAround(claim));
    await counted('the claim', () => rejected('too-long'), before + 1);
    assert.equal(await overwatch.metric('gossip_members_total'), members);
  });

  it('send messages as long as there can be any', async () => {
    const user = { type: 'user', bytes: randomBytes(swimLimits.reliableBytes) } as const;
    const before = await overwatch.metric('overwatch_agent_rejections_total', { reason: 'too-large' });
    user.bytes[0] = 0x4f;
    const frame = frameOf(user, overwatch.key);
    for (let round = 0; round < 4; round += 1) await Promise.all(Array.from({ length: 8 }, () => writeStream(overwatch.gossipPort, frame)));
    const tooLarge = () => overwatch.metric('overwatch_agent_rejections_total', { reason: 'too-large' });
    const given = async () =>
      (await tooLarge()) + (await dropped('stream-bytes')) + (await dropped('inbox-full')) + (await dropped('stream-late'));
    await counted('each of them', given, before + 32);
    assert((await overwatch.rejections('(nameless)', 'too-large')) >= 1);
  });

  it('send 5,000 user messages a second that nobody can read', async () => {
    const malformed = () => overwatch.metric('overwatch_agent_rejections_total', { reason: 'malformed' });
    const before = await malformed();
    const socket = await openStranger(strange);
    const messages = Array.from({ length: 16 }, () =>
      datagramOf([{ type: 'user', bytes: Buffer.concat([Uint8Array.of(0x4f, 1, 6), randomBytes(900)]) }], overwatch.key),
    );
    await flood(socket, messages, 5_000, 3);
    socket.close();
    await counted('most of them', malformed, before + 5_000);
    // They are one event, and not thousands.
    const told = (await overwatch.events('agent.rejected')).filter(({ data }) => data.reason === 'malformed');
    assert.equal(told.length, 1);
  });
});

describe('a member that floods names', () => {
  before(start);
  after(stop);
  beforeEach(watchMemory);
  afterEach((context) => survived(context as TestContext));

  const names = (spoken: number, round: number): Message => ({
    ...{ type: 'pushPull', join: false, userState: nothing },
    nodes: Array.from({ length: 30_000 }, (_, index): NodeRecord => {
      const addr = Uint8Array.of(127, 66, index >> 8, index & 255);
      const vsn = Uint8Array.of(1, 5, spoken, 0, 0, 0);
      return { name: `${spoken}-${round}-${index}`, addr, port: 9, meta: nothing, incarnation: 1, state: 'alive', vsn };
    }),
  });
  const flooded = async (spoken: number) => {
    for (let round = 0; round < 3; round += 1) await writeStream(overwatch.gossipPort, frameOf(names(spoken, round), overwatch.key));
    await until('they were taken', async () => (await overwatch.metric('gossip_members_total')) > 1_000, { withinMs: 60_000 });
    assert((await overwatch.metric('gossip_members_total')) <= swimLimits.members);
  };

  it('fills the list with members, and no further', () => flooded(2));
});
