/** The demo zones, signed, behind a real DNS server on loopback, and what validators from elsewhere are told of them. */
import { dsRdata } from '../../src/nodes/dns/dnssec/dnskey.ts';
import type { SignedZones } from '../../src/nodes/dns/dnssec/zone-dnssec.ts';
import { countingDraw } from '../../src/nodes/dns/draw.ts';
import { createResponder } from '../../src/nodes/dns/responder.ts';
import { type DnsServer, startDnsServer } from '../../src/nodes/dns/server.ts';
import type { AnswerTable } from '../../src/nodes/dns/table.ts';
import { named, signedZones, type TestZones } from '../dnssec-keys.ts';
import { demoTable, serviceAnswer } from '../unit/nodes/dns/demo.ts';

export const zoneNames = ['demo.local', 'inner.demo.local'] as const;

/** Signed demo zones in which every service has an address, so that an export holds all that its denials speak of. */
export function answeringTable(signed: SignedZones): AnswerTable {
  const table = demoTable(signed);
  table.publish([serviceAnswer('down.demo.local', { A: ['192.0.2.5'], AAAA: ['2001:db8::5'] })], 0);
  table.publish([serviceAnswer('silent.demo.local', { A: ['192.0.2.6', '192.0.2.7'] })], 0);
  return table;
}

export function demoZones(): TestZones {
  return signedZones(zoneNames);
}

export function serve(table: AnswerTable): Promise<DnsServer> {
  const responder = createResponder(table);
  const draw = countingDraw(() => 0);
  return startDnsServer({ listenAddress: '127.0.0.1:0', respond: (packet, client) => responder.respond(packet, client, draw) });
}

/** Tag, algorithm, digest type and digest of a zone's DS. */
export function dsOf(zones: TestZones, zone: string): { readonly fields: readonly [number, number, number]; readonly digest: string } {
  const key = zones.signings.get(zone)?.dataKey;
  if (key === undefined) throw new Error(`${zone} is not signed`);
  const rdata = Buffer.from(dsRdata(named(zone), key));
  return { fields: [rdata.readUInt16BE(0), rdata.readUInt8(2), rdata.readUInt8(3)], digest: rdata.toString('hex', 4) };
}

/** The same zones, with a bit of each signature over addresses turned. */
export function tampered(zones: TestZones): SignedZones {
  const turned = (rrsig: Uint8Array) => Uint8Array.from(rrsig, (byte, index) => (index === rrsig.length - 1 ? byte ^ 1 : byte));
  return {
    signingOf: zones.signingOf,
    signatures: {
      of: (zone, rrset) => {
        const signatures = zones.signatures.of(zone, rrset);
        return rrset.type === 1 || rrset.type === 28 ? signatures.map(turned) : signatures;
      },
    },
  };
}
