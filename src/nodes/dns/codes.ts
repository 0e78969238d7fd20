/** The numbers of the protocol that the program has words for (RFC 1035, 3596, 4034, 6891, 6895, 7344, 7871, 8482). */

/** Record types and query types. */
export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  CDS: 59,
  CDNSKEY: 60,
  SVCB: 64,
  HTTPS: 65,
  NXNAME: 128,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;
export type TypeName = keyof typeof types;

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Needs the upper bits of OPT. */
  BADVERS: 16,
} as const;
export type Rcode = keyof typeof rcodes;

export const classIn = 1;

/** The only opcode that is implemented. */
export const opcodeQuery = 0;

const typeNames: ReadonlyMap<number, TypeName> = new Map(Object.entries(types).map(([name, type]) => [type, name as TypeName]));

/** A type as a label for counting: one of a closed list, whatever clients ask for. */
export function typeLabel(type: number | undefined): TypeName | 'other' | 'none' {
  return type === undefined ? 'none' : (typeNames.get(type) ?? 'other');
}

/** A type as master files write it (RFC 3597 section 5). */
export function typeText(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}
