/**
 * A reply as data, and as bytes (RFC 1035 section 4). Owner names are compressed against the question's name, which also
 * repeats them in the asker's own capitals; names within rdata are sent whole. What does not fit is left out by rule,
 * never cut.
 */
import { classIn, type Rcode, rcodes } from './codes.ts';
import { encodeOpt } from './edns.ts';
import { dnsLimits } from './limits.ts';
import { type Name, rootName, suffixesOf } from './names.ts';
import { type Heading, headerBytes } from './wire.ts';

/** Records of one name and type, which share a TTL (RFC 2181 section 5). */
export interface RRset {
  readonly owner: Name;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly rdata: readonly Uint8Array[];
  /** Where the addresses are a choice among several. */
  readonly decision?: Decision;
}

/** Which addresses of a service were chosen, and how: for counting. */
export interface Decision {
  readonly service: string;
  readonly algorithm: string;
  readonly addresses: readonly string[];
}

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answer: readonly RRset[];
  readonly authority: readonly RRset[];
  readonly additional: readonly RRset[];
  /** Whether the additional records are needed to go on (glue of a referral) or may be left out for size. */
  readonly additionalNeeded: boolean;
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
  const pointers = pointersInto(heading);
  const encode = (section: readonly RRset[]) => section.flatMap((rrset) => encodeRRset(rrset, pointers));
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

/** Where in the message each suffix of the question's name stands. */
function pointersInto(heading: Heading): ReadonlyMap<Name, number> {
  const pointers = new Map<Name, number>();
  const name = heading.question?.name;
  if (name === undefined) return pointers;
  for (const suffix of suffixesOf(name)) {
    if (suffix !== rootName) pointers.set(suffix, headerBytes + name.length - suffix.length);
  }
  return pointers;
}

function encodeRRset(rrset: RRset, pointers: ReadonlyMap<Name, number>): Buffer[] {
  const owner = encodeOwner(rrset.owner, pointers);
  return rrset.rdata.map((rdata) => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(rrset.type, 0);
    fixed.writeUInt16BE(classIn, 2);
    fixed.writeUInt32BE(rrset.ttlSeconds, 4);
    fixed.writeUInt16BE(rdata.length, 8);
    return Buffer.concat([owner, fixed, rdata]);
  });
}

/** The labels up to the first suffix that the question holds, then a pointer to it. */
function encodeOwner(owner: Name, pointers: ReadonlyMap<Name, number>): Buffer {
  for (const suffix of suffixesOf(owner)) {
    const offset = pointers.get(suffix);
    if (offset === undefined) continue;
    const labels = owner.slice(0, owner.length - suffix.length);
    return Buffer.concat([Buffer.from(labels, 'latin1'), Buffer.from([0xc0 | (offset >> 8), offset & 0xff])]);
  }
  return Buffer.from(owner, 'latin1');
}
