/**
 * The agent's side of getting acquainted with one overwatch: values in, values out. An overwatch is pinned only once it
 * has proven that it knows a token of ours; one that holds the gossip key alone gets a proof that is good for its own
 * certificate and nobody else's, and no pin. What it can do with the proof is guess tokens at home: they have at least 16
 * characters, and are worth what chance went into them. Whoever knows a token can be taken for an overwatch by an agent
 * that has none pinned under that name yet.
 */
import type { KeyObject } from 'node:crypto';
import type { RejectionReason } from '../../events/catalogue/agents.ts';
import type { MessageOf, Rotation } from './agent-messages.ts';
import { type Decoded, encodeSealed, sealFits } from './agent-wire.ts';
import { type Certificate, commonNameOf, mayBePinned, readCertificate } from './certificate.ts';
import type { Mark } from './high-water.ts';
import { agentProof, type Introduction, isSame, overwatchProof, pairKey, rotationFits } from './proofs.ts';

/** What the agent says of itself, and its secrets. */
export interface AgentSelf {
  readonly agent: string;
  readonly region: string;
  readonly version: string;
  readonly certificate: Certificate & { readonly privateKey: KeyObject };
  /** From its previous certificate to this one, where there was one. */
  readonly rotation: Rotation | null;
  /** Service to token. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** The agent said hello, and waits for the answer. */
export interface Introduced {
  readonly overwatch: string;
  readonly certificate: Certificate;
  readonly introduction: Introduction;
  /** Seals every message of the two from now on. */
  readonly key: Uint8Array;
  /** The bytes of the hello. */
  readonly bytes: Uint8Array;
}

export interface Welcomed {
  /** To be pinned, on the disk, before anything else is said to it. */
  readonly certificate: Certificate;
  /** Services that the agent may speak for there. */
  readonly services: readonly string[];
  readonly declined: MessageOf<'welcome'>['declined'];
  readonly key: Uint8Array;
}

type Rejected = { readonly rejected: RejectionReason };

export function greet(agent: string, agentNonce: Uint8Array): MessageOf<'greet'> {
  return { type: 'greet', agent, agentNonce };
}

interface Question {
  readonly agentNonce: Uint8Array;
  /** Of this start, and the next one: each hello has a sequence of its own. */
  readonly mark: Mark;
  /** The fingerprint pinned under this overwatch's name. */
  readonly pinned: string | undefined;
  readonly now: number;
}

/**
 *     the overwatch presents                                     pinned is   the agent
 *     another nonce than the greeting's                          any         replayed: an old answer
 *     no certificate, or not one of that name                    any         certificate-invalid
 *     a certificate whose dates are more than a day off          another, none  certificate-invalid
 *     the pinned certificate                                     it          says hello
 *     another, which the pinned one's key says follows it        another     says hello, and pins it when welcomed
 *     another                                                    another     fingerprint-mismatch: says nothing
 *     a certificate                                              none        says hello, and pins it when welcomed
 */
export function introduce(self: AgentSelf, present: MessageOf<'present'>, asked: Question): Introduced | Rejected {
  if (!isSame(present.agentNonce, asked.agentNonce)) return { rejected: 'replayed' };
  const certificate = readCertificate(present.certificate);
  if (certificate?.commonName !== commonNameOf('overwatch', present.overwatch)) return { rejected: 'certificate-invalid' };
  const rejected = misfit(certificate, present.rotation, asked);
  if (rejected !== undefined) return { rejected };

  const fingerprints = [self.certificate.fingerprint, certificate.fingerprint] as const;
  const key = pairKey(self.certificate.privateKey, certificate.publicKey, fingerprints);
  const { agentNonce, overwatchNonce } = present;
  const introduction = { agentFingerprint: fingerprints[0], overwatchFingerprint: fingerprints[1], agentNonce, overwatchNonce };
  return { overwatch: present.overwatch, certificate, introduction, key, bytes: encodeSealed(hello(self, introduction, asked.mark), key) };
}

function misfit(certificate: Certificate, rotation: Rotation | null, { pinned, now }: Question): RejectionReason | undefined {
  if (pinned === certificate.fingerprint) return undefined;
  if (!mayBePinned(certificate, now)) return 'certificate-invalid';
  return pinned === undefined || follows(certificate, rotation, pinned) ? undefined : 'fingerprint-mismatch';
}

/** Whether the owner of the pinned certificate said that this one takes its place. */
export function follows({ fingerprint }: Certificate, rotation: Rotation | null, pinned: string): boolean {
  const previous = rotation === null ? undefined : readCertificate(rotation.previousCertificate);
  if (rotation === null || previous?.fingerprint !== pinned) return false;
  return rotationFits(previous.publicKey, pinned, fingerprint, rotation.signature);
}

function hello(self: AgentSelf, introduction: Introduction, { boot, sequence }: Mark): MessageOf<'hello'> {
  const { agent, region, version, rotation, tokens } = self;
  const { agentNonce, overwatchNonce } = introduction;
  const proofs = [...tokens].map(([service, token]) => ({ service, proof: agentProof(token, introduction, service) }));
  const certificate = self.certificate.der;
  return { type: 'hello', agent, region, version, certificate, rotation, agentNonce, overwatchNonce, boot, sequence, proofs };
}

/**
 *     the answer                                             the agent
 *     is no welcome of this overwatch to this greeting       malformed, or replayed
 *     its seal does not fit                                  wrong-mac
 *     accepts no service, or one whose token it cannot prove, or that was not asked    false-overwatch: pins nothing
 *     accepts some, each proven                              pins, and speaks for those
 */
export function judgeWelcome(self: AgentSelf, introduced: Introduced, decoded: Decoded): Welcomed | Rejected {
  if ('rejected' in decoded) return { rejected: decoded.rejected };
  const { message } = decoded;
  if (message.type !== 'welcome' || message.overwatch !== introduced.overwatch) return { rejected: 'malformed' };
  if (!sealFits(decoded, introduced.key)) return { rejected: 'wrong-mac' };
  if (!isSame(message.agentNonce, introduced.introduction.agentNonce)) return { rejected: 'replayed' };

  const isProven = ({ service, proof }: MessageOf<'welcome'>['accepted'][number]) => {
    const token = self.tokens.get(service);
    return token !== undefined && isSame(proof, overwatchProof(token, introduced.introduction, service));
  };
  if (message.accepted.length === 0 || !message.accepted.every(isProven)) return { rejected: 'false-overwatch' };
  const services = message.accepted.map(({ service }) => service);
  return { certificate: introduced.certificate, services, declined: message.declined, key: introduced.key };
}
