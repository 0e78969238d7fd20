/**
 * The reference table: zones as configured, and for every service the answer of this moment. The one writer publishes;
 * the responder reads. A later, faster table is compared with this one.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ServiceAnswer } from '../../projections/answers.ts';
import { nameOf } from './names.ts';
import { closestZone, type Zone, type ZoneSet } from './zone.ts';

/** What the responder reads. */
export interface AnswerSource {
  readonly zones: ZoneSet;
  /** Undefined where nothing was published for the service yet: it is not known, and answered with SERVFAIL. */
  answerOf(service: string): ServiceAnswer | undefined;
  /** The SOA serial: the second of the last change. */
  serialOf(zone: Zone): number;
}

export interface AnswerTable extends AnswerSource {
  /** Takes the answers that may have changed, as of `at` (milliseconds). Services without a name in our zones are left out. */
  publish(answers: Iterable<ServiceAnswer>, at: number): void;
  /** Takes new zones; answers of services that they still steer stay. */
  replaceZones(zones: ZoneSet, at: number): void;
}

/** Whether DNS says the same, whatever else is thought of the candidates. */
function saysTheSame(one: ServiceAnswer, other: ServiceAnswer): boolean {
  return one.ttlSeconds === other.ttlSeconds && isDeepStrictEqual(one.families, other.families);
}

export function createAnswerTable(initialZones: ZoneSet, at: number): AnswerTable {
  let zones = initialZones;
  let answers = new Map<string, ServiceAnswer>();
  let serials = new Map<string, number>();

  const zoneOf = (service: string): Zone | undefined => {
    const name = nameOf(service);
    const zone = name === undefined ? undefined : closestZone(zones.zones, name);
    return name !== undefined && zone?.nodes.get(name)?.service === service ? zone : undefined;
  };
  /** A serial never goes back, whatever the clock says: a lower one would mean an older zone (RFC 1912 section 2.2). */
  const raise = (before: number | undefined, moment: number) => Math.max(before ?? 0, Math.floor(moment / 1000) % 2 ** 32);

  const table: AnswerTable = {
    get zones() {
      return zones;
    },
    answerOf: (service) => answers.get(service),
    serialOf: (zone) => serials.get(zone.name) ?? 0,
    publish(published, moment) {
      for (const answer of published) {
        const zone = zoneOf(answer.service);
        if (zone === undefined) continue;
        const before = answers.get(answer.service);
        answers.set(answer.service, answer);
        if (before !== undefined && saysTheSame(before, answer)) continue;
        serials.set(zone.name, raise(serials.get(zone.name), moment));
      }
    },
    replaceZones(replacement, moment) {
      zones = replacement;
      const names = [...zones.zones.values()].map((zone) => zone.name);
      serials = new Map(names.map((name) => [name, raise(serials.get(name), moment)]));
      answers = new Map([...answers].filter(([service]) => zoneOf(service) !== undefined));
    },
  };
  table.replaceZones(initialZones, at);
  return table;
}
