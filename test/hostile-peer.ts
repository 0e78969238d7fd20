/**
 * Whoever holds the gossip key, and does with it what no agent of ours would: a real member of the gossip that speaks the
 * agents' protocol by hand, from the same functions as the real ones, so that each step can be done wrong on purpose.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type KeyRing, keyRing, nonceBytes, parseKey } from '../src/nodes/gossip/key-ring.ts';
import type { Message } from '../src/nodes/gossip/messages.ts';
import { sealStream } from '../src/nodes/gossip/stream-wire.ts';
import { sealDatagram } from '../src/nodes/gossip/wire.ts';
import type { Claims, MessageOf, MessageType } from '../src/nodes/identity/agent-messages.ts';
import { type Decoded, decode, encodeOpen, encodeSealed } from '../src/nodes/identity/agent-wire.ts';
import {
  type AgentSelf,
  greet,
  type Introduced,
  introduce,
  judgeWelcome,
  type Welcomed,
} from '../src/nodes/identity/handshake-of-agent.ts';
import type { Mark } from '../src/nodes/identity/high-water.ts';
import { makeCertificate, type OwnCertificate } from '../src/nodes/identity/make-certificate.ts';
import { type AttackedOverwatch, service, tokens } from './attacked-overwatch.ts';
import { startTestMember, type TestMember, until } from './gossip-members.ts';

export function ringOf(key: string): KeyRing {
  const parsed = parseKey(key);
  assert(parsed !== undefined, 'a key of 32 bytes');
  return keyRing(parsed);
}

/** One sealed datagram, as any member could send it. */
export function datagramOf(messages: readonly Message[], key: string): Uint8Array {
  return sealDatagram(messages, ringOf(key), randomBytes(nonceBytes), { crc: false });
}

/** One sealed frame of a stream. */
export function frameOf(message: Message, key: string, compress = false): Uint8Array {
  return sealStream(message, ringOf(key), randomBytes(nonceBytes), { compress });
}

/** A UDP socket that is no member, on an address of its own. */
export async function openStranger(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

/** Writes bytes on a TCP connection of a stranger, and waits until the other side has ended it. */
export async function writeStream(port: number, bytes: Uint8Array, localAddress = '127.0.0.66'): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => {});
  socket.resume();
  // Not `once` of node:events, which takes being cut off for a failure.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.end(bytes);
  await closed;
}

export interface PeerWords {
  /** What it calls itself among the agents. */
  readonly agent: string;
  /** Its name in the gossip; default: the same. */
  readonly member?: string;
  readonly certificate?: OwnCertificate;
  readonly token?: string;
  readonly services?: readonly string[];
}

export interface HostilePeer {
  readonly member: TestMember;
  /** Who it says it is. */
  readonly self: AgentSelf;
  /** Greets, and waits until the overwatch has presented itself. */
  introduced(mark: Mark): Promise<Introduced>;
  /** Greets, says hello, and waits for the answer: the welcome, or the reason why not. */
  introduce(mark: Mark): Promise<Welcomed | string>;
  /** A beat, sealed under this key. */
  beat(key: Uint8Array, mark: Mark, claims?: Claims): Uint8Array;
  /** Sends bytes to the overwatch, best effort or over TCP. */
  send(bytes: Uint8Array, reliable?: boolean): void;
  /** Messages of that type that the overwatch said so far. */
  heard<T extends MessageType>(type: T): readonly { readonly message: MessageOf<T>; readonly decoded: Decoded }[];
  close(): Promise<void>;
}

/** Everything of one healthy backend. */
export function claimsOf(address: string, port = 80): Claims {
  return {
    missedThreshold: 1_000,
    predictive: null,
    backends: [{ service, address, port, weight: 1, healthy: true, draining: null }],
  };
}

/** Joins as a member, whose key it has. */
export async function startHostilePeer(
  overwatch: Pick<AttackedOverwatch, 'key' | 'place' | 'gossipPort'>,
  words: PeerWords,
): Promise<HostilePeer> {
  const { agent, member: name = agent, token = tokens[service] ?? '', services = [service] } = words;
  const certificate = words.certificate ?? makeCertificate({ role: 'agent', id: agent, now: Date.now() });
  const member = await startTestMember({ name, key: overwatch.key, thread: false });
  const [joined] = await member.gossip.join([overwatch.place]);
  assert.equal(joined?.failure, undefined);

  const self: AgentSelf = {
    ...{ agent, region: 'demo', version: '1', certificate, rotation: null },
    tokens: new Map(services.map((one) => [one, token])),
  };
  const send = (bytes: Uint8Array, reliable = false) =>
    member.gossip.send({ address: '127.0.0.1', port: overwatch.gossipPort }, bytes, { reliable });
  const heard = <T extends MessageType>(type: T) =>
    member.messages.flatMap(({ bytes }) => {
      const decoded = decode(bytes);
      if ('rejected' in decoded || decoded.message.type !== type) return [];
      return [{ message: decoded.message as unknown as MessageOf<T>, decoded }];
    });

  async function introduced(mark: Mark): Promise<Introduced> {
    const agentNonce = new Uint8Array(randomBytes(16));
    send(encodeOpen(greet(agent, agentNonce)));
    const answer = () => heard('present').find(({ message }) => Buffer.compare(message.agentNonce, agentNonce) === 0);
    await until('the overwatch presents itself', () => answer() !== undefined);
    const { message } = answer() as NonNullable<ReturnType<typeof answer>>;
    const outcome = introduce(self, message, { agentNonce, mark, pinned: undefined, now: Date.now() });
    assert('bytes' in outcome, JSON.stringify(outcome));
    return outcome;
  }

  return {
    ...{ member, self, introduced, send, heard },
    async introduce(mark) {
      const said = await introduced(mark);
      send(said.bytes);
      const { agentNonce } = said.introduction;
      const isAnswer = ({ message }: { message: MessageOf<'welcome'> | MessageOf<'refused'> }) =>
        Buffer.compare(message.agentNonce, agentNonce) === 0;
      const answer = () => heard('welcome').find(isAnswer) ?? heard('refused').find(isAnswer);
      await until('the overwatch answers', () => answer() !== undefined);
      const { message, decoded } = answer() as NonNullable<ReturnType<typeof answer>>;
      if (message.type === 'refused') return message.reason;
      const judged = judgeWelcome(self, said, decoded);
      assert('services' in judged, JSON.stringify(judged));
      return judged;
    },
    beat(key, { boot, sequence }, claims) {
      return encodeSealed({ type: 'beat', agent, boot, sequence, intervalMs: 60_000, signals: null, claims: claims ?? null }, key);
    },
    close: () => member.gossip.close(),
  };
}
