/**
 * The reference table: zones as configured, and for every service the answer of this moment. The one writer publishes;
 * the responder reads. A later, faster table is compared with this one.
 */
import type { ServiceAnswer } from '../../projections/answers.ts';
import type { AnswerSource } from './answer-source.ts';
import { type SignedZones, zoneDnssec } from './dnssec/zone-dnssec.ts';
import { type PackedAnswer, packAnswer, saysTheSame, unpackAnswer } from './packed-answer.ts';
import { type ZoneSet, zoneSteering } from './zone.ts';

export interface AnswerTable extends AnswerSource {
  /** Takes the answers that may have changed, as of `at` (milliseconds). Services without a name in our zones are left out. */
  publish(answers: Iterable<ServiceAnswer>, at: number): void;
  /** Takes new zones; answers of services that they still steer stay. */
  replaceZones(zones: ZoneSet, at: number): void;
}

/** Those of services that the zones have a name for. */
function answersIn({ zones }: ZoneSet, answers: ReadonlyMap<string, PackedAnswer>): Map<string, PackedAnswer> {
  const kept = new Map<string, PackedAnswer>();
  for (const { nodes } of zones.values()) {
    for (const { service } of nodes.values()) {
      const answer = service === undefined ? undefined : answers.get(service);
      if (service !== undefined && answer !== undefined) kept.set(service, answer);
    }
  }
  return kept;
}

/** `signed`: where zones are signed; those that have keys there are. */
export function createAnswerTable(initialZones: ZoneSet, at: number, signed?: SignedZones): AnswerTable {
  let zones = initialZones;
  let answers = new Map<string, PackedAnswer>();
  let serials = new Map<string, number>();

  /** A serial never goes back, whatever the clock says: a lower one would mean an older zone (RFC 1912 section 2.2). */
  const raise = (before: number | undefined, moment: number) => Math.max(before ?? 0, Math.floor(moment / 1000) % 2 ** 32);

  const table: AnswerTable = {
    get zones() {
      return zones;
    },
    answerOf(service) {
      const answer = answers.get(service);
      return answer && unpackAnswer(service, answer);
    },
    serialOf: (zone) => serials.get(zone.name) ?? 0,
    dnssec: signed === undefined ? undefined : zoneDnssec(signed, () => table),
    publish(published, moment) {
      for (const answer of published) {
        const zone = zoneSteering(zones, answer.service)?.zone;
        if (zone === undefined) continue;
        const before = answers.get(answer.service);
        const now = packAnswer(answer);
        answers.set(answer.service, now);
        if (before !== undefined && saysTheSame(before, now)) continue;
        serials.set(zone.name, raise(serials.get(zone.name), moment));
      }
    },
    replaceZones(replacement, moment) {
      zones = replacement;
      const names = [...zones.zones.values()].map((zone) => zone.name);
      serials = new Map(names.map((name) => [name, raise(serials.get(name), moment)]));
      answers = answersIn(zones, answers);
    },
  };
  table.replaceZones(initialZones, at);
  return table;
}
