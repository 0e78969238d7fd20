/**
 * What the table says at a name that is nothing but steered, put together without asking. Nearly every name is one, and
 * asking the reference for each type and spoke costs a hundred times as much. It may say nothing that the reference does
 * not say: a property test holds each name against what `compile.ts` finds out by asking.
 *
 * | asked        | the service has          | reply                                                |
 * |--------------|--------------------------|------------------------------------------------------|
 * | A, AAAA      | no published answer yet  | SERVFAIL                                             |
 * |              | no server of the family  | as others                                            |
 * |              | servers, an empty wheel  | SERVFAIL, after a draw                               |
 * |              | a wheel                  | one for each spoke                                   |
 * | ANY          | A or AAAA, as above      | the same, A first                                    |
 * | NSEC, RRSIG  | -                        | in a signed zone the name's own; elsewhere as others |
 * | others       | -                        | NODATA, and its proof where the zone is signed       |
 */
import type { ServiceAnswer } from '../../../projections/answers.ts';
import { type Family, families } from '../../../projections/routing/family.ts';
import type { AnswerSource } from '../answer-source.ts';
import { classIn, rcodes, types } from '../codes.ts';
import { dnsLimits } from '../limits.ts';
import { type Name, rootName } from '../names.ts';
import { signatureRecords, spokeRecords } from '../records-at.ts';
import type { RRset } from '../reply.ts';
import { headerBytes } from '../wire.ts';
import { cutAbove, type Zone } from '../zone.ts';
import type { CompiledChoice, CompiledName, CompiledSpoke, Proof } from './compiled.ts';
import type { ReplyParts } from './reply-parts.ts';

/** Whether the addresses of a service are all that stands at the name, its zone says so itself, and all clients are alike. */
export function isOnlySteered(zone: Zone, name: Name, source: AnswerSource): boolean {
  const node = zone.nodes.get(name);
  if (node?.service === undefined || node.rrsets.size > 0 || source.answerOf(node.service)?.clients !== undefined) return false;
  if (source.dnssec?.waitsForKey(zone)) return false;
  return name !== zone.apex && zone.apex !== rootName && cutAbove(zone, name) === undefined;
}

/** `name`: one of which `isOnlySteered` says yes. */
export function steeredName(zone: Zone, name: Name, service: string, source: AnswerSource): CompiledName {
  const answer = source.answerOf(service);
  const proof = proofAt(zone, name, source);
  const others = nodata(zone, name, proof);
  const entries = familyEntries(zone, name, service, answer, source);
  const [first] = entries;
  if (proof !== undefined) {
    const signatures = signatureRecords(proof.nsec, proof.signatures);
    entries.push({ type: types.RRSIG, choice: withoutDraw(answered([signatures])) });
    entries.push({ type: types.NSEC, choice: withoutDraw(answered([proof.nsec]), answered([proof.nsec, signatures])) });
  }
  if (first !== undefined) entries.push({ type: types.ANY, choice: first.choice });
  return { entries, others, below: undefined, leansOn: nothing, proof };
}

const nothing: ReadonlySet<Name> = new Set();
const authoritative = 0x0400;
const truncated = 0x0200;

/** Undefined where the zone is not signed. */
export function proofAt(zone: Zone, name: Name, { dnssec }: AnswerSource): Proof | undefined {
  const nsec = dnssec?.denialOf(zone)?.atOrBefore(name);
  return nsec === undefined ? undefined : { nsec, signatures: dnssec?.of(zone, nsec) ?? [] };
}

function familyEntries(
  zone: Zone,
  name: Name,
  service: string,
  answer: ServiceAnswer | undefined,
  source: AnswerSource,
): { readonly type: number; readonly choice: CompiledChoice }[] {
  const entries: { readonly type: number; readonly choice: CompiledChoice }[] = [];
  for (const family of families) {
    if (answer === undefined) entries.push({ type: types[family], choice: withoutDraw(notAnswerable) });
    else if (answer.families[family] !== undefined) {
      entries.push({ type: types[family], choice: wheelChoice(zone, name, service, family, answer, source) });
    }
  }
  return entries;
}

function wheelChoice(
  zone: Zone,
  name: Name,
  service: string,
  family: Family,
  { families: byFamily, ttlSeconds, algorithm }: ServiceAnswer,
  { dnssec }: AnswerSource,
): CompiledChoice {
  const wheel = byFamily[family]?.wheel;
  const spokes = (wheel?.spokes ?? []).map(({ addresses, weight }): CompiledSpoke => {
    const records = spokeRecords(name, family, addresses, ttlSeconds);
    const signatures = dnssec?.of(zone, records) ?? [];
    const plain = answered([records]);
    const signed = signatures.length === 0 ? plain : answered([records, signatureRecords(records, signatures)]);
    return { weight, plain, signed, decision: { service, algorithm, addresses } };
  });
  if (spokes.length === 0) spokes.push({ weight: 1, plain: notAnswerable, signed: notAnswerable, decision: undefined });
  return { draw: wheel?.draw ?? 'none', drawnFor: { service, family }, spokes };
}

function withoutDraw(plain: ReplyParts, signed = plain): CompiledChoice {
  return { draw: 'none', drawnFor: undefined, spokes: [{ weight: 1, plain, signed, decision: undefined }] };
}

const noBytes = new Uint8Array(0);
const notAnswerable = partsOf(rcodes.SERVFAIL, { body: noBytes });

function answered(rrsets: readonly RRset[]): ReplyParts {
  const body = bodyOf(rrsets);
  if (body.length > dnsLimits.tcpReplyBytesMax) return partsOf(authoritative | truncated, { body: noBytes });
  return partsOf(authoritative, { answers: recordsIn(rrsets), answerBytes: body.length, body });
}

function nodata(zone: Zone, name: Name, proof: Proof | undefined): CompiledChoice {
  // The question is in the zone, so the owner of the SOA is a pointer.
  const offset = headerBytes + name.length - zone.apex.length;
  const soa = { use: 'denial', apex: zone.apex, owner: Uint8Array.of(0xc0 | (offset >> 8), offset & 0xff) } as const;
  const plain = partsOf(authoritative, { body: noBytes, soa });
  if (proof === undefined) return withoutDraw(plain);
  const proven = [proof.nsec, signatureRecords(proof.nsec, proof.signatures)];
  return withoutDraw(plain, partsOf(authoritative, { authorities: recordsIn(proven), body: bodyOf(proven), soa }));
}

interface Contents {
  readonly answers?: number;
  readonly authorities?: number;
  readonly answerBytes?: number;
  readonly body: Uint8Array;
  readonly soa?: ReplyParts['soa'];
}

function partsOf(flags: number, { answers = 0, authorities = 0, answerBytes = 0, body, soa }: Contents): ReplyParts {
  const counts = [answers, authorities, 0] as const;
  return { flags, counts, answerBytes, additionalAt: body.length, body, additionalNeeded: false, soa, patches: [], owners: [] };
}

function recordsIn(rrsets: readonly RRset[]): number {
  let records = 0;
  for (const { rdata } of rrsets) records += rdata.length;
  return records;
}

/** Pointer to the question, type, class, TTL, length. */
const fixedBytes = 2 + 2 + 2 + 4 + 2;
const pointerToQuestion = 0xc000 | headerBytes;

/** Records that all stand at the name that is asked for. */
function bodyOf(rrsets: readonly RRset[]): Uint8Array {
  let bytes = 0;
  for (const { rdata } of rrsets) for (const each of rdata) bytes += fixedBytes + each.length;
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { type, ttlSeconds, rdata } of rrsets) {
    for (const each of rdata) {
      at = body.writeUInt16BE(pointerToQuestion, at);
      at = body.writeUInt16BE(type, at);
      at = body.writeUInt16BE(classIn, at);
      at = body.writeUInt32BE(ttlSeconds, at);
      at = body.writeUInt16BE(each.length, at);
      body.set(each, at);
      at += each.length;
    }
  }
  return body;
}
