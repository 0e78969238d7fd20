/**
 * What a node shows of itself: a self-signed P-256 certificate whose SHA-256 others pin. Here one of somebody else is
 * read: bounded, exactly one certificate, signed by its own key. Nothing in it is believed but the key and the name; who
 * may use the name is decided by pins, not by dates or issuers.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { identityLimits } from './limits.ts';

export type Role = 'agent' | 'overwatch';

export interface Certificate {
  readonly der: Uint8Array;
  /** SHA-256 of the DER, in lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly publicKey: KeyObject;
  readonly commonName: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export function commonNameOf(role: Role, id: string): string {
  return `opengslb-${role}-${id}`;
}

function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/**
 *     bytes                                               reading
 *     none, or more than any of ours has                  undefined
 *     not exactly one certificate in DER                  undefined: what is behind it would change the fingerprint
 *     its key is not on P-256                             undefined: nobody could make a pair key with it
 *     not signed by its own key                           undefined: somebody changed it
 *     no common name, or several; a date that is none     undefined
 *     anything else                                       a certificate
 */
export function readCertificate(der: Uint8Array): Certificate | undefined {
  if (der.length === 0 || der.length > identityLimits.certificateBytesMax) return undefined;
  try {
    const certificate = new X509Certificate(der);
    const { publicKey, raw } = certificate;
    if (Buffer.compare(raw, der) !== 0 || !isP256(publicKey) || !certificate.verify(publicKey)) return undefined;
    const commonName: unknown = certificate.toLegacyObject().subject?.CN;
    const [notBefore, notAfter] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    if (typeof commonName !== 'string' || Number.isNaN(notBefore) || Number.isNaN(notAfter)) return undefined;
    return { der: new Uint8Array(der), fingerprint: fingerprintOf(der), publicKey, commonName, notBefore, notAfter };
  } catch {
    return undefined;
  }
}

export function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

/**
 * Dates are asked once, when a certificate is pinned, and with a day to spare either way: a clock that is an hour off
 * must not keep an agent out. One that is pinned stays good after its end, because its key is what is trusted, and
 * silencing an agent that works helps nobody; it is replaced by rotation, long before.
 */
export function mayBePinned({ notBefore, notAfter }: Certificate, now: number): boolean {
  return now >= notBefore - identityLimits.certificateSkewMs && now <= notAfter + identityLimits.certificateSkewMs;
}

/** Whether a node should replace its own certificate. */
export function isDueForRotation({ notAfter }: Pick<Certificate, 'notAfter'>, now: number): boolean {
  return now >= notAfter - identityLimits.rotateBeforeMs;
}
