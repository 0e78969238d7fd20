/**
 * Everything that stands in a zone at this moment, RRset by RRset: what has to be signed, and what an export shows. The
 * addresses of a service are there once for each answer of its wheel, or with the first answer only.
 */
import { spokesOf } from '../../projections/answers.ts';
import { families } from '../../projections/routing/family.ts';
import type { AnswerSource } from './answer-source.ts';
import { types } from './codes.ts';
import type { Name } from './names.ts';
import { fixedRecords, type Place, spokeRecords, typesAt } from './records-at.ts';
import type { RRset } from './reply.ts';
import { cutAbove, type Zone } from './zone.ts';

export interface ZoneContent {
  readonly rrset: RRset;
  /** Whether the zone itself says it. Delegations and glue are only repeated, and signed where they come from. */
  readonly isAuthoritative: boolean;
}

export function* zoneContents(zone: Zone, source: AnswerSource, answers: 'every' | 'first'): Generator<ZoneContent> {
  for (const name of zone.nodes.keys()) yield* contentsAt(zone, name, source, answers);
}

/**
 * | the name is        | the zone says itself                    | it repeats                  |
 * |--------------------|-----------------------------------------|-----------------------------|
 * | above every cut    | all records, and its NSEC               | -                           |
 * | a cut              | DS, and its NSEC                        | NS, addresses that are glue |
 * | below a cut        | -                                       | addresses that are glue     |
 */
function* contentsAt(zone: Zone, name: Name, source: AnswerSource, answers: 'every' | 'first'): Generator<ZoneContent> {
  const node = zone.nodes.get(name);
  if (node === undefined) return;
  const place: Place = { zone, node, name };
  const cut = cutAbove(zone, name);
  for (const rrset of cut === undefined ? [] : node.rrsets.values()) {
    if (rrset.type !== types.DS) yield { rrset, isAuthoritative: false };
  }

  const own = cut === undefined ? typesAt(place, source) : cut === name ? [types.DS] : [];
  for (const type of cut === undefined || cut === name ? [...own, types.NSEC] : []) {
    for (const rrset of recordsOf(place, type, source, answers)) yield { rrset, isAuthoritative: true };
  }
}

function recordsOf(place: Place, type: number, source: AnswerSource, answers: 'every' | 'first'): readonly RRset[] {
  const { service } = place.node;
  const family = families.find((each) => types[each] === type);
  if (service === undefined || family === undefined) {
    const fixed = fixedRecords(place, type, source);
    return fixed === undefined ? [] : [fixed];
  }
  const answer = source.answerOf(service);
  const ofFamily = answer?.families[family];
  const spokes = ofFamily === undefined ? [] : spokesOf(ofFamily);
  return (answers === 'first' ? spokes.slice(0, 1) : spokes).map((spoke) =>
    spokeRecords(place.name, family, spoke.addresses, answer?.ttlSeconds ?? 0),
  );
}

/** What `signMany` takes, so that no answer of these zones waits for its signature. */
export function* toBeSigned(source: AnswerSource): Generator<readonly [zone: Zone, rrset: RRset]> {
  for (const zone of source.zones.zones.values()) {
    if (source.dnssec?.signingOf(zone) === undefined) continue;
    for (const { rrset, isAuthoritative } of zoneContents(zone, source, 'every')) if (isAuthoritative) yield [zone, rrset];
  }
}
