/**
 * What a signature is made over, and its record (RFC 4034 section 3). The moments are arguments: nothing here knows what
 * time it is.
 */
import { classIn } from '../codes.ts';
import { type Name, rootName, suffixesOf } from '../names.ts';
import type { RRset } from '../reply.ts';
import { canonicalRdata } from './canonical.ts';
import type { SigningKey } from './zone-signing.ts';

/** Seconds since 1970, as a serial number of 32 bits (RFC 4034 section 3.1.5): it goes on past 2106. */
export interface Validity {
  readonly inception: number;
  readonly expiration: number;
}

/** Where the signature says who made it. */
export type Signer = Pick<SigningKey, 'keyTag' | 'algorithm'> & { readonly zone: Name };

const fixedBytes = 18;
/** Where the two moments stand in the rdata: what comes before and behind them does not change from one signing to the next. */
const expirationAt = 8;
const inceptionAt = 12;

/** Rdata of the RRSIG up to the signature: type covered, algorithm, labels, TTL, moments, key tag, signer. */
export function rrsigHead(rrset: RRset, signer: Signer, validity: Validity): Buffer {
  const head = Buffer.allocUnsafe(fixedBytes + signer.zone.length);
  head.writeUInt16BE(rrset.type, 0);
  head.writeUInt8(signer.algorithm, 2);
  head.writeUInt8(labelsOf(rrset.owner), 3);
  head.writeUInt32BE(zoneTtlOf(rrset), 4);
  head.writeUInt32BE(validity.expiration >>> 0, expirationAt);
  head.writeUInt32BE(validity.inception >>> 0, inceptionAt);
  head.writeUInt16BE(signer.keyTag, 16);
  head.write(signer.zone, fixedBytes, 'latin1');
  return head;
}

/** The TTL that the records have in their zone, which is what is signed: a denial sends the SOA with a shorter one. */
function zoneTtlOf(rrset: RRset): number {
  return rrset.zoneTtlSeconds ?? rrset.ttlSeconds;
}

/** Labels without the root and without the `*` of a wildcard (RFC 4034 section 3.1.3). */
function labelsOf(owner: Name): number {
  let labels = 0;
  for (const suffix of suffixesOf(owner)) {
    if (suffix !== rootName) labels += 1;
  }
  return owner.startsWith('\x01*') ? labels - 1 : labels;
}

/** The records as they are signed: each whole, in canonical order (RFC 4034 section 3.1.8.1). */
export function signedRecords(rrset: RRset): Buffer {
  const { owner } = rrset;
  const rdata = canonicalRdata(rrset.rdata);
  const records = Buffer.allocUnsafe(rdata.reduce((sum, each) => sum + owner.length + 10 + each.length, 0));
  let at = 0;
  for (const each of rdata) {
    at += records.write(owner, at, 'latin1');
    at = records.writeUInt16BE(rrset.type, at);
    at = records.writeUInt16BE(classIn, at);
    at = records.writeUInt32BE(zoneTtlOf(rrset), at);
    at = records.writeUInt16BE(each.length, at);
    records.set(each, at);
    at += each.length;
  }
  return records;
}

/** One RRSIG, made here and now: what the store does for many, for one. */
export function rrsigRdata(rrset: RRset, zone: Name, key: SigningKey, validity: Validity): Uint8Array {
  const head = rrsigHead(rrset, { zone, keyTag: key.keyTag, algorithm: key.algorithm }, validity);
  return Buffer.concat([head, key.sign(Buffer.concat([head, signedRecords(rrset)]))]);
}
