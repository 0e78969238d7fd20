/** Keys and signed zones for tests: real ones, made when they are asked for. */
import { generateKeyPairSync } from 'node:crypto';
import { dnskeyRRset } from '../src/nodes/dns/dnssec/dnskey.ts';
import { createSignatureStore, type SignatureStore } from '../src/nodes/dns/dnssec/signatures.ts';
import { signingKey } from '../src/nodes/dns/dnssec/signing-key.ts';
import type { SignedZones } from '../src/nodes/dns/dnssec/zone-dnssec.ts';
import type { SigningKey, ZoneSigning } from '../src/nodes/dns/dnssec/zone-signing.ts';
import { type Name, nameOf, textOf } from '../src/nodes/dns/names.ts';
import type { Anchors } from './dnssec-validator.ts';

export function named(text: string): Name {
  const name = nameOf(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}

export function newKey(namedCurve: 'P-256' | 'P-384' = 'P-256'): SigningKey {
  return signingKey(generateKeyPairSync('ec', { namedCurve }).privateKey);
}

/** A zone with one key that signs everything. */
export function signingWith(zone: Name, key: SigningKey): ZoneSigning {
  return { dnskey: dnskeyRRset(zone, [key], 3_600), dataKey: key, dnskeySigners: [key] };
}

export interface TestZones extends SignedZones {
  readonly signatures: SignatureStore;
  readonly signings: Map<string, ZoneSigning>;
}

/** Zones by their text; all others are not signed. The clock stands at `now`, the machine's by default. */
export function signedZones(zones: readonly string[], now: () => number = () => Date.now()): TestZones {
  const signings = new Map(zones.map((zone) => [zone, signingWith(named(zone), newKey())]));
  const signingOf: SignedZones['signingOf'] = (zone) => signings.get(textOf(zone.apex));
  return { signings, signingOf, signatures: createSignatureStore({ signingOf, now, chance: () => 0.5 }) };
}

/** What a validator knows of these zones. */
export function anchorsOf({ signings }: TestZones): Anchors {
  return new Map(
    [...signings].map(([zone, { dnskeySigners }]) => [
      zone,
      dnskeySigners.map(({ algorithm, keyTag, dnskey }) => ({ algorithm, keyTag, key: dnskey.subarray(4) })),
    ]),
  );
}
