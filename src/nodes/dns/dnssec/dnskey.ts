/**
 * DNSKEY and what a parent is told of it: rdata and key tag (RFC 4034 section 2 and appendix B), DS with SHA-256 (RFC
 * 4509), CDS and CDNSKEY (RFC 7344), and how both say "remove it" (RFC 8078 section 4). Public parts only.
 */
import { createHash } from 'node:crypto';
import { types } from '../codes.ts';
import type { Name } from '../names.ts';
import type { RRset } from '../reply.ts';
import type { SigningAlgorithm, SigningKey, ZoneSigning } from './zone-signing.ts';

/** Zone key and secure entry point: one combined key does both. */
const combinedKeyFlags = 257;
const protocolDnssec = 3;
const digestSha256 = 2;

export function dnskeyRdata(algorithm: SigningAlgorithm, publicKey: Uint8Array): Uint8Array {
  const fixed = Buffer.alloc(4);
  fixed.writeUInt16BE(combinedKeyFlags, 0);
  fixed.writeUInt8(protocolDnssec, 2);
  fixed.writeUInt8(algorithm, 3);
  return Buffer.concat([fixed, publicKey]);
}

/** A checksum over the rdata, by which signatures name their key. Two keys may share one. */
export function keyTagOf(dnskey: Uint8Array): number {
  let sum = 0;
  for (const [index, byte] of dnskey.entries()) sum += index % 2 === 0 ? byte << 8 : byte;
  return (sum + (sum >>> 16)) & 0xffff;
}

/** What the parent publishes for a key of `zone`, or is asked to: rdata of DS and CDS. */
export function dsRdata(zone: Name, key: Pick<SigningKey, 'dnskey' | 'keyTag' | 'algorithm'>): Uint8Array {
  const digest = createHash('sha256').update(zone, 'latin1').update(key.dnskey).digest();
  const fixed = Buffer.alloc(4);
  fixed.writeUInt16BE(key.keyTag, 0);
  fixed.writeUInt8(key.algorithm, 2);
  fixed.writeUInt8(digestSha256, 3);
  return Buffer.concat([fixed, digest]);
}

/** The DNSKEY RRset of a zone with these keys. A rotation waits for its TTL. */
export function dnskeyRRset(zone: Name, keys: readonly Pick<SigningKey, 'dnskey'>[], ttlSeconds: number): RRset {
  return { owner: zone, type: types.DNSKEY, ttlSeconds, rdata: keys.map((key) => key.dnskey) };
}

/** CDS and CDNSKEY that ask the parent for the DS of these keys and of no others. */
export function parentRequest(
  zone: Name,
  keys: readonly Pick<SigningKey, 'dnskey' | 'keyTag' | 'algorithm'>[],
  ttlSeconds: number,
): { readonly cds: RRset; readonly cdnskey: RRset } {
  return request(
    zone,
    keys.map((key) => dsRdata(zone, key)),
    keys.map((key) => key.dnskey),
    ttlSeconds,
  );
}

const removalCds = Uint8Array.of(0, 0, 0, 0, 0);
const removalCdnskey = Uint8Array.of(0, 0, protocolDnssec, 0, 0);

/** CDS and CDNSKEY that ask the parent to remove every DS, so that the zone may go on unsigned. */
export function removalRequest(zone: Name, ttlSeconds: number): { readonly cds: RRset; readonly cdnskey: RRset } {
  return request(zone, [removalCds], [removalCdnskey], ttlSeconds);
}

function request(zone: Name, cds: readonly Uint8Array[], cdnskey: readonly Uint8Array[], ttlSeconds: number) {
  const rrset = { owner: zone, ttlSeconds };
  return { cds: { ...rrset, type: types.CDS, rdata: cds }, cdnskey: { ...rrset, type: types.CDNSKEY, rdata: cdnskey } };
}

/**
 * The DS that we, as parent, publish for a zone of ours inside another one of ours:
 *
 * | the child asks by CDS for | DS                          |
 * |---------------------------|-----------------------------|
 * | nothing                   | that of the key of its data |
 * | removal                   | none                        |
 * | some                      | those                       |
 *
 * Its TTL is that of the child's keys.
 */
export function dsRRset(child: Name, signing: ZoneSigning): RRset | undefined {
  const asked = signing.cds?.rdata ?? [dsRdata(child, signing.dataKey)];
  if (asked.some((rdata) => Buffer.compare(rdata, removalCds) === 0)) return undefined;
  return { owner: child, type: types.DS, ttlSeconds: signing.dnskey.ttlSeconds, rdata: asked };
}
