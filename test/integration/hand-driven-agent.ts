/**
 * An agent that does what a test says and nothing by itself: a real member of the gossip with a certificate, which sends
 * the messages that it is told to, right or wrong, and keeps what it hears.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Gossip } from '../../src/nodes/gossip/gossip.ts';
import { startGossip } from '../../src/nodes/gossip/start-gossip.ts';
import type { AgentMessage, Claims, MessageOf, Rotation } from '../../src/nodes/identity/agent-messages.ts';
import { type Decoded, decode, encodeOpen, encodeSealed, sealFits } from '../../src/nodes/identity/agent-wire.ts';
import { greet, introduce, judgeWelcome } from '../../src/nodes/identity/handshake-of-agent.ts';
import type { Mark } from '../../src/nodes/identity/high-water.ts';
import { makeCertificate, type OwnCertificate } from '../../src/nodes/identity/make-certificate.ts';
import { writeMetadata } from '../../src/nodes/identity/member-metadata.ts';
import { until } from '../e2e/overwatch-process.ts';

export const gossipKey = Buffer.alloc(32, 7).toString('base64');

export interface HandOptions {
  readonly agent: string;
  readonly tokens: Readonly<Record<string, string>>;
  /** What the overwatch is called, and its gossip port. */
  readonly overwatch: { readonly name: string; readonly port: number };
  readonly boot?: number;
  readonly certificate?: OwnCertificate;
  readonly rotation?: Rotation;
  readonly region?: string;
  /** Of its gossip. Default: a free one. */
  readonly port?: number;
}

export interface HandDrivenAgent {
  readonly gossip: Gossip;
  readonly certificate: OwnCertificate;
  /** Everything that it heard, and could read. */
  readonly heard: readonly AgentMessage[];
  /** Greets and says hello; resolves with what the overwatch made of it. */
  introduce(): Promise<'welcomed' | MessageOf<'refused'>['reason']>;
  /** Sends a beat under the key of the pair; with a mark of its own where none is given. The bytes, to send them again. */
  beat(more?: { readonly claims?: Claims | null; readonly mark?: Mark; readonly intervalMs?: number; readonly agent?: string }): Uint8Array;
  farewell(): void;
  send(bytes: Uint8Array): void;
  /** Waits for the acknowledgement of a message. */
  acknowledged(mark: Mark): Promise<void>;
  /** The mark of the newest message. */
  mark(): Mark;
  close(): Promise<void>;
}

export function claimsOf(backends: readonly Partial<Claims['backends'][number]>[], missedThreshold = 3): Claims {
  const usual = { service: 'app.example.com', address: '127.0.1.1', port: 80, weight: 100, healthy: true, draining: null };
  return { missedThreshold, predictive: null, backends: backends.map((backend) => ({ ...usual, ...backend })) };
}

export async function handDrivenAgent(test: TestContext, options: HandOptions): Promise<HandDrivenAgent> {
  const { agent, tokens, overwatch, boot = 1, rotation = null, region = 'eu', port = 0 } = options;
  const certificate = options.certificate ?? makeCertificate({ role: 'agent', id: agent, now: Date.now() });
  const heard: AgentMessage[] = [];
  const decoded: Decoded[] = [];
  const gossip = await startGossip({
    ...{ name: agent, bind: `127.0.0.1:${port}`, key: gossipKey, preset: 'local', thread: false },
    meta: writeMetadata({ role: 'agent', region, version: '1.2.3' }, Date.now()),
    hears: {
      messages: (batch) => {
        for (const { bytes } of batch) {
          const message = decode(bytes);
          decoded.push(message);
          if ('message' in message) heard.push(message.message);
        }
      },
    },
  });
  let closed = false;
  const close = async () => {
    if (!closed) await gossip.close();
    closed = true;
  };
  test.after(close);
  const [joined] = await gossip.join([`127.0.0.1:${overwatch.port}`]);
  assert.equal(joined?.failure, undefined);

  const place = { address: '127.0.0.1', port: overwatch.port };
  const send = (bytes: Uint8Array) => gossip.send(place, bytes, { reliable: true });
  let sequence = 0;
  let key: Uint8Array = randomBytes(32);
  const next = (): Mark => ({ boot, sequence: ++sequence });

  return {
    ...{ gossip, certificate, heard, send, close },
    mark: () => ({ boot, sequence }),
    async introduce() {
      const self = { agent, region, version: '1.2.3', certificate, rotation, tokens: new Map(Object.entries(tokens)) };
      const agentNonce = new Uint8Array(randomBytes(16));
      const from = heard.length;
      send(encodeOpen(greet(agent, agentNonce)));
      const present = await until('a present', () => heard.slice(from).find((message) => message.type === 'present'));
      assert(present.type === 'present');
      const introduced = introduce(self, present, { agentNonce, mark: next(), pinned: undefined, now: Date.now() });
      assert('bytes' in introduced, JSON.stringify(introduced));
      send(introduced.bytes);
      const answer = await until('an answer to the hello', () =>
        decoded.find((one) => 'message' in one && ['welcome', 'refused'].includes(one.message.type) && heard.indexOf(one.message) >= from),
      );
      assert('message' in answer);
      if (answer.message.type === 'refused') return answer.message.reason;
      const welcomed = judgeWelcome(self, introduced, answer);
      assert('key' in welcomed, JSON.stringify(welcomed));
      ({ key } = welcomed);
      return 'welcomed';
    },
    beat({ claims = null, mark = next(), intervalMs = 1_000, agent: name = agent } = {}) {
      const bytes = encodeSealed({ type: 'beat', agent: name, ...mark, intervalMs, signals: null, claims }, key);
      send(bytes);
      return bytes;
    },
    farewell: () => send(encodeSealed({ type: 'farewell', agent, ...next() }, key)),
    async acknowledged({ boot: ofBoot, sequence: of }) {
      await until(`an acknowledgement of ${of}`, () => {
        const ack = decoded.find((one) => 'message' in one && one.message.type === 'ack' && one.message.sequence === of);
        if (ack === undefined || !('message' in ack) || ack.message.type !== 'ack') return undefined;
        assert.deepEqual([ack.message.boot, sealFits(ack, key)], [ofBoot, true]);
        return true;
      });
    },
  };
}
