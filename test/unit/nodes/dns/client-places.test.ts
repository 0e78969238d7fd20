/** Whom an answer by place is for, and the scope that it carries (RFC 7871): one row for each row of the tables. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countingDraw } from '../../../../src/nodes/dns/draw.ts';
import { createResponder } from '../../../../src/nodes/dns/responder.ts';
import type { ServiceAnswer } from '../../../../src/projections/answers.ts';
import type { Mapping } from '../../../../src/projections/geo-mappings.ts';
import { demoTable, lines, query, read, serviceAnswer, subnetOption } from './demo.ts';

const networks = (
  [
    ['10.0.0.0/8', 'eu'],
    ['10.128.0.0/9', 'us'],
    ['10.64.0.0/10', 'nowhere'],
    ['2001:db8::/32', 'eu'],
  ] as const
).map(([cidr, region]): Mapping => ({ cidr, region, comment: null, source: 'api' }));

const wheel = (...addresses: string[]) => ({
  draw: 'sequence' as const,
  spokes: addresses.map((address) => ({ addresses: [address], weight: 1 })),
});

/** Everybody gets .1 and .2 in turn, clients in eu .11 and .12, clients in us .21. */
function placed(usesSubnet: boolean): ServiceAnswer {
  const places = [
    { region: 'eu', wheel: wheel('192.0.2.11', '192.0.2.12') },
    { region: 'us', wheel: wheel('192.0.2.21') },
  ];
  const A = { tier: 'fit' as const, wheel: wheel('192.0.2.1', '192.0.2.2'), places };
  return { ...serviceAnswer('app.demo.local', {}), families: { A, AAAA: undefined }, clients: { usesSubnet, networks } };
}

interface Row {
  readonly what: string;
  readonly from?: string;
  readonly option?: Buffer;
  readonly ignoresSubnets?: true;
  readonly name?: string;
  readonly type?: number;
  readonly last: string;
  /** undefined: the reply has no such option. */
  readonly scope: number | undefined;
}

const subnet4 = (prefix: number, ...address: number[]) => subnetOption(1, prefix, 0, address);
const rows: readonly Row[] = [
  { what: 'a subnet in a network', option: subnet4(24, 10, 1, 2), last: '11', scope: 10 },
  { what: 'a subnet in a longer one', option: subnet4(24, 10, 200, 2), last: '21', scope: 9 },
  { what: 'a subnet in a region without servers', option: subnet4(24, 10, 70, 2), last: '1', scope: 10 },
  { what: 'a subnet in no network', option: subnet4(24, 192, 0, 2), last: '1', scope: 1 },
  { what: 'a subnet next to a network', option: subnet4(24, 11, 0, 0), last: '1', scope: 8 },
  { what: 'a subnet that is wider than the network', option: subnet4(8, 10), last: '11', scope: 10 },
  { what: 'a subnet of IPv6', option: subnetOption(2, 48, 0, [0x20, 1, 0x0d, 0xb8, 0, 1]), last: '11', scope: 32 },
  { what: 'a subnet goes before the sender', from: '10.200.0.1', option: subnet4(24, 10, 1, 2), last: '11', scope: 10 },
  { what: 'no option: the sender', from: '10.200.0.1', last: '21', scope: undefined },
  { what: 'no option: a sender by IPv6', from: '2001:db8::7', last: '11', scope: undefined },
  { what: 'all addresses: the sender, for everybody', from: '10.200.0.1', option: subnet4(0), last: '21', scope: 0 },
  { what: 'no family: the sender, for everybody', from: '10.200.0.1', option: subnetOption(0, 0, 0, []), last: '21', scope: 0 },
  {
    what: 'subnets are ignored: the sender',
    ignoresSubnets: true,
    from: '10.200.0.1',
    option: subnet4(24, 10, 1, 2),
    last: '21',
    scope: 0,
  },
  { what: 'an alias carries the scope of its target', name: 'www.demo.local', option: subnet4(24, 10, 1, 2), last: '11', scope: 10 },
  { what: 'ANY is like the first type', type: 255, option: subnet4(24, 10, 1, 2), last: '11', scope: 10 },
  { what: 'what is not steered is for everybody', name: 'mail.demo.local', option: subnet4(24, 10, 1, 2), last: '25', scope: 0 },
  { what: 'no data is for everybody', type: 28, option: subnet4(24, 10, 1, 2), last: '', scope: 0 },
];

function table(usesSubnet: boolean) {
  const made = demoTable();
  made.publish([placed(usesSubnet)], 2_000_000_000_000);
  return made;
}

describe('an answer by place', () => {
  for (const { what, from = '198.51.100.7', option, ignoresSubnets, name = 'app.demo.local', type = 1, last, scope } of rows) {
    it(`${what}: .${last}, scope ${scope ?? 'none'}`, () => {
      const responder = createResponder(table(ignoresSubnets !== true));
      const packet = query(name, { type, ...(option !== undefined && { edns: { options: option } }) });
      const outcome = responder.respond(
        packet,
        { address: from, port: 53, transport: 'udp' },
        countingDraw(() => 0),
      );
      const answer = lines(read(outcome).answers).findLast((line) => line.includes(' A ')) ?? '.';
      assert.equal(answer.slice(answer.lastIndexOf('.') + 1), last);
      // The option ends the message: scope is its octet before the address.
      assert.equal(option === undefined ? undefined : outcome.reply?.[outcome.reply.length - (option.length - 8) - 1], scope);
    });
  }

  it('is drawn in turn for each place by itself', () => {
    const responder = createResponder(table(true));
    const draw = countingDraw(() => 0);
    const ask = (address: string) =>
      lines(read(responder.respond(query('app.demo.local'), { address, port: 53, transport: 'udp' }, draw)).answers)[0]
        ?.split('.')
        .at(-1);
    const asked = ['10.1.1.1', '198.51.100.7', '10.1.1.1', '198.51.100.7', '2001:db8::1', '10.200.0.1', '198.51.100.7'];
    assert.deepEqual(asked.map(ask), ['11', '1', '12', '2', '11', '21', '1']);
  });

  it('is an answer of another serial where a network has moved', () => {
    const made = table(true);
    const zone = [...made.zones.zones.values()].find((each) => each.name === 'demo.local') as Parameters<typeof made.serialOf>[0];
    const before = made.serialOf(zone);
    made.publish([{ ...placed(true), clients: { usesSubnet: true, networks: networks.slice(1) } }], 2_000_000_005_000);
    assert.equal(made.serialOf(zone), before + 5);
  });
});
