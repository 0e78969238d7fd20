/**
 * Facts about agents: who is trusted to speak, for which services, and who was not let in. Public parts only: tokens and
 * private keys never come near a fact.
 */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { domainName, sha256 } from './scalars.ts';

/** What an agent calls itself; unique among the agents of an overwatch. */
export const agentName = z.string().min(1).max(128);

/** How often an agent started, and how many messages it sent since: together they only rise. */
export const mark = { boot: z.int().nonnegative(), sequence: z.int().nonnegative() };

/** DER in base64. */
const certificate = z.base64().max(8_192);
const gossipAddress = z.string().max(300);

export const agentPinned = defineEvent({
  type: 'agent.pinned',
  code: 40,
  meaning: 'From now on this certificate, and no other, is this agent, and it speaks for these services, whose tokens it proved.',
  data: z.strictObject({
    agent: agentName,
    /** SHA-256 of the certificate; null: a legacy agent, which has none. */
    fingerprint: sha256.nullable(),
    certificate: certificate.nullable(),
    /** Of its backends. */
    region: z.string(),
    services: z.array(domainName).max(1_000),
    /** Where it is met in the gossip. */
    address: gossipAddress,
    /** An agent of the original OpenGSLB, which proves nothing. */
    legacy: z.boolean(),
  }),
});

export const agentRotated = defineEvent({
  type: 'agent.rotated',
  code: 41,
  meaning: 'The agent has this certificate from now on; it was signed by the one before, which is void.',
  data: z.strictObject({ agent: agentName, fingerprint: sha256, previous: sha256, certificate }),
});

export const agentRevoked = defineEvent({
  type: 'agent.revoked',
  code: 42,
  meaning: 'This agent is believed no more, and this certificate never again.',
  data: z.strictObject({ agent: agentName, fingerprint: sha256.nullable(), reason: z.string().min(1).max(1_000) }),
});

/** Why an agent, or a part of what it claims, is not let in. The list is closed: programs match on it. */
export const rejectionReasons = [
  'address-held',
  'agent-unknown',
  'certificate-invalid',
  'false-overwatch',
  'fingerprint-mismatch',
  'legacy-refused',
  'malformed',
  'region-unknown',
  'replayed',
  'revoked',
  'service-not-proven',
  'superseded-certificate',
  'too-large',
  'too-many-agents',
  'too-many-servers',
  'too-old-boot',
  'unknown-service',
  'unknown-version',
  'wrong-mac',
  'wrong-token',
] as const;
export type RejectionReason = (typeof rejectionReasons)[number];

export const agentRejected = defineEvent({
  type: 'agent.rejected',
  code: 43,
  meaning: 'Something that called itself this agent was not believed, this often since it was last said.',
  data: z.strictObject({
    agent: agentName,
    reason: z.enum(rejectionReasons),
    /** Where it came from, or the backend that it was about; null: not known. */
    address: gossipAddress.nullable(),
    count: z.int().positive(),
  }),
});

export const agentLeft = defineEvent({
  type: 'agent.left',
  code: 44,
  meaning: 'The agent said that it goes: it stopped in order, and its claims are void until it is heard again.',
  data: z.strictObject({ agent: agentName, ...mark }),
});
