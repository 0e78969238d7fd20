/** The table where clients are told apart: beside the reference for what a range can be, and for what may change at a name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceAnswer } from '../../../../../src/projections/answers.ts';
import type { Mapping } from '../../../../../src/projections/geo-mappings.ts';
import { signedZones } from '../../../../dnssec-keys.ts';
import { pairOver } from '../../../../table-beside-reference.ts';
import { demoTable, query, serviceAnswer, subnetOption } from '../demo.ts';

const wheel = (...addresses: string[]) => ({
  draw: 'sequence' as const,
  spokes: addresses.map((address) => ({ addresses: [address], weight: 1 })),
});
const mappings = (...words: readonly (readonly [cidr: string, region: string])[]) =>
  words.map(([cidr, region]): Mapping => ({ cidr, region, comment: null, source: 'api' }));

const A = {
  ...{ tier: 'fit' as const, wheel: wheel('192.0.2.1', '192.0.2.2') },
  places: [
    { region: 'eu', wheel: wheel('192.0.2.11', '192.0.2.12') },
    { region: 'us', wheel: wheel('192.0.2.21', '192.0.2.22') },
  ],
};
const placed = (networks: readonly Mapping[], usesSubnet = true): ServiceAnswer => ({
  ...{ ...serviceAnswer('app.demo.local', {}), families: { A, AAAA: undefined }, clients: { usesSubnet, networks } },
});

const networks = mappings(
  ...([
    ['10.0.0.0/8', 'eu'],
    ['10.128.0.0/9', 'us'],
    ['128.0.0.0/1', 'us'],
    ['0.0.0.0/32', 'eu'],
  ] as const),
  ...([
    ['2001:db8::/32', 'eu'],
    ['2001:db8:0:0:8000::/65', 'us'],
    ['2001:db8:1::/48', 'us'],
    ['::1/128', 'us'],
  ] as const),
);
const octets = (text: string) => text.split(':').flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]);
const asked = (option: Buffer) => query('app.demo.local', { edns: { options: option } });

function pairWith(answer: ServiceAnswer, signed = false) {
  const pair = pairOver(demoTable(signed ? signedZones(['demo.local']) : undefined));
  pair.writer.publish([answer], 2_000_000_000_000);
  return pair;
}

describe('the table says what the reference says', () => {
  const subnets = [
    ...[[0], [32, 0, 0, 0, 0], [32, 0, 0, 0, 1], [24, 10, 1, 2], [9, 10, 128], [24, 10, 255, 255], [24, 127, 255, 255], [1, 128]].map(
      ([prefix = 0, ...address]) => subnetOption(1, prefix, 0, address),
    ),
    subnetOption(1, 32, 0, [255, 255, 255, 255]),
    ...['2001:db8:0:0:0:0:0:1', '2001:db8:0:0:8000:0:0:1', '2001:db8:0:1:0:0:0:0', '2001:db8:1:0:0:0:0:1', '2001:db9:0:0:0:0:0:0'].map(
      (text) => subnetOption(2, 128, 0, octets(text)),
    ),
    ...['0:0:0:0:0:0:0:0', '0:0:0:0:0:0:0:1', '0:0:0:0:0:0:0:2', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'].map((text) =>
      subnetOption(2, 128, 0, octets(text)),
    ),
  ];
  for (const signed of [false, true]) {
    it(`for subnets at the edges of ranges, ${signed ? 'signed' : 'unsigned'}`, () => {
      const pair = pairWith(placed(networks), signed);
      for (const subnet of subnets) for (const transport of ['udp', 'tcp'] as const) pair.compare(asked(subnet), transport);
    });
  }

  it('for senders, by IPv4 and IPv6, whether subnets count or not', () => {
    for (const usesSubnet of [true, false]) {
      const pair = pairWith(placed(networks, usesSubnet));
      for (const sender of ['10.1.2.3', '10.200.0.1', '192.0.2.1', '::1', '2001:db8::1', '2001:db9::1']) {
        for (const packet of [query('app.demo.local'), query('www.demo.local'), asked(subnets[3] as Buffer)])
          pair.compare(packet, 'udp', sender);
      }
    }
  });

  it('when clients of each place are counted by themselves', () => {
    const pair = pairWith(placed(networks));
    for (const sender of ['10.1.2.3', '10.200.0.1', '10.1.2.3', '192.0.2.1', '10.200.0.1', '10.200.0.1', '10.1.2.3', '66.0.0.1']) {
      pair.compare(query('app.demo.local'), 'udp', sender);
    }
  });

  it('when nothing but a network has changed, and when clients are alike again', () => {
    const pair = pairWith(placed(networks));
    const before = pair.ask(asked(subnets[3] as Buffer));
    pair.writer.publish([placed(mappings(['10.0.0.0/8', 'us']))], 2_000_000_001_000);
    pair.compare(asked(subnets[3] as Buffer), 'udp');
    assert.notDeepEqual(pair.ask(asked(subnets[3] as Buffer)), before);
    pair.writer.publish([placed(mappings(['10.0.0.0/8', 'us']), false)], 2_000_000_002_000);
    pair.compare(asked(subnets[3] as Buffer), 'udp');
    pair.writer.publish([serviceAnswer('app.demo.local', { A: ['192.0.2.9'] })], 2_000_000_003_000);
    pair.compare(asked(subnets[3] as Buffer), 'udp');
  });
});

it('spokes of all places are counted', () => {
  const pair = pairWith(placed(networks));
  for (const sender of ['10.1.2.3', '10.1.2.3', '10.1.2.3', '10.200.0.1', '192.0.2.1', '192.0.2.1'])
    pair.compare(query('app.demo.local'), 'udp', sender);
  const counts = new Map<string, number>();
  pair.writer.collectDecisions(({ addresses: [address = ''] }, count) => counts.set(address, count));
  // Two readers stand beside the reference.
  const expected = { '192.0.2.11': 4, '192.0.2.12': 2, '192.0.2.21': 4, '192.0.2.22': 2 };
  assert.deepEqual(Object.fromEntries([...counts].sort()), expected);
});
