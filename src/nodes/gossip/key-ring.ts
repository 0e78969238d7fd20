/**
 * The keys of a cluster, and what they seal: AES-256-GCM, the primary key first, every key tried on what comes in, so
 * that keys can be changed one member after another. Nonces are an argument, because chance is one. A ring holds no
 * plain bytes that a log could show, and it is never changed: adding and removing make another.
 */
import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject } from 'node:crypto';
import type { Rejection } from './rejections.ts';
import { wireLimits } from './wire-limits.ts';

export interface GossipKey {
  /** Names the key without telling it: the first 16 hex digits of a hash of it. */
  readonly name: string;
  readonly secret: KeyObject;
}

export interface KeyRing {
  /** The first one seals. Never empty, no key twice. */
  readonly keys: readonly [GossipKey, ...GossipKey[]];
}

export const keyBytes = 32;
const versionBytes = 1;
export const nonceBytes = 12;
const tagBytes = 16;
const blockBytes = 16;
/** What sealing adds to a packet. */
export const sealBytes = versionBytes + nonceBytes + tagBytes;

const remedy = 'make one with `opengslb gossip-key generate`, and give every agent and overwatch the same';

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * | text                                  | why it is no key      |
 * |---------------------------------------|-----------------------|
 * | empty                                 | there is none         |
 * | other than base64, or cut off         | it is not base64      |
 * | base64 of more or fewer than 32 bytes | how many bytes it has |
 * | any other                             | undefined: it is one  |
 */
export function whyNoKey(text: string): string | undefined {
  if (text === '') return `the gossip key is empty; ${remedy}`;
  if (!base64.test(text)) return `the gossip key is not base64 with its padding; ${remedy}`;
  const size = Buffer.from(text, 'base64').length;
  return size === keyBytes ? undefined : `the gossip key has ${size} bytes, and needs exactly ${keyBytes}; ${remedy}`;
}

/** A key as text, of 32 bytes by chance. */
export function keyText(bytes: Uint8Array): string {
  assert(bytes.length === keyBytes, `a key has ${keyBytes} bytes`);
  return Buffer.from(bytes).toString('base64');
}

/** Undefined where `whyNoKey` says why. */
export function parseKey(text: string): GossipKey | undefined {
  return whyNoKey(text) === undefined ? keyFromBytes(Buffer.from(text, 'base64')) : undefined;
}

function keyFromBytes(bytes: Uint8Array): GossipKey {
  const name = createHash('sha256').update('opengslb gossip key v1').update(bytes).digest('hex').slice(0, 16);
  return { name, secret: createSecretKey(bytes) };
}

export const keyRing = (primary: GossipKey): KeyRing => ({ keys: [primary] });

/** The ring, or a sentence that says why not. */
export type KeyChange = KeyRing | { readonly refused: string };

const holds = (ring: KeyRing, key: GossipKey) => ring.keys.some(({ name }) => name === key.name);

/** Makes the key one that opens. A key that is there already changes nothing. */
export function addKey(ring: KeyRing, key: GossipKey): KeyChange {
  if (holds(ring, key)) return ring;
  if (ring.keys.length >= wireLimits.keysMax)
    return { refused: `the key ring already holds ${wireLimits.keysMax} keys; remove one that no member seals with any more` };
  return { keys: [...ring.keys, key] };
}

/** Makes the key the one that seals. It must have been added before, so that nobody seals with what others cannot open. */
export function useKey(ring: KeyRing, key: GossipKey): KeyChange {
  if (!holds(ring, key)) return { refused: `the key ring does not hold the key ${key.name}; install it on every member first` };
  return { keys: [key, ...ring.keys.filter(({ name }) => name !== key.name)] };
}

/** A key that is not there changes nothing. */
export function removeKey(ring: KeyRing, key: GossipKey): KeyChange {
  const [primary, ...others] = ring.keys;
  if (primary.name === key.name) return { refused: `the key ring seals with the key ${key.name}; use another one before you remove it` };
  return { keys: [primary, ...others.filter(({ name }) => name !== key.name)] };
}

/**
 * Seals as version 1: `version || nonce || ciphertext || tag`. `extra` is what must arrive unchanged beside it. The same
 * nonce twice under one key would give the key's secrets away, so each one is drawn anew.
 */
export function seal(ring: KeyRing, nonce: Uint8Array, extra: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', ring.keys[0].secret, nonce).setAAD(extra);
  return Buffer.concat([Uint8Array.of(1), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * | payload                                            | reading           |
 * |----------------------------------------------------|-------------------|
 * | empty                                              | `short`           |
 * | version above 1                                    | `unknown-version` |
 * | version 1 below 29 bytes, or version 0 below 45    | `short`           |
 * | no key of the ring opens it                        | `undecryptable`   |
 * | version 0, and not padded as PKCS #7 demands       | `padding`         |
 * | any other                                          | what was sealed   |
 *
 * Nothing proves the version byte, so a changed one must not do more than fail here: all bytes of the padding are compared.
 */
export function open(ring: KeyRing, extra: Uint8Array, sealed: Uint8Array): Uint8Array | Rejection {
  const version = sealed[0];
  if (version !== undefined && version > 1) return { rejected: 'unknown-version' };
  if (sealed.length < sealBytes + (version === 0 ? blockBytes : 0)) return { rejected: 'short' };
  for (const { secret } of ring.keys) {
    const plain = openWith(secret, extra, sealed);
    if (plain !== undefined) return version === 0 ? unpadded(plain) : plain;
  }
  return { rejected: 'undecryptable' };
}

function openWith(secret: KeyObject, extra: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const body = versionBytes + nonceBytes;
  const tagAt = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(versionBytes, body), { authTagLength: tagBytes });
  decipher.setAAD(extra).setAuthTag(sealed.subarray(tagAt));
  const plain = decipher.update(sealed.subarray(body, tagAt));
  try {
    decipher.final();
    return plain;
  } catch {
    // A tag that does not fit is what a wrong key looks like, and there is no other way to ask.
    return undefined;
  }
}

function unpadded(plain: Uint8Array): Uint8Array | Rejection {
  const count = plain.at(-1) ?? 0;
  const padding = plain.subarray(plain.length - Math.min(count, plain.length));
  const sound = plain.length % blockBytes === 0 && count >= 1 && count <= blockBytes && padding.every((byte) => byte === count);
  return sound ? plain.subarray(0, plain.length - count) : { rejected: 'padding' };
}
