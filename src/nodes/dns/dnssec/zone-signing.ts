/**
 * What signing a zone takes, and what it gives: keys in, signatures and denials out (RFC 4034, RFC 4035). Only shapes:
 * where keys come from and at which stage of a rotation they are is decided elsewhere, and so is how replies are put
 * together.
 */
import type { KeyObject } from 'node:crypto';
import type { RRset } from '../reply.ts';
import type { Zone } from '../zone.ts';
import type { NsecChain } from './nsec.ts';

/** 13: ECDSA P-256 with SHA-256; 14: ECDSA P-384 with SHA-384 (RFC 6605). */
export type SigningAlgorithm = 13 | 14;

/** One combined key of a zone: it signs DNSKEY and everything else, and the DS at the parent is its. */
export interface SigningKey {
  /** RFC 4034 appendix B. */
  readonly keyTag: number;
  readonly algorithm: SigningAlgorithm;
  /** Rdata of its DNSKEY record, flags 257. */
  readonly dnskey: Uint8Array;
  /** For threads that sign in its place. It cannot be written out as text by accident. */
  readonly privateKey: KeyObject;
  /** The signature in the form of the protocol: r and s, each as long as the curve's numbers. */
  sign(data: Uint8Array): Uint8Array;
}

/** The keys of a zone at this moment, as a rotation has them. */
export interface ZoneSigning {
  /** Every key that a validator may have to know. */
  readonly dnskey: RRset;
  /** What the parent is asked to publish (RFC 7344); absent where it is asked for nothing. */
  readonly cds?: RRset;
  readonly cdnskey?: RRset;
  /** Signs every RRset but DNSKEY, CDS and CDNSKEY. */
  readonly dataKey: SigningKey;
  /** Sign the RRsets DNSKEY, CDS and CDNSKEY, each of them. */
  readonly dnskeySigners: readonly SigningKey[];
}

export interface Signatures {
  /** Rdata of the RRSIG records over `rrset`, ready to be sent; empty where the zone is not signed. */
  of(zone: Zone, rrset: RRset): readonly Uint8Array[];
}

/** Everything that whoever writes replies asks of DNSSEC. */
export interface Dnssec extends Signatures {
  /** Undefined where the zone is not signed. */
  signingOf(zone: Zone): ZoneSigning | undefined;
  /** Undefined where the zone is not signed. */
  denialOf(zone: Zone): NsecChain | undefined;
  /** Whether the zone is to be signed and cannot be yet. It is not answered then: unsigned is never the way out. */
  waitsForKey(zone: Zone): boolean;
}
