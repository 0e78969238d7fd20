/**
 * Where we and NSD say different things about the same zone, each with its reason, and how far it goes. What is in no row
 * is a fault of somebody's; a row that is never needed is a difference that is no more. docs/dns.md tells of the same rows.
 */
import { types } from '../../src/nodes/dns/codes.ts';
import { dnsLimits } from '../../src/nodes/dns/limits.ts';
import type { Said } from './nsd-messages.ts';
import type { Question } from './nsd-zones.ts';

export interface Difference {
  /** As the table in docs/dns.md names it. */
  readonly what: string;
  /** Whether these two messages differ by this and by nothing else. */
  readonly holds: (ours: Said, theirs: Said, question: Question) => boolean;
}

/** The fields in which they differ. */
function differing(ours: Said, theirs: Said): string {
  const keys = Object.keys(ours) as (keyof Said)[];
  return keys.filter((key) => String(ours[key]) !== String(theirs[key])).join();
}

const isWithin = (few: readonly string[], all: readonly string[]) => few.every((record) => all.includes(record));
const typeOf = (record: string) => record.split(' ')[2];
const ofType = (records: readonly string[], type: string) => records.filter((record) => typeOf(record) === type);
const isEmpty = ({ answer, authority, additional }: Said) => answer.length + authority.length + additional.length === 0;
const isOneRRset = (records: readonly string[]) => new Set(records.map(typeOf).filter((type) => type !== 'RRSIG')).size === 1;
/** All zones here have two labels, or lie within one that has. */
const zoneOf = (name: string) => name.toLowerCase().split('.').slice(-2).join('.');

export const differences: readonly Difference[] = [
  {
    what: 'more than eight aliases in a row',
    holds(ours, theirs) {
      if (ofType(ours.answer, 'CNAME').length !== dnsLimits.aliasesMax) return false;
      if (theirs.tc) return differing(ours, theirs) === 'tc,answer';
      return /^answer(,authority)?$/.test(differing(ours, theirs)) && isWithin(ours.answer, theirs.answer);
    },
  },
  {
    what: 'a reply that is truncated',
    holds: (ours, theirs) => ours.tc && isEmpty(ours) && theirs.tc && /^(answer|authority|additional|,)+$/.test(differing(ours, theirs)),
  },
  {
    what: 'glue that does not fit',
    holds: (ours, theirs) =>
      ours.tc && isEmpty(ours) && !theirs.aa && differing(ours, theirs) === 'tc,authority' && ofType(theirs.authority, 'NS').length > 0,
  },
  {
    what: 'a proof that does not fit',
    holds: (ours, theirs, { dnssecOk }) =>
      dnssecOk &&
      ours.tc &&
      isEmpty(ours) &&
      differing(ours, theirs) === 'tc,answer,authority' &&
      ofType(theirs.authority, 'NSEC').length < 2,
  },
  {
    what: 'a reply that fits where every name is compressed',
    holds: (ours, theirs) =>
      ours.tc && isEmpty(ours) && differing(ours, theirs) === 'tc,answer' && ofType(theirs.answer, 'CNAME').length > 1,
  },
  {
    what: '`ANY`',
    holds: (ours, theirs, { type }) =>
      type === types.ANY && /^answer(,additional)?$/.test(differing(ours, theirs)) && isOneRRset(ours.answer) && isOneRRset(theirs.answer),
  },
  {
    what: '`RRSIG` as a question',
    holds: (ours, theirs, { type }) =>
      type === types.RRSIG &&
      ours.answer.length === 1 &&
      (theirs.tc ? differing(ours, theirs) === 'tc,answer' : differing(ours, theirs) === 'answer' && isWithin(ours.answer, theirs.answer)),
  },
  {
    what: 'addresses of nameservers in another of our zones',
    holds(ours, theirs, { name }) {
      const more = ours.additional.filter((record) => !theirs.additional.includes(record));
      const isElsewhere = more.every((record) => zoneOf(record.split(' ')[0] as string) !== zoneOf(name));
      return differing(ours, theirs) === 'additional' && isWithin(theirs.additional, ours.additional) && isElsewhere;
    },
  },
];

/** Undefined: nobody knows why. */
export function differenceBetween(ours: Said, theirs: Said, question: Question): Difference | 'none' | undefined {
  return differing(ours, theirs) === '' ? 'none' : differences.find(({ holds }) => holds(ours, theirs, question));
}
