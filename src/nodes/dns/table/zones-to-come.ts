/**
 * Zones that are being laid out while those of before are still answered: the new ones with the answers of the moment,
 * those included that only they have a name for.
 */
import type { ServiceAnswer } from '../../../projections/answers.ts';
import type { AnswerSource } from '../answer-source.ts';
import { type ZoneSet, zoneSteering } from '../zone.ts';
import { type Contents, type ContentsOptions, createContents } from './contents.ts';
import type { Steps } from './slices.ts';
import { settledDnssec } from './waiting-zones.ts';

export interface ZonesToCome {
  readonly view: AnswerSource;
  readonly contents: Contents;
  /** Answers that `source` has no name for yet. */
  readonly kept: Map<string, ServiceAnswer>;
  /** Lays everything out, a name at each step. */
  readonly steps: Steps;
  /** When all steps are done: services of `source` that have no name there. */
  readonly gone: readonly string[];
}

export function zonesToCome(zones: ZoneSet, source: AnswerSource, kept: Map<string, ServiceAnswer>, options: ContentsOptions): ZonesToCome {
  const view: AnswerSource = {
    zones,
    answerOf: (service) => kept.get(service) ?? source.answerOf(service),
    serialOf: (zone) => source.serialOf(zone),
    dnssec: settledDnssec({ dnssec: source.dnssec, zones }, () => view),
  };
  const contents = createContents(view, options);
  const gone: string[] = [];
  function* steps(): Steps {
    yield* contents.layOut();
    for (const { nodes } of source.zones.zones.values()) {
      for (const { service } of nodes.values()) {
        if (service !== undefined && zoneSteering(zones, service) === undefined) gone.push(service);
        yield;
      }
    }
  }
  return { view, contents, kept, steps: steps(), gone };
}
