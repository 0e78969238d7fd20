/** Records as the table keeps those that go into replies by themselves: the SOA of a zone, and its NSEC records. */
import type { AnswerSource } from '../answer-source.ts';
import { classIn, types } from '../codes.ts';
import type { Name } from '../names.ts';
import type { RRset } from '../reply.ts';
import { soaOf, type Zone } from '../zone.ts';
import { canonicalKey } from './canonical-key.ts';
import type { DenialParts } from './images.ts';

/** Type, class, TTL, length and rdata. */
function behindOwner(type: number, ttlSeconds: number, rdata: Uint8Array): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(classIn, 2);
  fixed.writeUInt32BE(ttlSeconds, 4);
  fixed.writeUInt16BE(rdata.length, 8);
  return Buffer.concat([fixed, rdata]);
}

export interface SoaParts {
  readonly ttls: { readonly answer: number; readonly denial: number };
  /** The SOA, and each signature over it. */
  readonly behindOwner: readonly Uint8Array[];
}

export function soaParts(zone: Zone, source: AnswerSource): SoaParts {
  const soa = soaOf(zone, source.serialOf(zone), 'answer');
  const signatures = source.dnssec?.of(zone, soa) ?? [];
  return {
    ttls: { answer: soa.ttlSeconds, denial: soaOf(zone, 0, 'denial').ttlSeconds },
    behindOwner: [
      ...soa.rdata.map((rdata) => behindOwner(types.SOA, soa.ttlSeconds, rdata)),
      ...signatures.map((rdata) => behindOwner(types.RRSIG, soa.ttlSeconds, rdata)),
    ],
  };
}

/** An NSEC and what signs it, with owners that end in a pointer to the zone. */
export function denialParts(zone: Zone, nsec: RRset, signatures: readonly Uint8Array[]): DenialParts {
  const labels = Buffer.from(nsec.owner.slice(0, nsec.owner.length - zone.apex.length), 'latin1');
  const records = [
    ...nsec.rdata.map((rdata) => behindOwner(types.NSEC, nsec.ttlSeconds, rdata)),
    ...signatures.map((rdata) => behindOwner(types.RRSIG, nsec.ttlSeconds, rdata)),
  ];
  const patches: number[] = [];
  let bytes = 0;
  for (const record of records) {
    patches.push(bytes + labels.length);
    bytes += labels.length + 2 + record.length;
  }
  const body = Buffer.concat(records.flatMap((record) => [labels, Buffer.alloc(2), record]));
  return { key: canonicalKey(nsec.owner as Name, zone.apex), records: records.length, body, patches };
}
