/**
 * Rdata in wire form, by way of dns-packet. Names inside are lower case, whole and uncompressed (the form that
 * signatures are made over as well). Takes checked values only: dns-packet itself checks neither names nor lengths.
 */
import { type Answer, encode } from 'dns-packet';
import type { Family } from '../../projections/routing/family.ts';

/** What stands before the rdata when a message holds one record at the root: header, root name, type, class, TTL, length. */
const bytesBeforeRdata = 12 + 1 + 2 + 2 + 4 + 2;

/** A record without owner and TTL, in dns-packet's words. */
export type RecordBody = Answer extends infer A
  ? A extends { readonly type: unknown; readonly data: unknown }
    ? Pick<A, 'type' | 'data'>
    : never
  : never;

export function encodeRdata(body: RecordBody): Buffer {
  return encode({ type: 'response', answers: [{ ...body, name: '.', ttl: 0 } as Answer] }).subarray(bytesBeforeRdata);
}

const textBytesMax = 255;

/** Text as the character-strings of a TXT record. Longer ones are split; their reader joins them again (RFC 7208 section 3.3). */
export function textChunks(texts: readonly string[]): Buffer[] {
  return texts.flatMap((text) => {
    const bytes = Buffer.from(text, 'utf8');
    const chunks = [bytes.subarray(0, textBytesMax)];
    for (let at = textBytesMax; at < bytes.length; at += textBytesMax) chunks.push(bytes.subarray(at, at + textBytesMax));
    return chunks;
  });
}

/** An address as rdata. There are many of them, so the short form of the usual family does not go by way of a message. */
export function addressRdata(family: Family, address: string): Buffer {
  return family === 'A' ? Buffer.from(address.split('.').map(Number)) : encodeRdata({ type: family, data: address });
}
