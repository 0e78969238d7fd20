/**
 * What agents and overwatches say to each other, each message with its fields in the order in which they travel. The
 * first five make them acquainted (`handshake`), the others follow. It says what a message looks like, not who may say it.
 *
 *     greet     agent -> overwatch   I am here                                    TCP
 *     present   overwatch -> agent   this is who I am, and a nonce                TCP
 *     hello     agent -> overwatch   this is who I am, and what I may speak for   TCP, sealed
 *     welcome   overwatch -> agent   I know these tokens, too                     TCP, sealed
 *     refused   overwatch -> agent   why not; anybody can say so, so it only hints
 *     beat      agent -> overwatch   I am alive, and what changed                 UDP where it fits, sealed
 *     ack       overwatch -> agent   what changed is on the disk here             UDP, sealed
 *     farewell  agent -> overwatch   I leave in order                             TCP, sealed
 */

import { rejectionReasons } from '../../events/catalogue/agents.ts';
import { identityLimits } from './limits.ts';
import { nonceBytes, proofBytes } from './proofs.ts';
import {
  address,
  bytes,
  listOf,
  oneOf,
  orNull,
  quantity,
  type RecordOf,
  recordOf,
  service,
  text,
  type ValueOf,
  whole,
  yesOrNo,
} from './wire-fields.ts';

const { agentBytesMax, overwatchBytesMax, labelBytesMax, reasonBytesMax, certificateBytesMax, servicesMax, backendsMax } = identityLimits;

const agent = text(1, agentBytesMax);
const overwatch = text(1, overwatchBytesMax);
const label = text(0, labelBytesMax);
const nonce = bytes(nonceBytes);
const certificate = bytes(1, certificateBytesMax);
const proofs = listOf(recordOf({ service, proof: bytes(proofBytes) }), servicesMax);
/** The certificate before, and the signature (ECDSA in DER) of its key over what this one is. */
const rotation = orNull(recordOf({ previousCertificate: certificate, signature: bytes(1, 80) }));
const count = whole(0, Number.MAX_SAFE_INTEGER);
/** A percentage, or a rate. */
const amount = quantity(1e9);
const durationMs = whole(0, identityLimits.intervalMsMax);

/** Weights sink from `threshold` on, within `bleedMs`, and rise again at `leave` or below. */
const bleeding = recordOf({ threshold: amount, leave: amount, bleedMs: durationMs });

const backend = recordOf({
  service,
  address,
  port: whole(1, 65_535),
  weight: whole(0, identityLimits.weightMax),
  healthy: yesOrNo,
  /** Why it drains; null where it does not. */
  draining: orNull(text(1, reasonBytesMax)),
});

/** Everything that the agent says of its backends, whole: what is not in it is no longer claimed. */
const claims = recordOf({
  missedThreshold: whole(1, 1_000),
  /** Null where its signals lower nothing. */
  predictive: orNull(recordOf({ cpu: bleeding, memory: bleeding, errorRate: bleeding })),
  backends: listOf(backend, backendsMax),
});

/** In percent, percent, and failures of backends a minute; null where it cannot be measured. */
const signals = recordOf({ cpu: orNull(amount), memory: orNull(amount), errorRate: orNull(amount) });

export const layouts = {
  greet: { agent, agentNonce: nonce },
  present: { overwatch, certificate, rotation, agentNonce: nonce, overwatchNonce: nonce },
  hello: {
    agent,
    region: label,
    version: label,
    certificate,
    rotation,
    agentNonce: nonce,
    overwatchNonce: nonce,
    boot: count,
    sequence: count,
    proofs,
  },
  welcome: {
    overwatch,
    agentNonce: nonce,
    accepted: proofs,
    declined: listOf(recordOf({ service, reason: oneOf(rejectionReasons) }), servicesMax),
  },
  refused: { overwatch, agentNonce: nonce, reason: oneOf(rejectionReasons) },
  beat: {
    agent,
    boot: count,
    sequence: count,
    intervalMs: whole(1, identityLimits.intervalMsMax),
    signals: orNull(signals),
    claims: orNull(claims),
  },
  /** The longest TTL of the answers that its backends may be in: for how long clients come after it drains. Null: in none. */
  ack: { overwatch, boot: count, sequence: count, ttlSeconds: orNull(whole(0, 2 ** 31 - 1)) },
  farewell: { agent, boot: count, sequence: count },
} as const;

type Layouts = typeof layouts;
export type MessageType = keyof Layouts;
export type MessageOf<T extends MessageType> = { readonly type: T } & RecordOf<Layouts[T]>;
export type AgentMessage = { [T in MessageType]: MessageOf<T> }[MessageType];
export type Claims = ValueOf<typeof claims>;
export type ClaimedBackend = ValueOf<typeof backend>;
export type Signals = ValueOf<typeof signals>;
export type Rotation = NonNullable<ValueOf<typeof rotation>>;

/** The byte that says what a message is. Numbers are never reused. */
export const codes: Readonly<Record<MessageType, number>> = {
  greet: 1,
  present: 2,
  hello: 3,
  welcome: 4,
  refused: 5,
  beat: 6,
  ack: 7,
  farewell: 8,
};

/** Those with a seal behind them. */
export const isSealed: Readonly<Record<MessageType, boolean>> = {
  greet: false,
  present: false,
  hello: true,
  welcome: true,
  refused: false,
  beat: true,
  ack: true,
  farewell: true,
};
