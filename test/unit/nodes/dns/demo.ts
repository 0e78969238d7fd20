/** What the DNS tests share: a zone with one of everything, a table over it, and questions in few words. */
import { type DecodedPacket, type Answer as DnsRecord, decode } from 'dns-packet';
import { type Configuration, configuration } from '../../../../src/events/catalogue/configuration.ts';
import type { SignedZones } from '../../../../src/nodes/dns/dnssec/zone-dnssec.ts';
import { countingDraw } from '../../../../src/nodes/dns/draw.ts';
import { createResponder, type Outcome } from '../../../../src/nodes/dns/responder.ts';
import { type AnswerTable, createAnswerTable } from '../../../../src/nodes/dns/table.ts';
import { zoneSet } from '../../../../src/nodes/dns/zones.ts';
import type { ServiceAnswer } from '../../../../src/projections/answers.ts';
import type { Spoke } from '../../../../src/projections/routing/wheel.ts';

/** Of one key, as RFC 4034 section 5.4 and RFC 4509 section 2.3 write them. */
const demoDs = [
  { key_tag: 60_485, algorithm: 5, digest_type: 1, digest: '2BB183AF5F22588179A53B0A 98631FAD1A475118' },
  { key_tag: 60_485, algorithm: 5, digest_type: 2, digest: 'D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A' },
];

const demoZone = {
  name: 'demo.local',
  nameservers: [
    { name: 'ns1.demo.local', address: '192.0.2.53' },
    { name: 'ns1.demo.local', address: '2001:db8::53' },
    { name: 'ns.elsewhere.example' },
  ],
  records: [
    { type: 'MX', preference: 10, target: 'mail.demo.local' },
    { type: 'TXT', text: 'v=spf1 -all' },
    { type: 'CAA', tag: 'issue', value: 'ca.example' },
    { name: 'mail', type: 'A', address: '192.0.2.25', ttl: 120 },
    { name: 'mail', type: 'AAAA', address: '2001:db8::25' },
    { name: '_https._tcp', type: 'SRV', port: 443, target: 'app.demo.local' },
    { name: '_acme-challenge.app', type: 'TXT', text: 'token' },
    { name: 'www', type: 'CNAME', target: 'app.demo.local' },
    { name: 'far', type: 'CNAME', target: 'www.demo.local' },
    { name: 'out', type: 'CNAME', target: 'www.example.com' },
    { name: 'broken', type: 'CNAME', target: 'nowhere.demo.local' },
    { name: 'empty', type: 'CNAME', target: 'mail.deep.demo.local' },
    { name: 'dark', type: 'CNAME', target: 'down.demo.local' },
    { name: 'loop-a', type: 'CNAME', target: 'loop-b.demo.local' },
    { name: 'loop-b', type: 'CNAME', target: 'loop-a.demo.local' },
    { name: 'into-cut', type: 'CNAME', target: 'www.cut.demo.local' },
    { name: 'mail.deep', type: 'TXT', text: 'below an empty non-terminal' },
    { name: 'cut', type: 'NS', target: 'ns.cut.demo.local' },
    { name: 'cut', type: 'NS', target: 'ns.elsewhere.example' },
    { name: 'ns.cut', type: 'A', address: '192.0.2.99' },
    { name: 'safe', type: 'NS', target: 'ns.safe.demo.local' },
    { name: 'ns.safe', type: 'A', address: '192.0.2.98' },
    ...demoDs.map((ds) => ({ name: 'safe', type: 'DS', ...ds })),
    { name: 'wide', type: 'NS', target: 'ns.wide.demo.local' },
    ...Array.from({ length: 20 }, (_, index) => ({ name: 'ns.wide', type: 'AAAA', address: `2001:db8::${index + 1}` })),
    { name: 'mixed', type: 'TXT', text: 'before its addresses' },
    { name: 'mixed', type: 'A', address: '192.0.2.77' },
    { name: 'big', type: 'TXT', text: Array.from({ length: 10 }, (_, index) => `${index}`.repeat(200)) },
    { name: 'middle', type: 'TXT', text: Array.from({ length: 4 }, (_, index) => `${index}`.repeat(200)) },
    ...Array.from({ length: 10 }, (_, index) => ({ name: `hop${index}`, type: 'CNAME', target: `hop${index + 1}.demo.local` })),
    { name: 'hop10', type: 'A', address: '192.0.2.10' },
  ],
};

export function configure(dns: object, domains: readonly string[] = []): Configuration {
  return configuration.parse({
    regions: [{ name: 'here' }],
    domains: domains.map((name) => ({ name, regions: ['here'] })),
    dns,
  });
}

export const demoConfiguration = configure({ listen_address: '192.0.2.53:53', zones: [demoZone, 'inner.demo.local'] }, [
  'app.demo.local',
  'v4.demo.local',
  'down.demo.local',
  'silent.demo.local',
]);

const spokes = (addresses: readonly string[]): readonly Spoke[] => addresses.map((address) => ({ addresses: [address], weight: 1 }));

/** The answer of a service; a family left out has no server, an empty one has servers that cannot answer. */
export function serviceAnswer(service: string, families: { A?: readonly string[]; AAAA?: readonly string[] }): ServiceAnswer {
  const family = (addresses: readonly string[] | undefined) =>
    addresses === undefined
      ? undefined
      : { tier: addresses.length > 0 ? ('fit' as const) : undefined, wheel: { spokes: spokes(addresses), draw: 'sequence' as const } };
  return {
    service,
    ttlSeconds: 20,
    algorithm: 'round-robin',
    families: { A: family(families.A), AAAA: family(families.AAAA) },
    candidates: [],
  };
}

/** The second of the demo table's last change. */
export const demoSerial = 1_700_000_000;

export function demoTable(signed?: SignedZones): AnswerTable {
  const table = createAnswerTable(zoneSet(demoConfiguration, demoConfiguration.dns.listen_address), 0, signed);
  table.publish(
    [
      serviceAnswer('app.demo.local', { A: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], AAAA: ['2001:db8::1', '2001:db8::2'] }),
      serviceAnswer('v4.demo.local', { A: ['192.0.2.4'] }),
      serviceAnswer('down.demo.local', { A: [], AAAA: [] }),
    ],
    demoSerial * 1000 + 999,
  );
  return table;
}

export interface Asked {
  readonly type?: number;
  readonly class?: number;
  readonly id?: number;
  readonly flags?: number;
  /** Counts of question, answer, authority and additional records. */
  readonly counts?: readonly [number, number, number, number];
  /** UDP size, version, flags and options of an OPT record. */
  readonly edns?: { readonly size?: number; readonly version?: number; readonly flags?: number; readonly options?: Buffer };
  /** Bytes behind everything. */
  readonly tail?: Buffer;
}

/** A query in bytes; labels are separated by dots and sent in the capitals that they have here. */
export function query(name: string, asked: Asked = {}): Buffer {
  const words = (...values: number[]) => Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
  const counts = asked.counts ?? [1, 0, 0, asked.edns === undefined ? 0 : 1];
  const labels = name.split('.').filter((label) => label !== '');
  const wire = Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
  return Buffer.concat([
    words(asked.id ?? 4711, asked.flags ?? 0x0100, ...counts),
    wire,
    words(asked.type ?? 1, asked.class ?? 1),
    asked.edns === undefined ? Buffer.alloc(0) : optRecord(asked.edns),
    asked.tail ?? Buffer.alloc(0),
  ]);
}

export function optRecord({ size = 4096, version = 0, flags = 0, options = Buffer.alloc(0) }: NonNullable<Asked['edns']>): Buffer {
  const fixed = Buffer.alloc(11);
  fixed.writeUInt16BE(41, 1);
  fixed.writeUInt16BE(size, 3);
  fixed.writeUInt8(version, 6);
  fixed.writeUInt16BE(flags, 7);
  fixed.writeUInt16BE(options.length, 9);
  return Buffer.concat([fixed, options]);
}

/** A client subnet option from its numbers. */
export function subnetOption(family: number, source: number, scope: number, address: readonly number[]): Buffer {
  return Buffer.from([0, 8, 0, 4 + address.length, 0, family, source, scope, ...address]);
}

export type Ask = (name: string, asked?: Asked, transport?: 'udp' | 'tcp') => Outcome;

/** Asks one responder again and again, with one draw. */
export function asker(table: AnswerTable = demoTable()): Ask {
  const responder = createResponder(table);
  const draw = countingDraw(() => 0.5);
  return (name, asked, transport = 'udp') =>
    responder.respond(query(name, asked), { address: '198.51.100.7', port: 5353, transport }, draw);
}

/** What dns-packet reads from bytes; its types leave out what it reads of a header. */
export interface Decoded extends DecodedPacket {
  readonly rcode: string;
  readonly answers: DnsRecord[];
  readonly authorities: DnsRecord[];
  readonly additionals: DnsRecord[];
}

export function read(outcome: Outcome): Decoded {
  if (outcome.reply === null) throw new Error(`no reply: ${outcome.reason}`);
  return decode(outcome.reply) as Decoded;
}

/** Records as `name type data`, OPT left out; what has parts is shown by its first. */
export function lines(records: readonly DnsRecord[]): string[] {
  return records.flatMap((record) => {
    if (record.type === 'OPT') return [];
    const { data } = record as { readonly data: unknown };
    const parts =
      typeof data === 'object' ? Object.values(data ?? {}).map((part) => (Buffer.isBuffer(part) ? part.toString('hex') : part)) : [];
    const shown = Array.isArray(data) || Buffer.isBuffer(data) ? String(data) : typeof data === 'object' ? parts.join(' ') : data;
    return [`${record.name} ${record.type} ${shown}`];
  });
}
