/**
 * The format of the shared table: where everything stands in the one buffer that the writer fills and the workers read.
 * Places are counted in words of four bytes; every block begins at an even one. Whatever is replaced while others read
 * stands behind one word, marked `~`, which is stored atomically; a block that it points to is never written again.
 *
 *     header   index              zones       sorted names    heap: blocks
 *     ┌──────┬──────────────────┬───────────┬───────────────┬─────────────────────────────┐
 *     │      │ hash, ~name      │ ~soa ...  │ ~denial ...   │ name, soa, denial, (free)   │
 *     │      │ hash, ~name ...  │ ~soa ...  │ ~denial ...   │                             │
 *     └──────┴──────────────────┴───────────┴───────────────┴─────────────────────────────┘
 *
 *     index ──~──> name block ──> choice (by type, for the others, for names below)
 *                                   └──> a form for each spoke, plain and signed ──> bytes of the reply
 *
 * Within a block places are counted from its own first word, so that it can be put together anywhere.
 */

/** Bumped with every change of the format: a reader that knows another one stops instead of misreading. */
export const tableFormat = 2;

/** Words of the header. */
export const header = {
  format: 0,
  generation: 1,
  indexAt: 2,
  indexMask: 3,
  zonesAt: 4,
  zoneCount: 5,
  heapAt: 6,
  words: 8,
} as const;

/** Words of one entry of the index: the hash, and the block of the name; a block of 0 ends a search. */
export const indexEntryWords = 2;

/** Words of a zone's entry. */
export const zoneEntry = {
  /** ~ */
  soa: 0,
  apexLength: 1,
  /** Where its sorted names begin, and how many there are; 0 where the zone is not signed. */
  sortedAt: 2,
  sortedCount: 3,
  words: 4,
} as const;

/** Every block begins with its size class, for whoever frees it. What stands at one name: */
export const nameBlock = {
  zone: 1,
  /** Of the name in bytes, the root's octet included. */
  length: 2,
  /** Place in the zone's sorted names of the NSEC that spans `*` below this name. */
  wildcard: 3,
  /** Number of the service whose name it is; -1: of none. */
  service: 4,
  entries: 5,
  /** The choice for every type that has no entry. */
  others: 6,
  /** The choice for names below that do not exist; 0: NXDOMAIN. */
  below: 7,
  /** The name in wire form and lower case, filled up with zeros to a whole word; then pairs of type and choice, sorted by type. */
  bytes: 8,
} as const;

/** How a spoke is picked. */
export const drawKind = { none: 0, sequence: 1, chance: 2 } as const;

/** One reply, or several that a draw chooses from. Begins at an even word. */
export const choice = {
  draw: 0,
  spokes: 1,
  /** Whose questions are counted for a draw by sequence. */
  slot: 2,
  /** Where the ends of the spokes stand, as doubles: their weights summed up. 0: all weigh the same. */
  ends: 3,
  /** The sum of all weights, as a double. */
  total: 4,
  /** Where it is said which choice clients of some places get in place of this one; 0: all clients are alike. */
  places: 6,
  /** For each spoke: its plain form, its signed form, and the number of its counter, or -1. */
  first: 7,
  spokeWords: 3,
} as const;

/**
 * Ranges of addresses, sorted: those of IPv4, then those of IPv6. Each has its first address in words of the network's order,
 * and the choice for its clients, or 0 where that is the one for everybody. The first range of a family begins at address 0.
 */
export const placesPart = {
  /** Whether the client subnet that a query names counts. */
  usesSubnet: 0,
  ranges4: 1,
  ranges6: 2,
  first: 3,
  words4: 2,
  words6: 5,
} as const;

/** One reply as bytes: everything behind the question but the SOA and OPT. */
export const form = {
  /** The flags of the message, without QR and RD, in the lower half; `additionalNeeded`; `soaUse` shifted. */
  flags: 0,
  /** Records in answer, and in authority above. The SOA and its signatures are not counted. */
  counts: 1,
  /** Records in additional, and the number of patches above. */
  more: 2,
  /** Number of the zone whose SOA goes in, and the length of its owner above. */
  soa: 3,
  /** Bytes of the answer, and where the additional section begins above. */
  sections: 4,
  bytes: 5,
  /** Where the body begins, in bytes from the form on: before it, where another form of the name has the same bytes. */
  body: 6,
  /** The owner of the SOA, then the places of pointers to the zone, two bytes each, then the body. */
  data: 7,
} as const;

export const additionalNeeded = 1 << 16;
export const soaShift = 17;
export const soaUse = { none: 0, answer: 1, denial: 2 } as const;

/** A zone's SOA behind its owner (type, class, TTL, length, rdata), and the same of each signature over it. */
export const soaBlock = {
  answerTtl: 1,
  denialTtl: 2,
  bytes: 3,
  signatures: 4,
  /** The lengths of the signatures; then all bytes. */
  first: 5,
} as const;

/** Where the TTL stands behind an owner: type and class come first. */
export const ttlOffset = 4;

/** An NSEC and its signatures, for names that do not exist. */
export const denialBlock = {
  /** Length of the name in canonical order, below the apex. */
  keyBytes: 1,
  records: 2,
  bytes: 3,
  patches: 4,
  /** The key, the records, the places of pointers to the zone, two bytes each. */
  data: 5,
} as const;

/** Hash of a name in lower case, from its end to its beginning, so that one pass gives the hashes of all its suffixes. */
export const hashSeed = 0x811c9dc5 | 0;
export const hashPrime = 0x01000193;

export function hashOf(bytes: Uint8Array): number {
  let hash: number = hashSeed;
  for (let at = bytes.length - 1; at >= 0; at -= 1) hash = Math.imul(hash ^ bytes[at]!, hashPrime);
  return hash;
}

/** The entry of the index where a search begins. */
export function firstEntry(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}
