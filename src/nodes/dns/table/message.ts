/**
 * Writes a reply over its query: the question stays where it is, everything else is copied or is arithmetic. The rules
 * of size are those of `reply.ts`. Writes nothing behind the end that it returns.
 */
import { types } from '../codes.ts';
import { dnsLimits } from '../limits.ts';
import type { Asked } from './asked.ts';
import { copyInto, type Room } from './room.ts';

const optBytes = 11;
const optionHeaderBytes = 4;
const clientSubnetOption = 8;
const dnssecOkFlag = 0x8000;

/** How long the reply may be. */
export function bytesMaxFor(asked: Asked, overTcp: boolean): number {
  if (overTcp) return dnsLimits.tcpReplyBytesMax;
  const { udpBytes } = asked;
  if (udpBytes <= dnsLimits.plainReplyBytesMax) return dnsLimits.plainReplyBytesMax;
  return udpBytes < dnsLimits.udpReplyBytesMax ? udpBytes : dnsLimits.udpReplyBytesMax;
}

/** What the OPT of the reply takes. */
export function optBytesOf({ hasOpt, subnetBytes }: Asked): number {
  if (!hasOpt) return 0;
  return subnetBytes === 0 ? optBytes : optBytes + optionHeaderBytes + subnetBytes;
}

/** `flags`: AA, TC and rcode. RD is repeated from the query; its id and the number of questions stay. */
export function writeHeader({ view }: Room, flags: number, answers: number, authorities: number, additionals: number): void {
  view.setUint16(2, 0x8000 | ((view.getUint8(2) & 1) << 8) | flags);
  view.setUint16(6, answers);
  view.setUint16(8, authorities);
  view.setUint16(10, additionals);
}

/** The OPT, where there is one to write; where the message ends. */
export function writeOpt(room: Room, at: number, asked: Asked): number {
  if (!asked.hasOpt) return at;
  const { view } = room;
  const { subnet, subnetBytes } = asked;
  const dataBytes = subnetBytes === 0 ? 0 : optionHeaderBytes + subnetBytes;
  view.setUint8(at, 0);
  view.setUint16(at + 1, types.OPT);
  view.setUint16(at + 3, dnsLimits.udpReplyBytesMax);
  view.setUint32(at + 5, asked.dnssecOk ? dnssecOkFlag : 0);
  view.setUint16(at + 9, dataBytes);
  if (dataBytes === 0) return at + optBytes;
  view.setUint16(at + 11, clientSubnetOption);
  view.setUint16(at + 13, subnetBytes);
  copyInto(room, at + 15, subnet, 0, subnetBytes);
  view.setUint8(at + 18, asked.scope);
  return at + optBytes + dataBytes;
}

/** A reply without records: an rcode, or TC. Its length. */
export function writeBare(room: Room, flags: number, asked: Asked): number {
  writeHeader(room, flags, 0, 0, asked.hasOpt ? 1 : 0);
  return writeOpt(room, asked.questionEnd, asked);
}

/** Writes pointers to the zone at the places that are listed in `from`, two bytes each. What was left out for size takes its pointers with it. */
export function patchPointers(from: Room, list: number, patches: number, room: Room, at: number, bytes: number, apexOffset: number): void {
  for (let index = 0; index < patches; index += 1) {
    const place = from.view.getUint16(list + 2 * index);
    if (place >= bytes) return;
    room.view.setUint16(at + place, 0xc000 | apexOffset);
  }
}
