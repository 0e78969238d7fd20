/**
 * The canonical order of names and records (RFC 4034 section 6), in which signatures and denials are made. The form of
 * names and rdata needs no care here: what stands in our zones is lower case, whole and uncompressed from the start.
 */
import { type Name, suffixesOf } from '../names.ts';

declare const ordered: unique symbol;
/** A name as a string whose ordinary order is the canonical one of names. */
export type NameOrder = string & { readonly [ordered]: true };

/**
 * Labels from the root down, each ended by a character below all others, bytes raised by one to make room for it:
 *
 *     \x01z\x07example\x00   ->   "fybnqmf\0{\0"
 *
 * So a name stands directly before the names below it, and a label before every longer one that begins with it.
 */
export function orderOf(name: Name): NameOrder {
  const labels = [''];
  for (const suffix of suffixesOf(name)) {
    const length = suffix.charCodeAt(0);
    if (length === 0) break;
    labels.unshift(String.fromCharCode(...Array.from({ length }, (_, at) => suffix.charCodeAt(at + 1) + 1)));
  }
  // One text, where adding them up would keep the pieces with it: there is one for each name.
  return labels.join('\0') as NameOrder;
}

/** Below zero where `one` comes first. Code units are compared, which no language setting changes. */
export function compareOrders(one: NameOrder, other: NameOrder): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The records of an RRset in their order: as bytes, the shorter first where one begins like the other. */
export function canonicalRdata(rdata: readonly Uint8Array[]): readonly Uint8Array[] {
  return rdata.length < 2 ? rdata : [...rdata].sort(Buffer.compare);
}
