/**
 * Agents without hosts: each has a certificate, a key of its own with the overwatch, a boot and sequences, and says what a
 * real one says, by the same functions. They share one member of the gossip, by which they get acquainted, and one UDP
 * socket, by which they beat; so the overwatch has all their messages, and not their ten thousand memberships.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { GossipListeners } from '../../../src/nodes/gossip/gossip.ts';
import { keyRing, nonceBytes, parseKey } from '../../../src/nodes/gossip/key-ring.ts';
import { startGossip } from '../../../src/nodes/gossip/start-gossip.ts';
import { openDatagram, sealDatagram } from '../../../src/nodes/gossip/wire.ts';
import type { Claims } from '../../../src/nodes/identity/agent-messages.ts';
import { decode, encodeOpen, encodeSealed } from '../../../src/nodes/identity/agent-wire.ts';
import { type AgentSelf, greet, type Introduced, introduce, judgeWelcome } from '../../../src/nodes/identity/handshake-of-agent.ts';
import { makeCertificate } from '../../../src/nodes/identity/make-certificate.ts';

export interface SimulatedAgent {
  readonly name: string;
  readonly service: string;
  readonly address: string;
}

export interface SimulatedAgents {
  /** Says a sign of life, or everything about the one backend. */
  beat(index: number, said?: { readonly healthy: boolean }): void;
  /** Beats that were handed to the kernel, claims among them. */
  readonly sent: number;
  close(): Promise<void>;
}

export interface SimulatedAgentsOptions {
  readonly agents: readonly SimulatedAgent[];
  /** Of the gossip, in base64. */
  readonly key: string;
  readonly gossipPort: number;
  readonly token: string;
}

interface Life {
  readonly self: AgentSelf;
  nonce: Uint8Array;
  introduced: Introduced | undefined;
  pairKey: Uint8Array | undefined;
  isRegistered: boolean;
}

const boot = Math.floor(Date.now() / 1_000);
const intervalMs = 1_000;
/** Slower than the overwatch lets agents in, so that none is passed over. */
const helloesASecond = 300;
const host = '127.0.0.1';

/** Resolves when every agent was welcomed, and has its backend acknowledged. */
export async function startSimulatedAgents({ agents, key, gossipPort, token }: SimulatedAgentsOptions): Promise<SimulatedAgents> {
  const parsed = parseKey(key);
  if (parsed === undefined) throw new Error('the key of the gossip has 32 bytes');
  const ring = keyRing(parsed);
  const lives = agents.map(({ name, service }): Life => {
    const certificate = makeCertificate({ role: 'agent', id: name, now: Date.now() });
    const self = { agent: name, region: 'r', version: '1', certificate, rotation: null, tokens: new Map([[service, token]]) };
    return { self, nonce: randomBytes(16), introduced: undefined, pairKey: undefined, isRegistered: false };
  });
  const byNonce = new Map<string, Life>();
  const nonceText = (nonce: Uint8Array) => Buffer.from(nonce).toString('hex');
  /** One for all of them: what rises for each rises for all, and an acknowledgement then tells whose it is. */
  let sequence = 0;
  let sent = 0;
  const unacknowledged = new Map<number, Life>();

  function hear(bytes: Uint8Array): void {
    const decoded = decode(bytes);
    if ('rejected' in decoded) return;
    const { message } = decoded;
    const life = 'agentNonce' in message ? byNonce.get(nonceText(message.agentNonce)) : undefined;
    if (life === undefined) return;
    if (message.type === 'present') {
      const mark = { boot, sequence: (sequence += 1) };
      const outcome = introduce(life.self, message, { agentNonce: life.nonce, mark, pinned: undefined, now: Date.now() });
      if ('rejected' in outcome) throw new Error(outcome.rejected);
      life.introduced = outcome;
      gossip.send({ address: host, port: gossipPort }, outcome.bytes);
    } else if (message.type === 'welcome' && life.introduced !== undefined) {
      const outcome = judgeWelcome(life.self, life.introduced, decoded);
      if ('rejected' in outcome) throw new Error(outcome.rejected);
      life.pairKey = outcome.key;
    }
  }

  const name = `bench-${process.pid}-${agents[0]?.name}`;
  const limits = { streamsIn: 1_024, streamsInOfOne: 1_024 };
  const hears: GossipListeners = {
    messages(batch) {
      for (const { bytes } of batch) hear(bytes);
    },
  };
  const gossip = await startGossip({ name, bind: `${host}:0`, key, preset: 'local', limits, hears });
  const [joined] = await gossip.join([`${host}:${gossipPort}`]);
  if (joined?.failure !== undefined) throw new Error(joined.failure);

  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024, sendBufferSize: 4 * 1024 * 1024 });
  socket.bind(0, host);
  await once(socket, 'listening');
  socket.on('message', (datagram) => {
    for (const message of openDatagram(datagram, ring).messages) {
      const decoded = message.type === 'user' ? decode(message.bytes) : undefined;
      if (decoded === undefined || 'rejected' in decoded || decoded.message.type !== 'ack') continue;
      const life = unacknowledged.get(decoded.message.sequence);
      if (life !== undefined) life.isRegistered = true;
      unacknowledged.delete(decoded.message.sequence);
    }
  });

  function claimsOf(index: number, healthy: boolean): Claims {
    const { service, address } = agents[index] as SimulatedAgent;
    return { missedThreshold: 1_000, predictive: null, backends: [{ service, address, port: 80, weight: 1, healthy, draining: null }] };
  }

  function beat(index: number, said?: { readonly healthy: boolean }): void {
    const life = lives[index] as Life;
    if (life.pairKey === undefined) return;
    const { agent } = life.self;
    const claims = said === undefined ? null : claimsOf(index, said.healthy);
    const message = { type: 'beat', agent, boot, sequence: (sequence += 1), intervalMs, signals: null, claims } as const;
    if (claims !== null) unacknowledged.set(sequence, life);
    const packet = sealDatagram([{ type: 'user', bytes: encodeSealed(message, life.pairKey) }], ring, randomBytes(nonceBytes), {
      crc: false,
    });
    socket.send(packet, gossipPort, host);
    sent += 1;
  }

  await repeatedly(
    lives,
    ({ pairKey }) => pairKey === undefined,
    (life) => {
      // What is said to the greeting of before comes too late.
      byNonce.delete(nonceText(life.nonce));
      life.nonce = randomBytes(16);
      byNonce.set(nonceText(life.nonce), life);
      gossip.send({ address: host, port: gossipPort }, encodeOpen(greet(life.self.agent, life.nonce)));
    },
  );
  const indices = new Map(lives.map((life, index) => [life, index]));
  await repeatedly(
    lives,
    ({ isRegistered }) => !isRegistered,
    (life) => beat(indices.get(life) as number, { healthy: true }),
  );
  return {
    beat,
    get sent() {
      return sent;
    },
    async close() {
      socket.close();
      await gossip.leave(200);
      await gossip.close();
    },
  };
}

/** Does it for each that still wants it, at a bounded pace, until none does: what got lost comes again. */
async function repeatedly(lives: readonly Life[], wants: (life: Life) => boolean, act: (life: Life) => void): Promise<void> {
  const everyMs = 20;
  const atOnce = Math.max(1, Math.round((helloesASecond * everyMs) / 1_000));
  for (;;) {
    const left = lives.filter(wants);
    if (left.length === 0) return;
    for (let from = 0; from < left.length; from += atOnce) {
      for (const life of left.slice(from, from + atOnce)) act(life);
      await setTimeout(everyMs);
    }
    await setTimeout(2_000);
  }
}
