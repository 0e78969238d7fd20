/**
 * Which zones wait for a key is settled when a table begins to be laid out: they are answered with SERVFAIL in all of it,
 * also if a key comes in between. With half of a zone signed, its denials would not go with its answers; the key has
 * everything laid out anew anyway.
 */
import type { AnswerSource } from '../answer-source.ts';
import { zoneDnssec } from '../dnssec/zone-dnssec.ts';
import type { Name } from '../names.ts';

/** `view` asks for the types at names; what is asked about keys is asked of `dnssec`, as they are now. */
export function settledDnssec({ dnssec, zones }: Pick<AnswerSource, 'dnssec' | 'zones'>, view: () => AnswerSource): AnswerSource['dnssec'] {
  if (dnssec === undefined) return undefined;
  const waiting = new Set<Name>([...zones.zones.values()].filter((zone) => dnssec.waitsForKey(zone)).map(({ apex }) => apex));
  return zoneDnssec(
    {
      signingOf: (zone) => (waiting.has(zone.apex) ? undefined : dnssec.signingOf(zone)),
      signatures: dnssec,
      waitsForKey: (zone) => waiting.has(zone.apex),
    },
    view,
  );
}

/** The source as it is, but for what is settled. */
export function settled(source: AnswerSource): AnswerSource {
  const view: AnswerSource = {
    get zones() {
      return source.zones;
    },
    answerOf: (service) => source.answerOf(service),
    serialOf: (zone) => source.serialOf(zone),
    dnssec: settledDnssec(source, () => view),
  };
  return view;
}
