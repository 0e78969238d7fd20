/**
 * The overwatch's side of getting acquainted with an agent: values in, values out. It keeps nothing of a greeting, since
 * whoever holds the gossip key can send a million of them: its nonce follows from the greeting. Only a hello that carries
 * that nonce is looked into. What the answer means for the log (pin, rotate, replace) is said, and done elsewhere.
 */
import type { KeyObject } from 'node:crypto';
import type { RejectionReason } from '../../events/catalogue/agents.ts';
import type { MessageOf, Rotation } from './agent-messages.ts';
import { encodeSealed, type Seal, sealFits } from './agent-wire.ts';
import { type Certificate, commonNameOf, mayBePinned, readCertificate } from './certificate.ts';
import { follows } from './handshake-of-agent.ts';
import { comparedWith, type Mark } from './high-water.ts';
import { identityLimits } from './limits.ts';
import { agentProof, greetingNonce, type Introduction, isSame, overwatchProof, pairKey } from './proofs.ts';

/** What the overwatch says of itself, and its secrets. */
export interface OverwatchSelf {
  readonly overwatch: string;
  readonly certificate: Certificate & { readonly privateKey: KeyObject };
  /** From its previous certificate to this one, where there was one. */
  readonly rotation: Rotation | null;
  /** Service to token: who may speak for which. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Random bytes of this start, from which the nonces follow. */
  readonly nonceKey: Uint8Array;
  /** Whether the token alone may replace the certificate of an agent that fell silent. */
  readonly replaceLostCertificate: 'when-stale' | 'never';
}

/** What the log says of the agent of that name. */
export interface KnownAgent {
  /** Of the pinned certificate; null: an agent of the original OpenGSLB has none. */
  readonly fingerprint: string | null;
  /** What its next hello must be newer than. */
  readonly mark: Mark | undefined;
  readonly isStale: boolean;
}

export interface Trust {
  /** Undefined where no agent of that name was pinned. */
  readonly agent: KnownAgent | undefined;
  /** Fingerprints that this agent replaced, and that were revoked. */
  readonly isSuperseded: (fingerprint: string) => boolean;
  readonly isRevoked: (fingerprint: string) => boolean;
}

export interface Let {
  /** What the log must say before the welcome goes out. */
  readonly as: 'known' | 'first-use' | 'rotated' | 'replaced';
  readonly certificate: Certificate;
  /** Services whose token the agent has proven. */
  readonly services: readonly string[];
  readonly mark: Mark;
  /** Seals every message of the two from now on. */
  readonly key: Uint8Array;
  /** The bytes of the welcome. */
  readonly welcome: Uint8Array;
}

/** The reason goes into the log, and the message to whoever asked. */
export interface Refused {
  readonly rejected: RejectionReason;
  readonly refused: MessageOf<'refused'>;
}

const periodAt = (now: number) => Math.floor(now / identityLimits.nonceLifeMs);

export function present(self: OverwatchSelf, { agent, agentNonce }: MessageOf<'greet'>, now: number): MessageOf<'present'> {
  const { overwatch, certificate, rotation, nonceKey } = self;
  const overwatchNonce = greetingNonce(nonceKey, agent, agentNonce, periodAt(now));
  return { type: 'present', overwatch, certificate: certificate.der, rotation, agentNonce, overwatchNonce };
}

type Hello = MessageOf<'hello'>;
type DecodedHello = { readonly message: Hello; readonly seal: Seal | undefined };

/**
 * The first of these that holds is the answer:
 *
 *     the hello                                                    answer
 *     has a nonce that was not given to this agent lately          replayed
 *     has no certificate, or not one of its name                   certificate-invalid
 *     has a certificate that was revoked                           revoked
 *     has a certificate that its agent replaced                    superseded-certificate
 *     has a seal that does not fit                                 wrong-mac
 *     names no service that has a token here                       unknown-service
 *     proves none of their tokens                                  wrong-token
 *     else by the pin; what is known or rotated, and is old, is too-old-boot or replayed:
 *
 *     pinned is                  and                                          answer
 *     this certificate                                                        known
 *     none, or a legacy agent    its dates are more than a day off            certificate-invalid
 *     none, or a legacy agent    they are not                                 first-use
 *     another certificate        its dates are more than a day off            certificate-invalid
 *     another certificate        its key says that this one follows           rotated
 *     another certificate        its agent is stale, and that may be replaced replaced
 *     another certificate        anything else                                fingerprint-mismatch
 */
export function judgeHello(self: OverwatchSelf, decoded: DecodedHello, trust: Trust, now: number): Let | Refused {
  const { message } = decoded;
  const refuse = (rejected: RejectionReason): Refused => {
    return { rejected, refused: { type: 'refused', overwatch: self.overwatch, agentNonce: message.agentNonce, reason: rejected } };
  };
  if (!wasGiven(self, message, now)) return refuse('replayed');
  const certificate = readCertificate(message.certificate);
  if (certificate?.commonName !== commonNameOf('agent', message.agent)) return refuse('certificate-invalid');
  if (trust.isRevoked(certificate.fingerprint)) return refuse('revoked');
  if (trust.isSuperseded(certificate.fingerprint)) return refuse('superseded-certificate');

  const introduction = introductionOf(self, message, certificate);
  const key = pairKey(self.certificate.privateKey, certificate.publicKey, [certificate.fingerprint, self.certificate.fingerprint]);
  if (!sealFits(decoded, key)) return refuse('wrong-mac');
  const services = sorted(self, message, introduction);
  if (services.accepted.length === 0) return refuse(services.declined.some(isWrongToken) ? 'wrong-token' : 'unknown-service');

  const as = standing(self, message, certificate, trust.agent, now);
  if (as === 'certificate-invalid' || as === 'fingerprint-mismatch') return refuse(as);
  // A certificate that nobody vouches for begins its own order: its host has lost its counter with everything else.
  const order = as === 'known' || as === 'rotated' ? comparedWith(trust.agent?.mark, message) : 'newer';
  if (order !== 'newer') return refuse(order);
  return {
    as,
    certificate,
    services: services.accepted.map(({ service }) => service),
    mark: { boot: message.boot, sequence: message.sequence },
    key,
    welcome: encodeSealed({ type: 'welcome', overwatch: self.overwatch, agentNonce: message.agentNonce, ...services }, key),
  };
}

/** In this period or the one before, so that one who asks at the end of a period has time to answer. */
function wasGiven({ nonceKey }: OverwatchSelf, { agent, agentNonce, overwatchNonce }: Hello, now: number): boolean {
  const period = periodAt(now);
  return [period, period - 1].some((given) => isSame(overwatchNonce, greetingNonce(nonceKey, agent, agentNonce, given)));
}

function introductionOf(self: OverwatchSelf, { agentNonce, overwatchNonce }: Hello, certificate: Certificate): Introduction {
  const overwatchFingerprint = self.certificate.fingerprint;
  return { agentFingerprint: certificate.fingerprint, overwatchFingerprint, agentNonce, overwatchNonce };
}

type Answers = Pick<MessageOf<'welcome'>, 'accepted' | 'declined'>;
const isWrongToken = ({ reason }: Answers['declined'][number]) => reason === 'wrong-token';

/**
 *     the service has                     it is
 *     no token here                       declined: unknown-service
 *     a token that was not proven         declined: wrong-token
 *     a token that was proven             accepted, with our own proof
 */
function sorted({ tokens }: OverwatchSelf, { proofs }: Hello, introduction: Introduction): Answers {
  const accepted: Answers['accepted'][number][] = [];
  const declined: Answers['declined'][number][] = [];
  // A service that is named twice is looked at once, or one hello could have us prove the same thing all day.
  for (const [service, proof] of new Map(proofs.map(({ service, proof }) => [service, proof]))) {
    const token = tokens.get(service);
    if (token === undefined) declined.push({ service, reason: 'unknown-service' });
    else if (!isSame(proof, agentProof(token, introduction, service))) declined.push({ service, reason: 'wrong-token' });
    else accepted.push({ service, proof: overwatchProof(token, introduction, service) });
  }
  return { accepted, declined };
}

function standing(
  { replaceLostCertificate }: OverwatchSelf,
  { rotation }: Hello,
  certificate: Certificate,
  agent: KnownAgent | undefined,
  now: number,
): Let['as'] | 'certificate-invalid' | 'fingerprint-mismatch' {
  if (agent?.fingerprint === certificate.fingerprint) return 'known';
  if (!mayBePinned(certificate, now)) return 'certificate-invalid';
  if (agent === undefined || agent.fingerprint === null) return 'first-use';
  if (follows(certificate, rotation, agent.fingerprint)) return 'rotated';
  return agent.isStale && replaceLostCertificate === 'when-stale' ? 'replaced' : 'fingerprint-mismatch';
}
