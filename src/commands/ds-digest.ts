/**
 * How many bytes the digest of a DS record has (RFC 4034 section 5.1.4, RFC 4509, RFC 6605): one that was copied in part
 * vouches for nothing, and makes the zone bogus.
 */
import type { StaticRecord } from '../events/catalogue/configuration.ts';

type DsRecord = Extract<StaticRecord, { readonly type: 'DS' }>;

/** By digest type. Of others nothing is known, so any length is taken. */
const bytesByType: ReadonlyMap<number, number> = new Map([
  [1, 20],
  [2, 32],
  [4, 48],
]);

/** How long it is and would have to be; undefined where it is right. */
export function wrongDigestLength({
  digest_type: type,
  digest,
}: DsRecord): { readonly bytes: number; readonly expected: number } | undefined {
  const bytes = digest.length / 2;
  const expected = bytesByType.get(type) ?? bytes;
  return bytes === expected ? undefined : { bytes, expected };
}
