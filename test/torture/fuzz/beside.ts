/**
 * One packet to the reference responder and to the shared table, which must say the same bytes. The table gets it twice,
 * in rooms whose surroundings differ, so that a byte read outside the packet or written outside the reply shows.
 */
import ipaddr from 'ipaddr.js';
import { rcodes } from '../../../src/nodes/dns/codes.ts';
import { countingDraw } from '../../../src/nodes/dns/draw.ts';
import { dnsLimits } from '../../../src/nodes/dns/limits.ts';
import { createResponder } from '../../../src/nodes/dns/responder.ts';
import type { answer } from '../../../src/nodes/dns/table/answer.ts';
import { countingDraws } from '../../../src/nodes/dns/table/draws.ts';
import { beginReading, createTableReader, endReading } from '../../../src/nodes/dns/table/reader.ts';
import { roomOf } from '../../../src/nodes/dns/table/room.ts';
import type { TableWriter } from '../../../src/nodes/dns/table/writer.ts';
import type { AnswerTable } from '../../../src/nodes/dns/table.ts';
import { workerLimits } from '../../../src/nodes/dns/workers/limits.ts';
import { drawsFrom } from '../chance.ts';

export type Answer = typeof answer;

export interface Asker {
  readonly text: string;
  readonly bytes: Uint8Array;
}

export function askerOf(text: string): Asker {
  return { text, bytes: Uint8Array.from(ipaddr.parse(text).toByteArray()) };
}

export type Transport = 'udp' | 'tcp';

export interface Beside {
  /** What is wrong with the table's reply; undefined: nothing. */
  compare(packet: Uint8Array, length: number, transport: Transport, asker: Asker): string | undefined;
}

const fillers = [0x00, 0xff];
/** Bytes before and behind a room that are none of its. */
const margin = 64;
const roomBytes = { udp: workerLimits.slotBytes, tcp: dnsLimits.tcpReplyBytesMax + 16 };

export function beside(source: AnswerTable, writer: TableWriter, seed: number, answer: Answer): Beside {
  const responder = createResponder(source);
  const draw = countingDraw(drawsFrom(seed).fraction);
  const sides = fillers.map((filler, worker) => ({
    reader: createTableReader({ control: writer.control, workers: writer.workers, worker }, writer.buffers()),
    draws: countingDraws(drawsFrom(seed).fraction),
    rooms: { udp: surrounded(roomBytes.udp, filler), tcp: surrounded(roomBytes.tcp, filler) },
  }));

  return {
    compare(packet, length, transport, asker) {
      const own = Buffer.from(packet.subarray(0, length));
      let reply: Buffer | null;
      let rcode: number | undefined;
      try {
        const outcome = responder.respond(own, { address: asker.text, port: 1024, transport }, draw);
        reply = outcome.reply;
        rcode = outcome.reply === null ? undefined : rcodes[outcome.rcode];
      } catch (error) {
        return `the reference failed: ${(error as Error).stack}`;
      }
      if (reply !== null && reply.length > longestReply(reply, transport)) return `a reply of ${reply.length} bytes over ${transport}`;
      for (const { reader, draws, rooms } of sides) {
        const { all, clean, bytes, room } = rooms[transport];
        bytes.set(own);
        Object.assign(reader, { peer: asker.bytes, peerAt: 0, peerBytes: asker.bytes.length });
        let said = 0;
        beginReading(reader, onceGiving(writer));
        try {
          said = answer(room, length, { transport }, reader, draws);
        } catch (error) {
          return `the table failed: ${(error as Error).stack}`;
        } finally {
          endReading(reader);
        }
        const fault = faultOf(bytes, own, said, reply, rcode, reader.saidRcode);
        const touched = Math.max(length, said, 0);
        bytes.set(clean.subarray(margin, margin + touched));
        if (fault !== undefined) return fault;
        if (Buffer.compare(all, clean) !== 0) {
          clean.copy(all);
          return 'bytes were written outside the reply';
        }
      }
      return undefined;
    },
  };
}

function surrounded(size: number, filler: number) {
  const all = Buffer.alloc(size + 2 * margin, filler);
  const bytes = all.subarray(margin, margin + size);
  return { all, clean: Buffer.from(all), bytes, room: roomOf(bytes) };
}

function onceGiving(writer: TableWriter) {
  let isGiven = false;
  return () => {
    if (isGiven) return undefined;
    isGiven = true;
    return writer.buffers();
  };
}

function faultOf(bytes: Buffer, packet: Buffer, said: number, reply: Buffer | null, rcode: number | undefined, saidRcode: number) {
  if (reply === null) {
    if (said !== 0) return `the reference says nothing, the table ${bytes.toString('hex', 0, said)}`;
    return bytes.compare(packet, 0, packet.length, 0, packet.length) === 0 ? undefined : 'a packet without a reply was changed';
  }
  if (said !== reply.length || bytes.compare(reply, 0, reply.length, 0, reply.length) !== 0) {
    return `the reference says ${reply.toString('hex')}, the table ${bytes.toString('hex', 0, said)}`;
  }
  // Behind a short reply stands what is left of the query.
  if (packet.length > said && bytes.compare(packet, said, packet.length, said, packet.length) !== 0)
    return 'bytes behind the reply were changed';
  return saidRcode === rcode ? undefined : `the reference counts rcode ${rcode}, the table ${saidRcode}`;
}

/** What the transport and the client take, by what the reply itself shows. */
function longestReply(reply: Buffer, transport: Transport): number {
  if (transport === 'tcp') return dnsLimits.tcpReplyBytesMax;
  return reply.readUInt16BE(10) === 0 ? dnsLimits.plainReplyBytesMax : dnsLimits.udpReplyBytesMax;
}
