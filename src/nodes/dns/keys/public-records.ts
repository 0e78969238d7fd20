/** The public records of a key that the log knows: what a parent is given, and what its servers are to show. */
import { createHash } from 'node:crypto';
import type { ZoneKey } from '../../../projections/keys.ts';
import { dnskeyRdata } from '../dnssec/dnskey.ts';
import { type Name, nameOf, rootName } from '../names.ts';
import type { DsRecord } from './ask-ds.ts';

/** The digests that parents use (RFC 8624 section 3.3), the one that we name first. SHA-1 proves nothing any more. */
const digests = { 2: 'sha256', 4: 'sha384' } as const;
export type DigestType = keyof typeof digests;

type PublicKey = Pick<ZoneKey, 'zone' | 'keyTag' | 'algorithm' | 'publicKey'>;

/** The name of a zone; the zones of a configuration are names. */
export function apexOf(zone: string): Name {
  return nameOf(zone) ?? rootName;
}

export function dsRecordOf({ zone, keyTag, algorithm, publicKey }: PublicKey, digestType: DigestType): DsRecord {
  const dnskey = dnskeyRdata(algorithm, Buffer.from(publicKey, 'base64'));
  const digest = createHash(digests[digestType]).update(apexOf(zone), 'latin1').update(dnskey).digest('hex');
  return { keyTag, algorithm, digestType: Number(digestType), digest };
}

/** Every DS that a parent may show for a key. */
export function dsRecordsOf(key: PublicKey): readonly DsRecord[] {
  return [dsRecordOf(key, 2), dsRecordOf(key, 4)];
}

/** TTL of the DS in our words to a parent, which has its own. */
const dsTtlSeconds = 3_600;

/** `example.com. 3600 IN DS 12345 13 2 HEX`, as registrars take it. */
export function dsText(key: PublicKey): string {
  const { keyTag, algorithm, digestType, digest } = dsRecordOf(key, 2);
  return `${key.zone}. ${dsTtlSeconds} IN DS ${keyTag} ${algorithm} ${digestType} ${digest.toUpperCase()}`;
}
