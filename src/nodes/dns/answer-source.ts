/** What is read when a question is answered. Whoever reads finds it whole; only the one writer of the table changes it. */
import type { ServiceAnswer } from '../../projections/answers.ts';
import type { Dnssec } from './dnssec/zone-signing.ts';
import type { Zone, ZoneSet } from './zone.ts';

export interface AnswerSource {
  readonly zones: ZoneSet;
  /** Undefined where nothing was published for the service yet: it is not known, and answered with SERVFAIL. */
  answerOf(service: string): ServiceAnswer | undefined;
  /** The SOA serial: the second of the last change. */
  serialOf(zone: Zone): number;
  /** Undefined where no zone is signed. */
  readonly dnssec: Dnssec | undefined;
}
