/** Every limit of identity and of the messages between agents and overwatches, in one table (I9). What is beyond is refused. */
import { claimedBackendsMax } from '../../events/catalogue/heartbeats.ts';

export const identityLimits = {
  /** Longest name of an agent, in bytes of UTF-8: what a fact about it may have. */
  agentBytesMax: 128,
  /** Longest name of an overwatch, in bytes of UTF-8: what a member's name may have. */
  overwatchBytesMax: 255,
  /** Longest certificate of somebody else, DER. Ours have some 400 bytes, and a longest name makes it 800. */
  certificateBytesMax: 2_048,
  /** How far a certificate's dates may be from our clock when it is pinned. */
  certificateSkewMs: 24 * 60 * 60 * 1000,
  /** Life of a certificate. */
  certificateLifeMs: 365 * 24 * 60 * 60 * 1000,
  /** So long before its end a certificate is due for rotation. */
  rotateBeforeMs: 30 * 24 * 60 * 60 * 1000,
  /** A greeting's answer is good for one to two of these. */
  nonceLifeMs: 30_000,
  /** Longest message of any kind; it travels over TCP. */
  messageBytesMax: 512 * 1024,
  /** Longest message that goes in a datagram; longer ones go over TCP. */
  datagramBytesMax: 1_200,
  /** Services that one agent speaks for. */
  servicesMax: 256,
  /** Backends of one agent. */
  backendsMax: claimedBackendsMax,
  /** Longest region and version, in bytes of UTF-8. */
  labelBytesMax: 255,
  /** Longest reason for a drain, in bytes of UTF-8. */
  reasonBytesMax: 512,
  /** How deep arrays stand in arrays: a message, its claims, their backends, one backend. */
  nestingMax: 4,
  /** Largest weight. */
  weightMax: 2 ** 31 - 1,
  /** Longest interval between two beats. */
  intervalMsMax: 24 * 60 * 60 * 1000,
  /** Longest message of an original agent: a datagram, decompressed. */
  legacyBytesMax: 256 * 1024,
  /** A member's metadata, which is memberlist's own limit. */
  metadataBytesMax: 512,
} as const;
