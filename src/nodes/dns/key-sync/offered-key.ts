/** A private key that a peer sent: it is what the peer had said of it, and signs what its public part verifies, or it is none. */
import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { hashOf, signingKey } from '../dnssec/signing-key.ts';
import type { ListedKey } from './wire.ts';

const bytesBeforePoint = 4;
const sample = Buffer.from('opengslb key check');

/** Undefined: it is not the private part of that key. */
export function readPrivateKey(text: string, { key_tag: keyTag, algorithm, public_key: publicKey }: ListedKey): KeyObject | undefined {
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
    const key = signingKey(privateKey);
    const point = Buffer.from(key.dnskey.subarray(bytesBeforePoint));
    if (key.keyTag !== keyTag || key.algorithm !== algorithm || point.toString('base64') !== publicKey) return undefined;
    // The file of a key may hold a public part that is not its own: then nobody could verify what it signs.
    return verify(hashOf(algorithm), sample, { key: publicKeyOf(point, algorithm), dsaEncoding: 'ieee-p1363' }, key.sign(sample))
      ? privateKey
      : undefined;
  } catch {
    return undefined;
  }
}

function publicKeyOf(point: Buffer, algorithm: number): KeyObject {
  const half = point.length / 2;
  const [x, y] = [point.subarray(0, half), point.subarray(half)].map((number) => number.toString('base64url'));
  return createPublicKey({ key: { kty: 'EC', crv: algorithm === 13 ? 'P-256' : 'P-384', x: x as string, y: y as string }, format: 'jwk' });
}

export function privateKeyText(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}
