/**
 * A reply as data, and as bytes (RFC 1035 section 4). Owner names are compressed against the question's name and the
 * zone that it was found in, which also repeats them in the asker's own capitals; names within rdata are sent whole. What
 * does not fit is left out by rule, never cut.
 */
import { classIn, type Rcode, rcodes } from './codes.ts';
import { encodeOpt } from './edns.ts';
import { dnsLimits } from './limits.ts';
import { isAtOrBelow, type Name, rootName } from './names.ts';
import { type Heading, headerBytes } from './wire.ts';

/** Records of one name and type, which share a TTL (RFC 2181 section 5). */
export interface RRset {
  readonly owner: Name;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly rdata: readonly Uint8Array[];
  /** The TTL that the records have in their zone, where they are sent with a shorter one: it is what is signed. */
  readonly zoneTtlSeconds?: number;
  /** Where the addresses are a choice among several. */
  readonly decision?: Decision;
  /** The prefix around the client within which they are the same; left out: they are for everybody. */
  readonly scopePrefix?: number;
}

/** Which addresses of a service were chosen, and how: for counting. */
export interface Decision {
  readonly service: string;
  readonly algorithm: string;
  readonly addresses: readonly string[];
  /** Where clients are told apart: the region whose clients it was for; null: all others. */
  readonly place?: string | null;
}

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly additional: readonly RRset[];
  /** Whether the additional records are needed to go on (glue of a referral) or may be left out for size. */
  readonly additionalNeeded: boolean;
  /** The zone that the question was found in; owner names in it end with a pointer to it. */
  readonly zone?: Name;
}

/** A reply that is nothing but its rcode. */
export function bareReply(rcode: Rcode): Reply {
  return { rcode, authoritative: false, answer: [], authority: [], additional: [], additionalNeeded: false };
}

/** How long a reply may be. */
export function replyBytesMax(transport: 'udp' | 'tcp', heading: Heading): number {
  if (transport === 'tcp') return dnsLimits.tcpReplyBytesMax;
  // A client that claims less than everybody must take is not believed (RFC 6891 section 6.2.3).
  const asked = Math.max(heading.edns?.udpSizeBytes ?? 0, dnsLimits.plainReplyBytesMax);
  return Math.min(asked, dnsLimits.udpReplyBytesMax);
}

/**
 * | fits into `bytesMax`          | is sent                                             |
 * |-------------------------------|-----------------------------------------------------|
 * | everything                    | everything                                          |
 * | all but additional, not needed | all but additional, and no TC (RFC 2181 section 9) |
 * | neither                       | TC and no records, so that the client comes by TCP  |
 *
 * `scopePrefix`: the client subnet prefix that the answer holds for; 0 where it holds for every client.
 */
export function encodeReply(heading: Heading, reply: Reply, bytesMax: number, scopePrefix = 0): Buffer {
  const whole = encodeMessage(heading, reply, scopePrefix, false);
  if (whole.length <= bytesMax) return whole;
  if (!reply.additionalNeeded) {
    const spare = encodeMessage(heading, { ...reply, additional: [] }, scopePrefix, false);
    if (spare.length <= bytesMax) return spare;
  }
  return encodeMessage(heading, { ...reply, answer: [], authority: [], additional: [] }, scopePrefix, true);
}

function encodeMessage(heading: Heading, reply: Reply, scopePrefix: number, truncated: boolean): Buffer {
  const zone = zoneWithin(heading, reply.zone);
  const encode = (section: readonly RRset[]) => section.flatMap((rrset) => encodeRRset(rrset, heading.question?.name, zone));
  const [answer, authority, additional] = [encode(reply.answer), encode(reply.authority), encode(reply.additional)];
  if (heading.edns !== undefined) additional.push(encodeOpt(heading.edns, rcodes[reply.rcode], scopePrefix));

  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(heading.id, 0);
  header.writeUInt16BE(flagsOf(heading, reply, truncated), 2);
  header.writeUInt16BE(heading.question === undefined ? 0 : 1, 4);
  header.writeUInt16BE(answer.length, 6);
  header.writeUInt16BE(authority.length, 8);
  header.writeUInt16BE(additional.length, 10);
  return Buffer.concat([header, heading.question?.bytes ?? Buffer.alloc(0), ...answer, ...authority, ...additional]);
}

/**
 * QR always; AA as decided; RD repeated. RA, Z and AD are never set, and CD is cleared: an authoritative server does not
 * validate, so the bit says nothing here (RFC 4035 section 3.1.6).
 */
function flagsOf(heading: Heading, reply: Reply, truncated: boolean): number {
  const bit = (on: boolean, flag: number) => (on ? flag : 0);
  return (
    0x8000 |
    (heading.opcode << 11) |
    bit(reply.authoritative, 0x0400) |
    bit(truncated, 0x0200) |
    bit(heading.recursionDesired, 0x0100) |
    (rcodes[reply.rcode] & 0xf)
  );
}

/** A zone's name as the end of the question's. */
interface ZoneWithin {
  readonly apex: Name;
  /** Where in the message it stands. */
  readonly offset: number;
}

function zoneWithin(heading: Heading, apex: Name | undefined): ZoneWithin | undefined {
  const name = heading.question?.name;
  // A pointer to the root would be longer than the root.
  if (name === undefined || apex === undefined || apex === rootName || !isAtOrBelow(name, apex)) return undefined;
  return { apex, offset: headerBytes + name.length - apex.length };
}

function encodeRRset(rrset: RRset, asked: Name | undefined, zone: ZoneWithin | undefined): Buffer[] {
  const owner = encodeOwner(rrset.owner, asked, zone);
  return rrset.rdata.map((rdata) => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(rrset.type, 0);
    fixed.writeUInt16BE(classIn, 2);
    fixed.writeUInt32BE(rrset.ttlSeconds, 4);
    fixed.writeUInt16BE(rdata.length, 8);
    return Buffer.concat([owner, fixed, rdata]);
  });
}

/**
 * Few places to point to, so that a reply can be put together before it is asked for:
 *
 * | owner                     | is sent as                               |
 * |---------------------------|------------------------------------------|
 * | the question's whole name | a pointer to it                          |
 * | in the question's zone    | its labels, then a pointer to the zone   |
 * | any other                 | whole                                    |
 */
function encodeOwner(owner: Name, asked: Name | undefined, zone: ZoneWithin | undefined): Buffer {
  if (owner === asked && owner !== rootName) return pointerTo(headerBytes);
  if (zone === undefined || !isAtOrBelow(owner, zone.apex)) return Buffer.from(owner, 'latin1');
  const labels = owner.slice(0, owner.length - zone.apex.length);
  return Buffer.concat([Buffer.from(labels, 'latin1'), pointerTo(zone.offset)]);
}

function pointerTo(offset: number): Buffer {
  return Buffer.from([0xc0 | (offset >> 8), offset & 0xff]);
}
