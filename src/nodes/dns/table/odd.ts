/**
 * Packets that are not plain: malformed ones, other opcodes, records behind the question that few send. The reference
 * reads them. What it refuses gets its rcode; what it takes as a query is written anew as a plain one, and answered from
 * the table like any other. Rare, and so allowed to allocate.
 */
import { rcodes } from '../codes.ts';
import { encodeOpt } from '../edns.ts';
import { bareReply, encodeReply, replyBytesMax } from '../reply.ts';
import { type Heading, headerBytes, readQuery } from '../wire.ts';
import { readPlain } from './asked.ts';
import { countAnswered } from './counting.ts';
import type { TableDraws } from './draws.ts';
import type { TableReader } from './reader.ts';
import type { Room } from './room.ts';

/** Answers what was read as plain. */
export type AnswerPlain = (room: Room, overTcp: boolean, table: TableReader, draws: TableDraws) => number;

export function answerOdd(
  room: Room,
  length: number,
  overTcp: boolean,
  table: TableReader,
  answerPlain: AnswerPlain,
  draws: TableDraws,
): number {
  const reading = readQuery(room.bytes.subarray(0, length));
  if (reading.kind === 'dropped') return 0;
  const { heading } = reading;
  if (reading.kind === 'query') {
    const plain = plainQuery(heading);
    readPlain(plain, plain.length, table.asked);
    room.bytes.set(plain.subarray(0, table.asked.questionEnd));
    return answerPlain(room, overTcp, table, draws);
  }
  const reply = encodeReply(heading, bareReply(reading.rcode), replyBytesMax(overTcp ? 'tcp' : 'udp', heading));
  room.bytes.set(reply);
  countAnswered(table, overTcp, heading.question?.type ?? -1, rcodes[reading.rcode]);
  return reply.length;
}

/** The same query without what does not matter: header, question, and an OPT with a client subnet at most. */
function plainQuery({ id, recursionDesired, question, edns }: Heading): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(recursionDesired ? 0x0100 : 0, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns === undefined ? 0 : 1, 10);
  const opt = edns === undefined ? Buffer.alloc(0) : encodeOpt(edns, 0, 0);
  if (edns !== undefined) opt.writeUInt16BE(edns.udpSizeBytes, 3);
  return Buffer.concat([header, question?.bytes ?? Buffer.alloc(0), opt]);
}
