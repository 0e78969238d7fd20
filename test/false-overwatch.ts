/** A member that says it is an overwatch, with a certificate to that name, the gossip key, and the token of no service. */
import { randomBytes } from 'node:crypto';
import type { Gossip } from '../src/nodes/gossip/gossip.ts';
import { startGossip } from '../src/nodes/gossip/start-gossip.ts';
import type { MessageOf, MessageType } from '../src/nodes/identity/agent-messages.ts';
import { decode, encodeOpen, encodeSealed } from '../src/nodes/identity/agent-wire.ts';
import { readCertificate } from '../src/nodes/identity/certificate.ts';
import { type OverwatchSelf, present } from '../src/nodes/identity/handshake-of-overwatch.ts';
import { makeCertificate } from '../src/nodes/identity/make-certificate.ts';
import { writeMetadata } from '../src/nodes/identity/member-metadata.ts';
import { pairKey } from '../src/nodes/identity/proofs.ts';

export interface FalseOverwatch {
  readonly gossip: Gossip;
  /** `127.0.0.1:port`. */
  readonly place: string;
  /** How often it said welcome. */
  welcomes(): number;
  /** What was said to it beyond greetings and helloes. */
  told(): readonly MessageType[];
}

/** `prove`: what it makes of an agent's proof to have one of its own. */
export async function startFalseOverwatch(key: string, prove: (proof: Uint8Array) => Uint8Array): Promise<FalseOverwatch> {
  const overwatch = 'overwatch-1';
  const certificate = makeCertificate({ role: 'overwatch', id: overwatch, now: Date.now() });
  const self: OverwatchSelf = {
    ...{ overwatch, certificate, rotation: null, tokens: new Map(), nonceKey: randomBytes(32) },
    replaceLostCertificate: 'never',
  };
  const told: MessageType[] = [];
  let welcomes = 0;
  const say = (agent: string, bytes: Uint8Array) => gossip.send(agent, bytes, { reliable: true });

  function welcome({ agent, agentNonce, certificate: der, proofs }: MessageOf<'hello'>): void {
    const theirs = readCertificate(der);
    if (theirs === undefined) return;
    // It has its own key pair, so it can seal; only the proofs are out of its reach.
    const sealing = pairKey(certificate.privateKey, theirs.publicKey, [theirs.fingerprint, certificate.fingerprint]);
    const accepted = proofs.map(({ service, proof }) => ({ service, proof: prove(proof) }));
    say(agent, encodeSealed({ type: 'welcome', overwatch, agentNonce, accepted, declined: [] }, sealing));
    welcomes += 1;
  }

  const gossip: Gossip = await startGossip({
    ...{ name: overwatch, bind: '127.0.0.1:0', key, preset: 'local', thread: false },
    meta: writeMetadata({ role: 'overwatch', region: 'demo', version: '1' }, Date.now()),
    hears: {
      messages(batch) {
        for (const { bytes } of batch) {
          const decoded = decode(bytes);
          if ('rejected' in decoded) continue;
          const { message } = decoded;
          if (message.type === 'greet') say(message.agent, encodeOpen(present(self, message, Date.now())));
          else if (message.type === 'hello') welcome(message);
          else told.push(message.type);
        }
      },
    },
  });
  return { gossip, place: `127.0.0.1:${gossip.port}`, welcomes: () => welcomes, told: () => told };
}
