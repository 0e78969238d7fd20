/**
 * Bytes from the network to one checked question (RFC 1035 section 4, RFC 6891). Everything is looked at before
 * anything is believed: counts before records, lengths before contents. A packet becomes a query, or is answered with an
 * error, or is dropped, and it never throws (I9).
 */
import { opcodeQuery, type Rcode, types } from './codes.ts';
import { type Edns, type OptReading, readOpt } from './edns.ts';
import { dnsLimits } from './limits.ts';
import { type Name, readName, rootName, skipName } from './names.ts';

export const headerBytes = 12;
const responseFlag = 0x8000;
const recursionDesiredFlag = 0x0100;

export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** Name, type and class as they were asked, in the asker's own capitals. */
  readonly bytes: Uint8Array;
}

/** What every reply repeats. */
export interface Heading {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** Absent where the packet was refused before its question was read. */
  readonly question?: Question;
  /** Present exactly where the query had an OPT record: then so has the reply. */
  readonly edns?: Edns;
}

/**
 * | packet                                                  | reading          | rule                |
 * |---------------------------------------------------------|------------------|---------------------|
 * | shorter than a header                                   | dropped          | nothing to answer   |
 * | a response                                              | dropped          | two servers could answer each other for ever |
 * | any opcode but QUERY                                    | NOTIMP, no question | RFC 8906 section 3.1.4 |
 * | longer than any query, or not one question, or answers  | FORMERR          | RFC 9619, RFC 8906  |
 * | question, records or their lengths do not parse, or bytes are left over | FORMERR | RFC 1035       |
 * | two OPT, or one that is not at the root                 | FORMERR          | RFC 6891 6.1.1      |
 * | anything wrong behind an OPT that could be read         | FORMERR with OPT | RFC 6891 7          |
 * | EDNS version above 0                                    | BADVERS          | RFC 6891 6.1.3      |
 * | a malformed option or client subnet                     | FORMERR with OPT | RFC 6891 7, RFC 7871 |
 * | anything else                                           | query            |                     |
 */
export type Reading =
  | { readonly kind: 'query'; readonly heading: Heading; readonly question: Question }
  | { readonly kind: 'rejected'; readonly heading: Heading; readonly rcode: Rcode }
  | { readonly kind: 'dropped'; readonly reason: 'short' | 'response' };

export function readQuery(packet: Uint8Array): Reading {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (bytes.length < headerBytes) return { kind: 'dropped', reason: 'short' };
  const flags = bytes.readUInt16BE(2);
  if ((flags & responseFlag) !== 0) return { kind: 'dropped', reason: 'response' };

  const opcode = (flags >> 11) & 0xf;
  // What the other bits mean depends on the opcode, so RD is repeated for QUERY alone.
  const recursionDesired = opcode === opcodeQuery && (flags & recursionDesiredFlag) !== 0;
  const bare: Heading = { id: bytes.readUInt16BE(0), opcode, recursionDesired };
  if (opcode !== opcodeQuery) return { kind: 'rejected', heading: bare, rcode: 'NOTIMP' };
  if (bytes.length > dnsLimits.queryBytesMax || !countsArePlausible(bytes)) return { kind: 'rejected', heading: bare, rcode: 'FORMERR' };

  const question = readQuestion(bytes);
  if (question === undefined) return { kind: 'rejected', heading: bare, rcode: 'FORMERR' };
  const asked: Heading = { ...bare, question };

  const { opt, isMalformed } = readRecords(bytes, question);
  if (isMalformed)
    return { kind: 'rejected', heading: opt === undefined ? asked : { ...asked, edns: withoutOptions(opt.edns) }, rcode: 'FORMERR' };
  if (opt === undefined) return { kind: 'query', heading: asked, question };
  const heading: Heading = { ...asked, edns: opt.edns };
  return opt.refusal === undefined ? { kind: 'query', heading, question } : { kind: 'rejected', heading, rcode: opt.refusal };
}

/** A refusal says that EDNS was understood, and nothing of the query's options. */
function withoutOptions({ udpSizeBytes, dnssecOk }: Edns): Edns {
  return { udpSizeBytes, dnssecOk };
}

function countsArePlausible(bytes: Buffer): boolean {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return questions === 1 && answers === 0 && authorities <= 1 && additionals <= dnsLimits.additionalRecordsMax;
}

function readQuestion(bytes: Buffer): Question | undefined {
  const name = readName(bytes, headerBytes);
  if (name === undefined || name.end + 4 > bytes.length) return undefined;
  return {
    name: name.name,
    type: bytes.readUInt16BE(name.end),
    class: bytes.readUInt16BE(name.end + 2),
    bytes: bytes.subarray(headerBytes, name.end + 4),
  };
}

interface Records {
  /** The first one that was met at the place where it belongs. */
  readonly opt: OptReading | undefined;
  readonly isMalformed: boolean;
}

/** Steps over the records behind the question and reads the OPT among them. */
function readRecords(bytes: Buffer, question: Question): Records {
  const authorities = bytes.readUInt16BE(8);
  const records = authorities + bytes.readUInt16BE(10);
  let opt: OptReading | undefined;
  const malformed = () => ({ opt, isMalformed: true });
  let at = headerBytes + question.bytes.length;
  for (let index = 0; index < records; index += 1) {
    const fixed = skipName(bytes, at);
    if (fixed === undefined || fixed + 10 > bytes.length) return malformed();
    const end = fixed + 10 + bytes.readUInt16BE(fixed + 8);
    if (bytes.readUInt16BE(fixed) === types.OPT) {
      const atRoot = fixed - at === rootName.length;
      if (!atRoot || index < authorities || opt !== undefined || end > bytes.length) return malformed();
      opt = readOpt({
        udpSizeBytes: bytes.readUInt16BE(fixed + 2),
        ttl: bytes.readUInt32BE(fixed + 4),
        rdata: bytes.subarray(fixed + 10, end),
      });
    }
    // A record that claims more bytes than there are ends beyond the packet, and so does whatever is read after it.
    at = end;
  }
  // Only a request for a zone's changes says which version it has (RFC 1995 section 3).
  const isMisplaced = authorities > 0 && question.type !== types.IXFR;
  return { opt, isMalformed: isMisplaced || at !== bytes.length };
}
