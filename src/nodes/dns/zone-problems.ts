/**
 * What the records of one zone may not be beside each other (RFC 1034 section 3.6.2, RFC 2181 section 10), and what
 * would never be answered. The commands say the same to whoever writes a configuration, with its place in the file; this
 * is the last guard before serving, for it sees the finished zone, defaults and zones within zones included.
 */
import { types } from './codes.ts';
import { dnsLimits } from './limits.ts';
import { type Name, textOf } from './names.ts';
import { cutAbove, type Zone, type ZoneNode } from './zone.ts';

/** Glue: what may stand below a delegation, so that its nameservers can be found. */
const glueTypes: ReadonlySet<number> = new Set([types.A, types.AAAA]);
/** What the zone above says at a delegation. */
const cutTypes: ReadonlySet<number> = new Set([types.NS, types.DS]);

interface Rule {
  readonly broken: (node: ZoneNode, name: Name, zone: Zone) => boolean;
  readonly sentence: string;
}

const rules: readonly Rule[] = [
  {
    broken: (node) => (node.rrsets.get(types.CNAME)?.rdata.length ?? 0) > 1,
    sentence: 'has more than one CNAME; keep one',
  },
  {
    broken: (node, name, zone) =>
      node.rrsets.has(types.CNAME) && (node.rrsets.size > 1 || node.service !== undefined || name === zone.apex),
    sentence: 'is a CNAME, so nothing else may stand there, and a zone itself or a domain cannot be one; give the CNAME another name',
  },
  {
    broken: (node) => node.service !== undefined && [...glueTypes].some((type) => node.rrsets.has(type)),
    sentence: 'is a domain: its servers are its addresses, and A and AAAA records have no place there; make them servers of a region',
  },
  {
    broken: (node, name, zone) => node.service !== undefined && cutAbove(zone, name) !== undefined,
    sentence: 'is a domain at or below an NS record, which hands it to other nameservers; remove the NS record or the domain',
  },
  {
    broken: (node, name, zone) => {
      const cut = cutAbove(zone, name);
      if (cut === undefined) return false;
      return [...node.rrsets.keys()].some((type) => !glueTypes.has(type) && !(name === cut && cutTypes.has(type)));
    },
    sentence:
      'is handed to other nameservers by an NS record or a zone of its own, so only the addresses of those nameservers may stand here; move its other records there',
  },
  {
    broken: (node, name, zone) => node.rrsets.has(types.DS) && cutAbove(zone, name) === undefined,
    sentence:
      'has a DS record and is not handed to other nameservers, so there is no zone that it could vouch for; add the NS records of that zone, or remove the DS record',
  },
  {
    broken: (node) => [...node.rrsets.values()].some((rrset) => bytesOf(rrset.rdata) > dnsLimits.rrsetBytesMax),
    sentence: `has records of one type that are longer than ${dnsLimits.rrsetBytesMax} bytes together; a DNS message does not hold more`,
  },
];

function bytesOf(rdata: readonly Uint8Array[]): number {
  // Each record travels with up to twelve bytes of its own: pointer, type, class, TTL, length.
  return rdata.reduce((sum, bytes) => sum + bytes.length + 12, 0);
}

export function zoneProblems(zone: Zone): string[] {
  const problems: string[] = [];
  for (const [name, node] of zone.nodes) {
    for (const rule of rules) {
      if (rule.broken(node, name, zone)) problems.push(`zone ${zone.name}: ${textOf(name)} ${rule.sentence}`);
    }
  }
  return problems;
}
