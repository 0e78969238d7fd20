/**
 * DNSSEC over a table: the keys and signatures that it is given, and the denials that follow from its zones and answers.
 * The ring of a zone's names is made once; which types stand at a name is asked anew each time, as answers move.
 */
import type { AnswerSource } from '../answer-source.ts';
import type { Name } from '../names.ts';
import { typesAt } from '../records-at.ts';
import type { Zone, ZoneNode } from '../zone.ts';
import { type NsecChain, type NsecRing, nsecChain, nsecRing } from './nsec.ts';
import type { Dnssec, Signatures, ZoneSigning } from './zone-signing.ts';

/** What signing is made of, wherever it comes from. */
export interface SignedZones {
  /** Undefined where the zone is not signed. */
  readonly signingOf: (zone: Zone) => ZoneSigning | undefined;
  readonly signatures: Signatures;
  /** Whether the zone is to be signed and has no key yet. Default: none is. */
  readonly waitsForKey?: (zone: Zone) => boolean;
}

/** A ring follows from its zone alone, so whoever asks about a zone has the same. */
const rings = new WeakMap<Zone, NsecRing>();

function ringOf(zone: Zone): NsecRing {
  const ring = rings.get(zone) ?? nsecRing(zone);
  rings.set(zone, ring);
  return ring;
}

export function zoneDnssec({ signingOf, signatures, waitsForKey = () => false }: SignedZones, source: () => AnswerSource): Dnssec {
  return {
    signingOf,
    waitsForKey,
    of: (zone, rrset) => signatures.of(zone, rrset),
    denialOf(zone): NsecChain | undefined {
      if (signingOf(zone) === undefined) return undefined;
      return nsecChain(ringOf(zone), (name: Name) => typesAt({ zone, node: zone.nodes.get(name) as ZoneNode, name }, source()));
    },
  };
}
