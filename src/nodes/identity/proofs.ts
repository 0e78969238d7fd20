/**
 * The cryptography between an agent and an overwatch. A service's token is never sent: an HMAC under it over both
 * certificates' fingerprints and both nonces proves it, so that a proof is worth nothing to anybody else and at no other
 * time. From the two key pairs follows one key a pair, which seals every message. Each label ends with its version.
 */
import { createHmac, diffieHellman, hkdfSync, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';

export const proofBytes = 32;
export const macBytes = 16;
export const nonceBytes = 16;

/** What a proof speaks about. Everything but the service has a fixed length, so no two of these give the same bytes. */
export interface Introduction {
  /** Lower-case hexadecimal SHA-256. */
  readonly agentFingerprint: string;
  readonly overwatchFingerprint: string;
  readonly agentNonce: Uint8Array;
  readonly overwatchNonce: Uint8Array;
}

const agentLabel = 'opengslb agent proof v1';
/** Another label, or an agent's own proof sent back to it would be the answer. */
const overwatchLabel = 'opengslb overwatch proof v1';
const macLabel = 'opengslb agent mac v1';
const nonceLabel = 'opengslb greeting nonce v1';
const rotationLabel = 'opengslb certificate rotation v1';

/** The agent knows the service's token. */
export function agentProof(token: string, introduction: Introduction, service: string): Uint8Array {
  return tokenProof(agentLabel, token, introduction, service);
}

/** The overwatch knows it, too. */
export function overwatchProof(token: string, introduction: Introduction, service: string): Uint8Array {
  return tokenProof(overwatchLabel, token, introduction, service);
}

function tokenProof(label: string, token: string, introduction: Introduction, service: string): Uint8Array {
  const { agentFingerprint, overwatchFingerprint, agentNonce, overwatchNonce } = introduction;
  const hmac = createHmac('sha256', Buffer.from(token)).update(`${label}\0`);
  hmac.update(Buffer.from(agentFingerprint, 'hex')).update(Buffer.from(overwatchFingerprint, 'hex'));
  return new Uint8Array(hmac.update(agentNonce).update(overwatchNonce).update(service).digest());
}

/** The key of an agent and an overwatch; both come to the same. */
export function pairKey(privateKey: KeyObject, peersPublicKey: KeyObject, fingerprints: readonly [string, string]): Uint8Array {
  const shared = diffieHellman({ privateKey, publicKey: peersPublicKey });
  const salt = Buffer.from([...fingerprints].sort().join(''), 'hex');
  return new Uint8Array(hkdfSync('sha256', shared, salt, macLabel, 32));
}

export type Direction = 'from-agent' | 'from-overwatch';
/** So that nothing that one side said can be told to it as the other's word. */
const directionBytes = { 'from-agent': Uint8Array.of(1), 'from-overwatch': Uint8Array.of(2) } as const;

export function macOf(key: Uint8Array, direction: Direction, message: Uint8Array): Uint8Array {
  const whole = createHmac('sha256', key).update(directionBytes[direction]).update(message).digest();
  return new Uint8Array(whole.subarray(0, macBytes));
}

export function macFits(key: Uint8Array, direction: Direction, message: Uint8Array, mac: Uint8Array): boolean {
  return isSame(macOf(key, direction, message), mac);
}

/** In a time that does not tell how many bytes are right. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * The nonce that an overwatch gives to a greeting. It follows from the greeting, so that nothing need be kept for those
 * who never come back; `period` counts how often the nonces have changed.
 */
export function greetingNonce(key: Uint8Array, agent: string, agentNonce: Uint8Array, period: number): Uint8Array {
  const hmac = createHmac('sha256', key).update(`${nonceLabel}\0${period}\0`).update(agentNonce).update(agent);
  return new Uint8Array(hmac.digest().subarray(0, nonceBytes));
}

/** The old key says which certificate follows its own. */
export function signRotation(previousKey: KeyObject, previousFingerprint: string, fingerprint: string): Uint8Array {
  return new Uint8Array(sign('sha256', rotationText(previousFingerprint, fingerprint), previousKey));
}

export function rotationFits(previousKey: KeyObject, previousFingerprint: string, fingerprint: string, signature: Uint8Array): boolean {
  try {
    return verify('sha256', rotationText(previousFingerprint, fingerprint), previousKey, signature);
  } catch {
    return false;
  }
}

function rotationText(previousFingerprint: string, fingerprint: string): Buffer {
  return Buffer.from(`${rotationLabel}\0${previousFingerprint}\0${fingerprint}`);
}
