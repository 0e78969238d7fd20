/** Zones with one of everything, answered by us from the real table and threads, exported for NSD; and what both are asked. */
import { pino } from 'pino';
import { systemClock } from '../../src/nodes/clock.ts';
import { types } from '../../src/nodes/dns/codes.ts';
import { textOf } from '../../src/nodes/dns/names.ts';
import { type AnswerTable, createAnswerTable } from '../../src/nodes/dns/table.ts';
import { createTableReaders } from '../../src/nodes/dns/workers/table-readers.ts';
import { startTableServer } from '../../src/nodes/dns/workers/table-server.ts';
import { exportZone } from '../../src/nodes/dns/zone-export.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import type { ServiceAnswer } from '../../src/projections/answers.ts';
import { signedZones } from '../dnssec-keys.ts';
import { configure, demoConfiguration, demoSerial, query } from '../unit/nodes/dns/demo.ts';

const other = configure({
  zones: [
    {
      name: 'other.test',
      nameservers: [{ name: 'ns.other.test', address: '192.0.2.54' }, { name: 'ns1.demo.local' }],
      records: [
        { name: 'across', type: 'CNAME', target: 'mail.demo.local' },
        { name: 'across-twice', type: 'CNAME', target: 'far.demo.local' },
        { name: 'into-inner', type: 'CNAME', target: 'www.inner.demo.local' },
        { name: 'mx', type: 'MX', preference: 5, target: 'ns.other.test' },
        { name: 'mx', type: 'MX', preference: 10, target: 'mail.demo.local' },
        { name: 'srv', type: 'SRV', port: 1, target: 'ns.other.test' },
        { name: 'none', type: 'MX', preference: 0, target: '.' },
        { name: 'a.b.c', type: 'A', address: '192.0.2.8' },
        { name: 'under_score', type: 'TXT', text: ['one', 'two', ''] },
        { name: 'sub', type: 'NS', target: 'ns.other.test' },
        { name: 'sub', type: 'DS', key_tag: 1, algorithm: 13, digest_type: 4, digest: 'c4'.repeat(48), ttl: 7 },
        { name: 'into-sub', type: 'CNAME', target: 'sub.other.test' },
        { name: 'sub2', type: 'NS', target: 'ns.sub2.other.test' },
        { name: 'ns.sub2', type: 'AAAA', address: '2001:db8::99' },
      ],
    },
  ],
}).dns.zones;
const configuration = { ...demoConfiguration, dns: { ...demoConfiguration.dns, zones: [...demoConfiguration.dns.zones, ...other] } };

/** Every question to it has this one answer, so that a zone file can say the same. */
function steady(service: string, A: readonly string[], AAAA: readonly string[]): ServiceAnswer {
  const family = (addresses: readonly string[]) =>
    addresses.length === 0 ? undefined : { tier: 'fit' as const, wheel: { spokes: [{ addresses, weight: 1 }], draw: 'sequence' as const } };
  return { service, ttlSeconds: 20, algorithm: 'round-robin', families: { A: family(A), AAAA: family(AAAA) }, candidates: [] };
}

export interface Twin {
  readonly source: AnswerTable;
  readonly port: number;
  /** Zones as master files. */
  readonly files: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export async function twin(isSigned: boolean): Promise<Twin> {
  const zones = zoneSet(configuration, configuration.dns.listen_address);
  const names = configuration.dns.zones.map(({ name }) => name);
  const source = createAnswerTable(zones, 0, isSigned ? signedZones(names) : undefined);
  source.publish(
    [
      steady('app.demo.local', ['192.0.2.1', '192.0.2.2'], ['2001:db8::1']),
      steady('v4.demo.local', ['192.0.2.4'], []),
      steady('down.demo.local', ['192.0.2.5'], ['2001:db8::5']),
      steady('silent.demo.local', [], ['2001:db8::6']),
    ],
    1_000 * demoSerial,
  );
  const readers = createTableReaders(source, 1);
  const logger = pino({ level: 'silent' });
  const server = await startTableServer({ listenAddress: '127.0.0.1:0', readers, clock: systemClock(), chance: () => 0, logger });
  const files = new Map([...zones.zones.values()].map((zone) => [zone.name, exportZone(zone, source)]));
  return { source, port: server.port, files, close: () => server.close() };
}

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly edns: boolean;
  readonly dnssecOk: boolean;
  readonly transport: 'udp' | 'tcp';
  readonly packet: Buffer;
}

const askedTypes = [...Object.values(types).filter((type) => type < 128 && type !== types.OPT), types.ANY, types.CAA, 731, 65_280];

/** Every name that exists, and names below, beside and above it, in some capitals. */
export function* questions({ zones }: AnswerTable, isSigned: boolean): Generator<Question> {
  const existing = new Set([...zones.zones.values()].flatMap((zone) => [...zone.nodes.keys()].map((name) => textOf(name))));
  const below = [...existing].flatMap((name) => [`x.${name}`, `a.b.${name}`]);
  const beside = [...existing].map((name) => name.replace(/^(.)/, '$1-'));
  const names = [...new Set([...existing, ...below, ...beside, 'local', 'elsewhere.example', ''])];
  for (const [index, name] of names.entries()) {
    const capitals =
      index % 3 === 0 ? name.toUpperCase() : index % 3 === 1 ? name : name.replace(/[aeiou]/g, (letter) => letter.toUpperCase());
    const isThere = existing.has(name);
    for (const type of isThere ? askedTypes : [types.A, types.DS, types.NS, types.ANY]) {
      yield question(capitals, type, {}, 'udp');
      yield question(capitals, type, { size: isThere ? 512 : 1232 }, 'udp');
      yield question(capitals, type, { size: 1232, flags: 0x8000 }, 'udp');
      if (isThere) yield question(capitals, type, { size: 4096, flags: isSigned ? 0x8000 : 0 }, 'tcp');
    }
  }
}

function question(
  name: string,
  type: number,
  edns: { readonly size?: number; readonly flags?: number },
  transport: 'udp' | 'tcp',
): Question {
  const hasEdns = edns.size !== undefined;
  const packet = query(name, { type, flags: 0x0110, ...(hasEdns && { edns }) });
  return { name, type, edns: hasEdns, dnssecOk: (edns.flags ?? 0) !== 0, transport, packet };
}
