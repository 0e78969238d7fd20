/**
 * Makes a node's key and its self-signed certificate (RFC 5280): P-256, ECDSA with SHA-256, one common name, one year,
 * good for signatures and key agreement. It signs nothing for others and names no addresses.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  Certificate as AsnCertificate,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { type Certificate, commonNameOf, type Role, readCertificate } from './certificate.ts';
import { identityLimits } from './limits.ts';

/** A certificate whose private key is ours. */
export interface OwnCertificate extends Certificate {
  readonly privateKey: KeyObject;
}

interface Wanted {
  readonly role: Role;
  readonly id: string;
  /** The moment, in milliseconds since 1970. */
  readonly now: number;
  /** Default: a new one. */
  readonly privateKey?: KeyObject;
}

const commonNameType = '2.5.4.3';
const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
/** So that it is good at once for whoever's clock is behind. */
const beginsBeforeMs = 60 * 60 * 1000;

export function makeCertificate({ role, id, now, privateKey = newPrivateKey() }: Wanted): OwnCertificate {
  const name = nameOf(commonNameOf(role, id));
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const notBefore = now - beginsBeforeMs;
  const signed = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: name,
    subject: name,
    validity: new Validity({ notBefore: new Date(notBefore), notAfter: new Date(notBefore + identityLimits.certificateLifeMs) }),
    subjectPublicKeyInfo: AsnConvert.parse(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo),
    extensions: new Extensions([
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: false })),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyAgreement)),
    ]),
  });
  const signatureValue = exactly(sign('sha256', Buffer.from(AsnConvert.serialize(signed)), privateKey));
  const der = AsnConvert.serialize(new AsnCertificate({ tbsCertificate: signed, signatureAlgorithm: algorithm, signatureValue }));
  const certificate = readCertificate(new Uint8Array(der));
  if (certificate === undefined) throw new Error(`no certificate can be made for the name ${JSON.stringify(id)}`);
  return { ...certificate, privateKey };
}

/** By way of its bytes, so that a key is the same thing whether it was made now or loaded. */
function newPrivateKey(): KeyObject {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: commonNameType, value })])]);
}

/** Positive, and not a byte longer than it need be, as DER wants integers. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return exactly(bytes);
}

function extension(extnID: string, value: object): Extension {
  return new Extension({ extnID, critical: true, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** The bytes in a buffer of their own; small ones share theirs with others. */
function exactly(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
