/**
 * A zone as a master file (RFC 1035 section 5), with its signatures and denials where it is signed: what other servers
 * load and verifiers check. A steered name stands there with the first answer of its wheel, so the file is one moment of
 * the zone, and two exports of one moment are the same. Where no address can be given a comment says so.
 */
import { families } from '../../projections/routing/family.ts';
import type { AnswerSource } from './answer-source.ts';
import { types, typeText } from './codes.ts';
import { type Name, textOf } from './names.ts';
import { rdataText } from './rdata-text.ts';
import { signatureRecords } from './records-at.ts';
import type { RRset } from './reply.ts';
import type { Zone } from './zone.ts';
import { type ZoneContent, zoneContents } from './zone-contents.ts';

export function exportZone(zone: Zone, source: AnswerSource): string {
  const contents = [...zoneContents(zone, source, 'first')];
  // Readers expect the SOA at the top.
  const isSoa = ({ rrset }: ZoneContent) => rrset.type === types.SOA;
  const inOrder = [...contents.filter(isSoa), ...contents.filter((content) => !isSoa(content))];
  const lines = inOrder.flatMap((content) => [content.rrset, ...signaturesOver(content, zone, source)].flatMap(recordLines));
  return `${[...lines, ...unanswerable(zone, source)].join('\n')}\n`;
}

function signaturesOver({ rrset, isAuthoritative }: ZoneContent, zone: Zone, { dnssec }: AnswerSource): RRset[] {
  const signatures = isAuthoritative ? (dnssec?.of(zone, rrset) ?? []) : [];
  return signatures.length === 0 ? [] : [signatureRecords(rrset, signatures)];
}

function recordLines({ owner, type, ttlSeconds, rdata }: RRset): string[] {
  return rdata.map((each) => `${dotted(owner)}\t${ttlSeconds}\tIN\t${typeText(type)}\t${rdataText(type, each)}`);
}

/** Their denials say that the type exists, so that a verifier misses it: a reader should know why. */
function unanswerable(zone: Zone, source: AnswerSource): string[] {
  return [...zone.nodes].flatMap(([name, { service }]) => {
    if (service === undefined) return [];
    const answer = source.answerOf(service);
    return families
      .filter((family) => answer === undefined || answer.families[family]?.wheel.spokes.length === 0)
      .map((family) => `; ${dotted(name)} ${family}: no address can be given at this moment`);
  });
}

function dotted(name: Name): string {
  const text = textOf(name);
  return text.endsWith('.') ? text : `${text}.`;
}
