/**
 * The reference responder: one packet in, one reply out, by the book (RFC 1034 section 4.3.2, RFC 2308, RFC 8482, RFC
 * 8906). An answer depends on the question, the client, the table and the draw, and on nothing else (I7); all thinking
 * about health was done when the answers were published. It is written to be read and compared with, not to be fast.
 */
import { type Family, families } from '../../projections/routing/family.ts';
import { pick } from '../../projections/routing/wheel.ts';
import { classIn, type Rcode, types } from './codes.ts';
import type { Transport } from './counts.ts';
import { type Draw, drawFor } from './draw.ts';
import { dnsLimits } from './limits.ts';
import { type Name, nameOfWire, parentOf } from './names.ts';
import { encodeRdata } from './rdata.ts';
import { bareReply, type Decision, encodeReply, type Reply, type RRset, replyBytesMax } from './reply.ts';
import type { AnswerSource } from './table.ts';
import { type Question, readQuery } from './wire.ts';
import { addressesOf, closestZone, cutAbove, hostsOf, soaOf, type Zone, type ZoneNode } from './zone.ts';

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
      const reply = reading.kind === 'rejected' ? bareReply(reading.rcode) : replyTo(reading.question, source, draw);
      const bytes = encodeReply(reading.heading, reply, replyBytesMax(client.transport, reading.heading));
      const question = reading.heading.question;
      // What was chosen stands last, behind the aliases that led to it.
      return { reply: bytes, name: question?.name, type: question?.type, rcode: reply.rcode, decision: reply.answer.at(-1)?.decision };
    },
  };
}

function replyTo(question: Question, source: AnswerSource, draw: Draw): Reply {
  const refusal = refusalOf(question);
  return refusal === undefined ? follow(question, source, draw) : bareReply(refusal);
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
 * | any other meta type, 128..254 | NOTIMP   | RFC 8906 section 3.1.1 allows it for these and no others         |
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
 * | at or below a delegation         | referral: its NS, with the glue that we have                |
 * | no such name                     | NXDOMAIN with SOA                                           |
 * | a CNAME, and not it was asked for | the CNAME, and on with its target                          |
 * | records of the type              | they, authoritative                                         |
 * | addresses, but none can be given | SERVFAIL, without SOA: nobody shall remember it             |
 * | none of the type                 | NODATA with SOA                                             |
 *
 * AA speaks of the first name, so behind one CNAME even a referral carries it (RFC 1035 section 4.1.1), and the rcode
 * speaks of the last (RFC 6604).
 */
function follow(question: Question, source: AnswerSource, draw: Draw): Reply {
  const { zones } = source.zones;
  const chain: RRset[] = [];
  const answered = (reply: Partial<Reply>): Reply => ({ ...bareReply('NOERROR'), authoritative: true, answer: chain, ...reply });

  let name = question.name;
  for (;;) {
    const zone = zoneFor(zones, name, question.type);
    if (zone === undefined) return chain.length === 0 ? bareReply('REFUSED') : answered({});
    const denial = () => [soaOf(zone, source.serialOf(zone), 'denial')];

    const delegation = delegationOf(zone, name, question.type);
    if (delegation !== undefined) {
      const glue = hostsOf(delegation).flatMap((host) => addressesOf(zones, host));
      return answered({ authoritative: chain.length > 0, authority: [delegation], additional: glue, additionalNeeded: true });
    }
    const node = zone.nodes.get(name);
    if (node === undefined) return answered({ rcode: 'NXDOMAIN', authority: denial() });

    const alias = node.rrsets.get(types.CNAME);
    const found =
      alias !== undefined && question.type !== types.CNAME ? alias : recordsAt({ zone, node, name }, question.type, source, draw);
    if (found === 'not-answerable') return bareReply('SERVFAIL');
    if (found === undefined) return answered({ authority: denial() });
    const answer = [...chain, found];
    if (found !== alias || question.type === types.CNAME || question.type === types.ANY) {
      const hosts = found.type === types.NS ? hostsOf(found) : [];
      return answered({ answer, additional: hosts.flatMap((host) => addressesOf(zones, host)) });
    }
    // A chain that bites its own tail, or is too long, ends with what it said so far; the asker may go on from there.
    if (chain.length === dnsLimits.aliasesMax || chain.some((earlier) => earlier.owner === found.owner)) return answered({});
    chain.push(found);
    name = targetOf(found, name);
  }
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

/** A name that exists, in its zone. */
interface Place {
  readonly zone: Zone;
  readonly node: ZoneNode;
  readonly name: Name;
}

/** The records of one type at a name: from the configuration, from the moment's answers, or made up for the apex. */
function recordsAt(place: Place, type: number, source: AnswerSource, draw: Draw): RRset | 'not-answerable' | undefined {
  const { zone, node, name } = place;
  if (type === types.ANY) {
    const existing = typesAt(place, source)[0];
    return existing === undefined ? undefined : recordsAt(place, existing, source, draw);
  }
  if (type === types.SOA && name === zone.apex) return soaOf(zone, source.serialOf(zone), 'answer');
  const family = families.find((each) => types[each] === type);
  if (node.service !== undefined && family !== undefined) return steeredRecords(node.service, family, name, source, draw);
  return node.rrsets.get(type);
}

/**
 * The types that exist at a name, lowest first. ANY is answered with the first (RFC 8482 section 4.1): a real RRset,
 * not a made-up HINFO, so that what is said agrees with what denials of other types will say, signed or not. For a
 * steered name that is its addresses.
 */
function typesAt({ zone, node, name }: Place, source: AnswerSource): number[] {
  const existing = [...node.rrsets.keys()];
  if (name === zone.apex) existing.push(types.SOA);
  if (node.service !== undefined) {
    const answer = source.answerOf(node.service);
    existing.push(
      ...families.filter((family) => answer === undefined || answer.families[family] !== undefined).map((family) => types[family]),
    );
  }
  return existing.sort((a, b) => a - b);
}

/**
 * | the service has             | answer                                                |
 * |-----------------------------|-------------------------------------------------------|
 * | no published answer yet     | none can be given                                     |
 * | no server of this family    | no records of the type                                |
 * | servers, but an empty wheel | none can be given                                     |
 * | a wheel                     | the spoke that the draw falls on, in the spoke's order |
 */
function steeredRecords(
  service: string,
  family: Family,
  owner: Name,
  source: AnswerSource,
  draw: Draw,
): RRset | 'not-answerable' | undefined {
  const answer = source.answerOf(service);
  if (answer === undefined) return 'not-answerable';
  const wheel = answer.families[family]?.wheel;
  if (wheel === undefined) return undefined;
  const spoke = pick(wheel, drawFor(wheel, service, family, draw));
  if (spoke === undefined) return 'not-answerable';
  const rdata = spoke.addresses.map((address) => encodeRdata({ type: family, data: address }));
  const decision = { service, algorithm: answer.algorithm, addresses: spoke.addresses };
  return { owner, type: types[family], ttlSeconds: answer.ttlSeconds, rdata, decision };
}
