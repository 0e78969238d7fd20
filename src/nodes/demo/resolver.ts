/**
 * The client's resolver, for one name: asks one server over UDP, over TCP where the answer did not fit, and keeps what
 * it heard for exactly the TTL, from the millisecond in which it was received. Like the stub resolver of an operating
 * system it asks a second time after two seconds and then gives up; it keeps no failure.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import type { Clock } from '../world.ts';
import type { AnswerMissed, AnswerSeen, Asker } from './client-log.ts';

/** How long one attempt waits before the next. */
const attemptMs = 2_000;
const attempts = 2;
const answerBytesMax = 4_096;
/** Records that a packet may say it has before it is not worth decoding. */
const recordsMax = 64;

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

export interface ResolverOptions {
  readonly server: DnsServer;
  readonly name: string;
  readonly clock: Clock;
  readonly by: Asker;
  /** Told of every question that went out, once it is answered or given up. */
  readonly onSeen: (seen: AnswerSeen | AnswerMissed) => void;
}

export interface Resolver {
  /** What it knows, or else asks for: one question at a time, however many wait for it. Never rejects. */
  resolve(): Promise<AnswerSeen | AnswerMissed>;
  /** Asks, whatever it knows. Never rejects. */
  ask(): Promise<AnswerSeen | AnswerMissed>;
}

export function createResolver({ server, name, clock, by, onSeen }: ResolverOptions): Resolver {
  let known: AnswerSeen | undefined;
  let asking: Promise<AnswerSeen | AnswerMissed> | undefined;

  async function ask(): Promise<AnswerSeen | AnswerMissed> {
    const askedAt = clock.now();
    const seen = await lookUp(server, name, clock)
      .then((heard) => ({ kind: 'answer', by, askedAt, at: clock.now(), ...heard }) as const)
      .catch((error: Error) => ({ kind: 'no-answer', by, askedAt, at: clock.now(), error: error.message }) as const);
    onSeen(seen);
    return seen;
  }

  async function askAndKeep(): Promise<AnswerSeen | AnswerMissed> {
    const seen = await ask();
    if (seen.kind === 'answer') known = seen;
    asking = undefined;
    return seen;
  }

  return {
    ask,
    async resolve() {
      if (known !== undefined && clock.now() < known.at + known.ttlSeconds * 1000) return known;
      asking ??= askAndKeep();
      return asking;
    },
  };
}

type Heard = Pick<AnswerSeen, 'addresses' | 'ttlSeconds' | 'over'>;

async function lookUp(server: DnsServer, name: string, clock: Clock): Promise<Heard> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const id = randomInt(65_536);
    const reply = await askOverUdp(server, question(id, name), isReplyTo(id, name), clock);
    if (reply === undefined) continue;
    if (!reply.flag_tc) return heard(reply, name, 'udp');
    const whole = await askOverTcp(server, question(id, name), isReplyTo(id, name), clock);
    if (whole !== undefined) return heard(whole, name, 'tcp');
  }
  throw new Error(`no answer from ${server.address}:${server.port}, asked ${attempts} times`);
}

type Reply = ReturnType<typeof decode>;
type IsReply = (packet: Reply) => boolean;

function question(id: number, name: string): Buffer {
  const packet: Packet = {
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type: 'A', class: 'IN', name }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1_232, flags: 0, ednsVersion: 0, options: [] } as never],
  };
  return encode(packet);
}

function isReplyTo(id: number, name: string): IsReply {
  return (packet) => {
    const [asked] = packet.questions ?? [];
    return packet.type === 'response' && packet.id === id && asked?.type === 'A' && asked.name.toLowerCase() === name;
  };
}

function heard(reply: Reply, name: string, over: 'udp' | 'tcp'): Heard {
  const rcode = (reply.flags ?? 0) & 0x0f;
  if (rcode !== 0) throw new Error(`the answer had rcode ${rcode}`);
  const records = (reply.answers ?? []).flatMap((record) => (record.type === 'A' && record.name.toLowerCase() === name ? [record] : []));
  if (records.length === 0) throw new Error('the answer held no address');
  return {
    addresses: records.map((record) => record.data),
    ttlSeconds: Math.min(...records.map((record) => record.ttl ?? 0)),
    over,
  };
}

/** Undefined: not a packet. Counts are looked at first, because decoding believes them. */
function read(bytes: Buffer): Reply | undefined {
  if (bytes.length < 12 || bytes.length > answerBytesMax) return undefined;
  const counts = [4, 6, 8, 10].map((offset) => bytes.readUInt16BE(offset));
  if (counts.some((count) => count > recordsMax)) return undefined;
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** Undefined: nothing fitting came in time. A refused port is waited for too: the server may be on its way back. */
function askOverUdp(server: DnsServer, bytes: Buffer, isReply: IsReply, clock: Clock): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const settle = (reply: Reply | undefined) => {
      callOff();
      socket.close();
      resolve(reply);
    };
    const callOff = clock.wakeAt(clock.now() + attemptMs, () => settle(undefined));
    socket.on('error', () => {});
    socket.on('message', (message) => {
      const reply = read(message);
      if (reply !== undefined && isReply(reply)) settle(reply);
    });
    socket.once('connect', () => socket.send(bytes));
    // Connected: the kernel drops what others send.
    socket.connect(server.port, server.address);
  });
}

/** Undefined: nothing fitting came in time. */
function askOverTcp(server: DnsServer, bytes: Buffer, isReply: IsReply, clock: Clock): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const socket = connect(server.port, server.address);
    const settle = (reply: Reply | undefined) => {
      callOff();
      socket.destroy();
      resolve(reply);
    };
    const callOff = clock.wakeAt(clock.now() + attemptMs, () => settle(undefined));
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => settle(undefined));
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      const length = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0);
      if (received.length < 2 + length && received.length <= answerBytesMax) return;
      const reply = read(received.subarray(2, 2 + length));
      settle(reply !== undefined && isReply(reply) ? reply : undefined);
    });
    const lengthPrefix = Buffer.alloc(2);
    lengthPrefix.writeUInt16BE(bytes.length);
    socket.write(Buffer.concat([lengthPrefix, bytes]));
  });
}
