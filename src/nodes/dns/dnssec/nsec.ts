/**
 * The proof that something does not exist: the names of a zone in a ring, each saying which comes next and which types it
 * has (RFC 4034 section 4, RFC 4035 section 2.3). The ring follows the configuration and never health. Names below a
 * delegation are not ours to speak of, and a name with nothing at it has no record: where it stands, the names around it
 * show.
 *
 *     demo. ──> app.demo. ──> cut.demo. ──> x.deep.demo. ──┐         deep.demo. has names below it and nothing at it;
 *       ^                     (NS only)                    │         ns.cut.demo. is glue
 *       └──────────────────────────────────────────────────┘
 */
import { types } from '../codes.ts';
import type { Name } from '../names.ts';
import type { RRset } from '../reply.ts';
import { cutAbove, denialTtlOf, type Zone } from '../zone.ts';
import { compareOrders, type NameOrder, orderOf } from './canonical.ts';

/** The names of a ring. They change with the configuration only. */
export interface NsecRing {
  readonly ttlSeconds: number;
  /** In canonical order; the first is the apex. */
  readonly owners: readonly Name[];
  /** What stands before the apex, in the same order. */
  readonly orders: readonly NameOrder[];
}

export interface NsecChain {
  /** Every name that has a record of it, in canonical order. */
  readonly owners: readonly Name[];
  /** Where among them a name stands; undefined: it has no record. */
  placeOf(name: Name): number | undefined;
  /** The place of the name, or of the last before it. */
  placeAtOrBefore(name: Name): number;
  /** The record of the name, or of the last before it: what is said there proves what `name` has, or that it is not there. */
  atOrBefore(name: Name): RRset;
}

export function nsecRing(zone: Zone): NsecRing {
  const named = [...zone.nodes]
    .filter(([name, node]) => {
      const cut = cutAbove(zone, name);
      if (cut !== undefined) return cut === name;
      return node.rrsets.size > 0 || node.service !== undefined || name === zone.apex;
    })
    .map(([name]) => ({ name, order: orderBelow(name, zone.apex) }))
    .sort((one, other) => compareOrders(one.order, other.order));
  return {
    ttlSeconds: denialTtlOf(zone),
    owners: named.map(({ name }) => name),
    orders: named.map(({ order }) => order),
  };
}

/** All names of a zone end alike, so their order is that of what comes before. */
function orderBelow(name: Name, apex: Name): NameOrder {
  return orderOf(`${name.slice(0, name.length - apex.length)}\0` as Name);
}

/** `typesAt`: what exists at a name of the ring at this moment, without NSEC and RRSIG, which exist at each. */
export function nsecChain(ring: NsecRing, typesAt: (name: Name) => readonly number[]): NsecChain {
  const { owners, orders } = ring;
  const placeAtOrBefore = (name: Name) => lastAtOrBefore(orders, orderBelow(name, owners[0] as Name));
  return {
    owners,
    placeOf(name) {
      const place = placeAtOrBefore(name);
      return owners[place] === name ? place : undefined;
    },
    placeAtOrBefore,
    atOrBefore(name) {
      const index = placeAtOrBefore(name);
      const owner = ring.owners[index] as Name;
      const next = ring.owners[(index + 1) % ring.owners.length] as Name;
      const bitmap = typeBitmap([...typesAt(owner), types.RRSIG, types.NSEC]);
      return { owner, type: types.NSEC, ttlSeconds: ring.ttlSeconds, rdata: [Buffer.concat([Buffer.from(next, 'latin1'), bitmap])] };
    },
  };
}

/** By halves. No name of a zone comes before its apex, which is the first. */
function lastAtOrBefore(orders: readonly NameOrder[], order: NameOrder): number {
  let [low, high] = [0, orders.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (compareOrders(orders[middle] as NameOrder, order) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Types as bits, in windows of 256 that end with their last bit (RFC 4034 section 4.1.2). */
export function typeBitmap(existing: readonly number[]): Buffer {
  const windows = new Map<number, number[]>();
  for (const type of [...new Set(existing)].sort((a, b) => a - b)) {
    const bits = windows.get(type >> 8) ?? [];
    const byte = (type & 0xff) >> 3;
    while (bits.length <= byte) bits.push(0);
    bits[byte] = (bits[byte] ?? 0) | (0x80 >> (type & 7));
    windows.set(type >> 8, bits);
  }
  return Buffer.from([...windows].flatMap(([window, bits]) => [window, bits.length, ...bits]));
}

/**
 * The records that show why a question got no answer (RFC 4035 section 3.1.3):
 *
 * | shown                        | by the record at or before                                     |
 * |------------------------------|----------------------------------------------------------------|
 * | the type is not at the name  | the name; where nothing is at it, that is the one around it    |
 * | no DS at a delegation        | the delegation                                                 |
 * | no such name                 | the name, and the wildcard that could have stood for it; once, where one record does both |
 */
export function typeDenial(chain: NsecChain, name: Name): readonly RRset[] {
  return [chain.atOrBefore(name)];
}

/** `encloser`: the longest ancestor of the name that exists. */
export function nameDenial(chain: NsecChain, name: Name, encloser: Name): readonly RRset[] {
  const [ofName, ofWildcard] = [chain.atOrBefore(name), chain.atOrBefore(`\x01*${encloser}` as Name)];
  return ofName.owner === ofWildcard.owner ? [ofName] : [ofName, ofWildcard];
}
