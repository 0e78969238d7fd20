/**
 * The reference responder: one packet in, one reply out, by the book (RFC 1034 section 4.3.2, RFC 2308, RFC 8482, RFC
 * 8906). An answer depends on the question, the client, the table and the draw, and on nothing else (I7); all thinking
 * about health was done when the answers were published. It is written to be read and compared with, not to be fast.
 */
import type { AnswerSource } from './answer-source.ts';
import type { Asker } from './client-ranges.ts';
import { classIn, type Rcode, types } from './codes.ts';
import type { Transport } from './counts.ts';
import { type NsecChain, nameDenial, typeDenial } from './dnssec/nsec.ts';
import type { Draw } from './draw.ts';
import { dnsLimits } from './limits.ts';
import { type Name, nameOfWire, parentOf, suffixesOf } from './names.ts';
import { fixedRecords, type Place, recordsAt, signatureRecords } from './records-at.ts';
import { bareReply, type Decision, encodeReply, type Reply, type RRset, replyBytesMax } from './reply.ts';
import { type Question, readQuery } from './wire.ts';
import { addressesOf, closestZone, cutAbove, hostsOf, soaOf, type Zone } from './zone.ts';

export interface Client {
  readonly address: string;
  readonly port: number;
  readonly transport: Transport;
}

/** What is said to a packet; `reply` is null where nothing is, and `name` and `type` undefined where no question was read. */
export type Outcome =
  | {
      readonly reply: Buffer;
      readonly name?: Name | undefined;
      readonly type: number | undefined;
      readonly rcode: Rcode;
      readonly decision?: Decision | undefined;
    }
  | { readonly reply: null; readonly reason: 'short' | 'response' };

export interface Responder {
  respond(packet: Uint8Array, client: Client, draw: Draw): Outcome;
}

export function createResponder(source: AnswerSource): Responder {
  return {
    respond(packet, client, draw) {
      const reading = readQuery(packet);
      if (reading.kind === 'dropped') return { reply: null, reason: reading.reason };
      const dnssecOk = reading.heading.edns?.dnssecOk === true;
      const asker = { address: client.address, subnet: reading.heading.edns?.clientSubnet };
      const query = { source, asker, draw, dnssecOk };
      const reply = reading.kind === 'rejected' ? bareReply(reading.rcode) : replyTo(reading.question, query);
      const { decision, scopePrefix } = reply.answer.find((rrset) => rrset.decision !== undefined) ?? {};
      const bytes = encodeReply(reading.heading, reply, replyBytesMax(client.transport, reading.heading), scopePrefix);
      const question = reading.heading.question;
      return { reply: bytes, name: question?.name, type: question?.type, rcode: reply.rcode, decision };
    },
  };
}

/** What an answer depends on besides the question (I7). */
interface Circumstances {
  readonly source: AnswerSource;
  readonly asker: Asker;
  readonly draw: Draw;
  readonly dnssecOk: boolean;
}

function replyTo(question: Question, circumstances: Circumstances): Reply {
  const refusal = refusalOf(question);
  return refusal === undefined ? follow(question, circumstances) : bareReply(refusal);
}

/** Types that stand for something else than records, and never are what is asked for. */
const neverAsked: ReadonlySet<number> = new Set([0, types.OPT, types.NXNAME, types.TSIG]);
const transfers: ReadonlySet<number> = new Set([types.AXFR, types.IXFR]);

/**
 * Before any zone is looked at:
 *
 * | asked                         | reply    | why                                                              |
 * |-------------------------------|----------|------------------------------------------------------------------|
 * | a class other than IN         | REFUSED  | we are authoritative for nothing in it (RFC 1035 section 4.1.1); that includes CH version.bind |
 * | type 0, OPT, NXNAME, TSIG     | FORMERR  | no such question exists (RFC 6895 section 3.1, RFC 9824 section 3.5) |
 * | AXFR, IXFR                    | REFUSED  | nobody is allowed a transfer (RFC 5936 section 2.2.1)            |
 * | ANY                           | goes on  | minimal, below                                                   |
 * | any other meta type, 128..254 | NOTIMP   | RFC 8906 section 3.1.2 allows it for these and no others         |
 */
function refusalOf(question: Question): Rcode | undefined {
  const { type } = question;
  if (question.class !== classIn) return 'REFUSED';
  if (neverAsked.has(type)) return 'FORMERR';
  if (transfers.has(type)) return 'REFUSED';
  if (type >= 128 && type < types.ANY) return 'NOTIMP';
  return undefined;
}

/**
 * | found at the name                | reply                                                       |
 * |----------------------------------|-------------------------------------------------------------|
 * | in none of our zones             | REFUSED; behind a CNAME, what is there so far               |
 * | a zone that waits for its key    | SERVFAIL: a resolver asks another nameserver                |
 * | at or below a delegation         | referral: its NS, with the glue that we have                |
 * | no such name                     | NXDOMAIN with SOA                                           |
 * | a CNAME, and not it was asked for | the CNAME, and on with its target                          |
 * | records of the type              | they, authoritative                                         |
 * | addresses, but none can be given | SERVFAIL, without SOA: nobody shall remember it             |
 * | none of the type                 | NODATA with SOA                                             |
 *
 * AA speaks of the first name, so behind one CNAME even a referral carries it (RFC 1035 section 4.1.1), and the rcode
 * speaks of the last (RFC 6604). With DO, all that a signed zone says itself is followed by its signatures, and every
 * "no" by its proof (RFC 4035 section 3.1).
 */
function follow(question: Question, { source, asker, draw, dnssecOk }: Circumstances): Reply {
  const { zones } = source.zones;
  const zoneAsked = zoneFor(zones, question.name, question.type)?.apex;
  const chain: RRset[] = [];
  const aliases = new Set<Name>();
  const signed = (zone: Zone, rrset: RRset) => (dnssecOk ? withSignatures(zone, rrset, source) : [rrset]);
  const answered = (reply: Partial<Reply>): Reply => ({
    ...bareReply('NOERROR'),
    authoritative: true,
    answer: chain,
    ...(zoneAsked === undefined ? {} : { zone: zoneAsked }),
    ...reply,
  });

  let name = question.name;
  for (;;) {
    const zone = zoneFor(zones, name, question.type);
    if (zone === undefined) return aliases.size === 0 ? bareReply('REFUSED') : answered({});
    if (waitsForKey(source, zone, name, question.type)) return bareReply('SERVFAIL');
    const denials = dnssecOk ? source.dnssec?.denialOf(zone) : undefined;
    const denial = (proof: (denials: NsecChain) => readonly RRset[]) =>
      [soaOf(zone, source.serialOf(zone), 'denial'), ...(denials === undefined ? [] : proof(denials))].flatMap((rrset) =>
        signed(zone, rrset),
      );

    const delegation = delegationOf(zone, name, question.type);
    if (delegation !== undefined) {
      const vouched = denials === undefined ? [] : vouching(zone, delegation.owner, denials, source);
      const authority = [delegation, ...vouched.flatMap((rrset) => signed(zone, rrset))];
      return answered({ authoritative: aliases.size > 0, authority, ...addressesFor(delegation, zones, signed) });
    }
    const node = zone.nodes.get(name);
    if (node === undefined) {
      return answered({ rcode: 'NXDOMAIN', authority: denial((chain) => nameDenial(chain, name, enclosing(zone, name))) });
    }

    const place = { zone, node, name };
    const alias = node.rrsets.get(types.CNAME);
    const isFollowed = alias !== undefined && !standsBesideAlias(place, question.type, source);
    const found = isFollowed ? alias : recordsAt(place, question.type, source, asker, draw);
    if (found === 'not-answerable') return bareReply('SERVFAIL');
    if (found === undefined) return answered({ authority: denial((chain) => typeDenial(chain, name)) });
    const answer = [...chain, ...signed(zone, found)];
    if (!isFollowed || question.type === types.ANY) {
      const hosts = found.type === types.NS ? hostsOf(found) : [];
      return answered({ answer, additional: hosts.flatMap((host) => signedAddresses(host, zones, signed)) });
    }
    // A chain that bites its own tail, or is too long, ends with what it said so far; the asker may go on from there.
    if (aliases.size === dnsLimits.aliasesMax || aliases.has(found.owner)) return answered({});
    aliases.add(found.owner);
    chain.push(...signed(zone, found));
    name = targetOf(found, name);
  }
}

/** Whether the zone cannot be signed yet, or, where its DS is asked for, the zone of ours below: it must not seem to have none. */
function waitsForKey({ zones, dnssec }: AnswerSource, zone: Zone, name: Name, type: number): boolean {
  if (dnssec === undefined) return false;
  const below = type === types.DS ? zones.zones.get(name) : undefined;
  return dnssec.waitsForKey(zone) || (below !== undefined && dnssec.waitsForKey(below));
}

/** Records, and what is signed over them. A signature itself is not signed. */
function withSignatures(zone: Zone, rrset: RRset, { dnssec }: AnswerSource): RRset[] {
  const signatures = rrset.type === types.RRSIG ? [] : (dnssec?.of(zone, rrset) ?? []);
  return signatures.length === 0 ? [rrset] : [rrset, signatureRecords(rrset, signatures)];
}

/** What else than the alias itself may be asked for at it and is there (RFC 4035 section 2.5). */
function standsBesideAlias(place: Place, type: number, source: AnswerSource): boolean {
  if (type === types.CNAME) return true;
  return (type === types.NSEC || type === types.RRSIG) && fixedRecords(place, type, source) !== undefined;
}

/** What a signed zone says of a delegation: the DS, or that there is none (RFC 4035 section 3.1.4). */
function vouching(zone: Zone, cut: Name, denials: NsecChain, source: AnswerSource): readonly RRset[] {
  const node = zone.nodes.get(cut);
  const ds = node === undefined ? undefined : fixedRecords({ zone, node, name: cut }, types.DS, source);
  return ds === undefined ? typeDenial(denials, cut) : [ds];
}

/** The longest ancestor that exists. */
function enclosing(zone: Zone, name: Name): Name {
  for (const suffix of suffixesOf(name)) if (zone.nodes.has(suffix)) return suffix;
  return zone.apex;
}

/**
 * What goes with a referral, so that it can be followed. Glue is needed: without it the reply is truncated (RFC 9471).
 * Addresses that we vouch for are signed, and nothing may be truncated for signatures alone (RFC 4035 section 3.1.1): they can
 * be looked up as well, so they are spared where they do not fit, and never stand beside glue.
 *
 * | addresses of its nameservers | go with it                                |
 * |------------------------------|-------------------------------------------|
 * | none is signed               | all, needed                               |
 * | some are signed, some glue   | the glue, needed                          |
 * | all are signed               | all with their signatures, where they fit |
 */
function addressesFor(
  delegation: RRset,
  zones: ReadonlyMap<Name, Zone>,
  signed: (zone: Zone, rrset: RRset) => RRset[],
): Pick<Reply, 'additional' | 'additionalNeeded'> {
  const hosts = hostsOf(delegation);
  const additional = hosts.flatMap((host) => signedAddresses(host, zones, signed));
  if (!additional.some(({ type }) => type === types.RRSIG)) return { additional, additionalNeeded: true };
  const glue = hosts.filter((host) => isGlue(zones, host)).flatMap((host) => addressesOf(zones, host));
  return glue.length > 0 ? { additional: glue, additionalNeeded: true } : { additional, additionalNeeded: false };
}

function isGlue(zones: ReadonlyMap<Name, Zone>, host: Name): boolean {
  const zone = closestZone(zones, host);
  return zone !== undefined && cutAbove(zone, host) !== undefined;
}

/** The addresses of a nameserver, signed where they are more than glue (RFC 4035 section 3.1.1). */
function signedAddresses(host: Name, zones: ReadonlyMap<Name, Zone>, signed: (zone: Zone, rrset: RRset) => RRset[]): RRset[] {
  const zone = closestZone(zones, host);
  const addresses = addressesOf(zones, host);
  return zone === undefined || isGlue(zones, host) ? addresses : addresses.flatMap((rrset) => signed(zone, rrset));
}

function targetOf(alias: RRset, name: Name): Name {
  const [rdata] = alias.rdata;
  return rdata === undefined ? name : nameOfWire(Buffer.from(rdata));
}

/** The longest zone that holds the name; but DS stands in the zone above (RFC 4035 section 3.1.4.1), where we have that. */
function zoneFor(zones: ReadonlyMap<Name, Zone>, name: Name, type: number): Zone | undefined {
  const zone = closestZone(zones, name);
  const above = parentOf(name);
  if (type !== types.DS || zone?.apex !== name || above === undefined) return zone;
  return closestZone(zones, above) ?? zone;
}

function delegationOf(zone: Zone, name: Name, type: number): RRset | undefined {
  const cut = cutAbove(zone, name);
  if (cut === undefined || (cut === name && type === types.DS)) return undefined;
  return zone.nodes.get(cut)?.rrsets.get(types.NS);
}
