/**
 * What each stage of a rotation means for the records of a zone: which keys its DNSKEY RRset shows, which of them sign
 * that, which one signs everything else, and what the parent is asked for. The table is in `projections/keys.ts`; here
 * it becomes records.
 */
import { signingPlanOf, type ZoneKey } from '../../../projections/keys.ts';
import { dnskeyRRset, parentRequest } from '../dnssec/dnskey.ts';
import type { SigningKey, ZoneSigning } from '../dnssec/zone-signing.ts';
import type { Name } from '../names.ts';

/** `ttlSeconds`: of the records about keys. Undefined: the zone has no key yet. */
export function zoneSigningOf(
  apex: Name,
  keys: readonly ZoneKey[],
  ttlSeconds: number,
  signingKeyOf: (key: ZoneKey) => SigningKey,
): ZoneSigning | undefined {
  const plan = signingPlanOf(keys);
  if (plan === undefined) return undefined;
  const shown = plan.shown.map(signingKeyOf);
  return {
    dnskey: dnskeyRRset(apex, shown, ttlSeconds),
    ...(plan.announced !== undefined && parentRequest(apex, [signingKeyOf(plan.announced)], ttlSeconds)),
    dataKey: signingKeyOf(plan.signsData),
    dnskeySigners: shown,
  };
}
