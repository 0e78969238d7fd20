/**
 * What stands at a name that exists: records of the configuration, the addresses of the moment, and what is made up from
 * the zone itself (SOA, keys, denials). Every way to answer reads it here, so that records, denials, signatures and
 * exports agree.
 */
import type { FamilyAnswer, ServiceAnswer } from '../../projections/answers.ts';
import { type Family, families } from '../../projections/routing/family.ts';
import { pick, type Wheel } from '../../projections/routing/wheel.ts';
import type { AnswerSource } from './answer-source.ts';
import { type Asker, elsewhere, type Located, locateAsker } from './client-ranges.ts';
import { types } from './codes.ts';
import { dsRRset } from './dnssec/dnskey.ts';
import { type Draw, drawFor } from './draw.ts';
import type { Name } from './names.ts';
import { addressRdata } from './rdata.ts';
import type { RRset } from './reply.ts';
import { cutAbove, soaOf, type Zone, type ZoneNode } from './zone.ts';

/** A name that exists, in its zone. */
export interface Place {
  readonly zone: Zone;
  readonly node: ZoneNode;
  readonly name: Name;
}

/** The records of one type, which ANY picks; `not-answerable` where there are some and none can be given. */
export function recordsAt(
  place: Place,
  type: number,
  source: AnswerSource,
  asker: Asker,
  draw: Draw,
): RRset | 'not-answerable' | undefined {
  const { node, name } = place;
  if (type === types.ANY) {
    const existing = typesAt(place, source)[0];
    return existing === undefined ? undefined : recordsAt(place, existing, source, asker, draw);
  }
  const family = families.find((each) => types[each] === type);
  if (node.service !== undefined && family !== undefined) return steeredRecords(node.service, family, name, source, asker, draw);
  return fixedRecords(place, type, source);
}

/** The records that no draw decides about: all but the addresses of a service. */
export function fixedRecords(place: Place, type: number, source: AnswerSource): RRset | undefined {
  const { zone, node, name } = place;
  if (type === types.SOA && name === zone.apex) return soaOf(zone, source.serialOf(zone), 'answer');
  return node.rrsets.get(type) ?? signingRecords(place, type, source);
}

/**
 * | type                  | stands at                    | is                                                       |
 * |-----------------------|------------------------------|----------------------------------------------------------|
 * | DNSKEY, CDS, CDNSKEY  | the apex of a signed zone    | its keys, and what it asks its parent for                |
 * | DS                    | a signed zone within another | what vouches for the inner one's key; that of others' zones is in the configuration |
 * | NSEC                  | every name with records      | which types it has, and which name comes next            |
 * | RRSIG                 | the same                     | the signature of that: one that each name has, whatever else moves (in the spirit of RFC 8482) |
 */
function signingRecords({ zone, name }: Place, type: number, source: Pick<AnswerSource, 'zones' | 'dnssec'>): RRset | undefined {
  const { dnssec } = source;
  const signing = dnssec?.signingOf(zone);
  if (dnssec === undefined || signing === undefined) return undefined;
  if (type === types.NSEC || type === types.RRSIG) {
    const nsec = dnssec.denialOf(zone)?.atOrBefore(name);
    if (nsec === undefined || nsec.owner !== name) return undefined;
    return type === types.NSEC ? nsec : signatureRecords(nsec, dnssec.of(zone, nsec));
  }
  if (type === types.DS) return ownDs(zone, name, source);
  if (name !== zone.apex) return undefined;
  const ofApex: Readonly<Record<number, RRset | undefined>> = {
    [types.DNSKEY]: signing.dnskey,
    [types.CDS]: signing.cds,
    [types.CDNSKEY]: signing.cdnskey,
  };
  return ofApex[type];
}

/** The records that carry signatures over an RRset. They stand wherever it stands, for as long. */
export function signatureRecords(rrset: RRset, signatures: readonly Uint8Array[]): RRset {
  return { owner: rrset.owner, type: types.RRSIG, ttlSeconds: rrset.ttlSeconds, rdata: signatures };
}

/** Where a zone of ours is delegated to ourselves. */
function ownDs(zone: Zone, name: Name, { zones, dnssec }: Pick<AnswerSource, 'zones' | 'dnssec'>): RRset | undefined {
  const child = name === zone.apex ? undefined : zones.zones.get(name);
  const signing = child === undefined ? undefined : dnssec?.signingOf(child);
  return signing === undefined ? undefined : dsRRset(name, signing);
}

/**
 * The types that exist at a name, lowest first, but for NSEC and RRSIG. ANY is answered with the first (RFC 8482 section
 * 4.1): a real RRset, not a made-up HINFO, so that what is said agrees with what denials of other types say, signed or
 * not. For a steered name that is its addresses. At a delegation only NS and DS are ours.
 */
export function typesAt(place: Place, source: Pick<AnswerSource, 'zones' | 'answerOf' | 'dnssec'>): number[] {
  const { zone, node, name } = place;
  const ofZones = name === zone.apex ? [types.DNSKEY, types.CDS, types.CDNSKEY] : [types.DS];
  const signedOnly = ofZones.filter((type) => signingRecords(place, type, source) !== undefined);
  if (cutAbove(zone, name) === name) return [types.NS, ...(node.rrsets.has(types.DS) ? [types.DS] : signedOnly)];

  const existing = [...node.rrsets.keys(), ...signedOnly];
  if (name === zone.apex) existing.push(types.SOA);
  if (node.service !== undefined) existing.push(...familiesOf(node.service, source).map((family) => types[family]));
  return existing.sort((a, b) => a - b);
}

/** The families that a service has servers of; both where nothing is known of it. */
function familiesOf(service: string, source: Pick<AnswerSource, 'answerOf'>): readonly Family[] {
  const answer = source.answerOf(service);
  return families.filter((family) => answer === undefined || answer.families[family] !== undefined);
}

/**
 * | the service has             | answer                                                |
 * |-----------------------------|-------------------------------------------------------|
 * | no published answer yet     | none can be given                                     |
 * | no server of this family    | no records of the type                                |
 * | servers, but an empty wheel | none can be given                                     |
 * | a wheel                     | the spoke that the draw falls on, in the spoke's order |
 * | wheels by place             | the same, of the wheel for the client's place         |
 */
function steeredRecords(
  service: string,
  family: Family,
  owner: Name,
  source: AnswerSource,
  asker: Asker,
  draw: Draw,
): RRset | 'not-answerable' | undefined {
  const answer = source.answerOf(service);
  if (answer === undefined) return 'not-answerable';
  const ofFamily = answer.families[family];
  if (ofFamily === undefined) return undefined;
  const { place, scope, wheel } = wheelFor(answer, ofFamily, asker);
  const spoke = pick(wheel, drawFor(wheel, service, family, place, draw));
  if (spoke === undefined) return 'not-answerable';
  const decision = { service, algorithm: answer.algorithm, addresses: spoke.addresses };
  return { ...spokeRecords(owner, family, spoke.addresses, answer.ttlSeconds), decision, scopePrefix: scope };
}

/** The wheel that a client's answers are drawn from, at which of the service's places, and within which prefix that holds. */
export function wheelFor(
  { clients }: Pick<ServiceAnswer, 'clients'>,
  ofFamily: FamilyAnswer,
  asker: Asker,
): Located & { readonly wheel: Wheel } {
  const isForAll = clients === undefined || ofFamily.places === undefined;
  const located = isForAll ? { place: elsewhere, scope: 0 } : locateAsker(clients, ofFamily, asker);
  return { ...located, wheel: ofFamily.places?.[located.place]?.wheel ?? ofFamily.wheel };
}

/** One answer of a wheel as records. */
export function spokeRecords(owner: Name, family: Family, addresses: readonly string[], ttlSeconds: number): RRset {
  return { owner, type: types[family], ttlSeconds, rdata: addresses.map((address) => addressRdata(family, address)) };
}
