/**
 * A signing key from a private key: its DNSKEY record, its tag, and signatures in the form of the protocol (RFC 4034
 * appendix B, RFC 6605). Takes a P-256 or a P-384 key and says so where it gets another. Reads and writes no files.
 */
import { type KeyObject, sign } from 'node:crypto';
import { dnskeyRdata, keyTagOf } from './dnskey.ts';
import type { SigningAlgorithm, SigningKey } from './zone-signing.ts';

interface Curve {
  readonly algorithm: SigningAlgorithm;
  readonly hash: 'sha256' | 'sha384';
}

const curves: Readonly<Record<string, Curve>> = {
  'P-256': { algorithm: 13, hash: 'sha256' },
  'P-384': { algorithm: 14, hash: 'sha384' },
};

/** Signatures have two numbers of the curve, r and s. */
export const signatureBytes: Readonly<Record<SigningAlgorithm, number>> = { 13: 64, 14: 96 };

export function signingKey(privateKey: KeyObject): SigningKey {
  const { algorithm, hash, publicKey } = readPrivateKey(privateKey);
  const dnskey = dnskeyRdata(algorithm, publicKey);
  return { keyTag: keyTagOf(dnskey), algorithm, dnskey, privateKey, sign: (data) => signData(privateKey, hash, data) };
}

/** The hash goes with the curve; a signature over anything else is not what the DNSKEY promises. */
export function hashOf(algorithm: SigningAlgorithm): Curve['hash'] {
  return algorithm === 13 ? 'sha256' : 'sha384';
}

export function signData(privateKey: KeyObject, hash: Curve['hash'], data: Uint8Array): Uint8Array {
  return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

function readPrivateKey(key: KeyObject): Curve & { readonly publicKey: Uint8Array } {
  const { crv, x, y } = key.type === 'private' && key.asymmetricKeyType === 'ec' ? key.export({ format: 'jwk' }) : {};
  const curve = curves[crv ?? ''];
  if (curve === undefined || x === undefined || y === undefined) {
    throw new TypeError(
      `a zone is signed with a private key on the curve P-256 or P-384, and this is ${key.type} ${crv ?? key.asymmetricKeyType ?? 'bytes'}; ` +
        'make one with "openssl ecparam -name prime256v1 -genkey -noout"',
    );
  }
  return { ...curve, publicKey: Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]) };
}
