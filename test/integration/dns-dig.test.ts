/** The DNS server as a stock client sees it: `dig` asks, and its own words are compared. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { countingDraw } from '../../src/nodes/dns/draw.ts';
import { createResponder } from '../../src/nodes/dns/responder.ts';
import { type DnsServer, startDnsServer } from '../../src/nodes/dns/server.ts';
import { demoTable } from '../unit/nodes/dns/demo.ts';

const skip = spawnSync('dig', ['-v']).error === undefined ? false : "dig is not installed (Debian's package is bind9-dnsutils)";
const soa = 'SOA ns1.demo.local. hostmaster.demo.local. 1700000000 3600 600 604800 30';
const denial = `demo.local. 30 IN ${soa}`;

interface Row {
  readonly ask: string;
  readonly status: string;
  readonly flags?: string;
  readonly lines?: readonly string[];
  /** What must stand somewhere in the output as well, or must not. */
  readonly also?: RegExp;
  readonly not?: RegExp;
}

const rows: readonly Row[] = [
  { ask: 'app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'], also: /EDNS: version: 0, flags:; udp: 1232/ },
  { ask: 'app.demo.local AAAA', status: 'NOERROR', lines: ['app.demo.local. 20 IN AAAA 2001:db8::1'] },
  { ask: 'aPp.DeMo.LoCaL A', status: 'NOERROR', lines: ['aPp.DeMo.LoCaL. 20 IN A 192.0.2.1'], also: /;aPp\.DeMo\.LoCaL\.\s+IN\s+A/ },
  { ask: 'demo.local SOA', status: 'NOERROR', lines: [`demo.local. 3600 IN ${soa}`] },
  {
    ask: 'demo.local NS',
    status: 'NOERROR',
    lines: [
      'demo.local. 3600 IN NS ns1.demo.local.',
      'demo.local. 3600 IN NS ns.elsewhere.example.',
      'ns1.demo.local. 3600 IN A 192.0.2.53',
      'ns1.demo.local. 3600 IN AAAA 2001:db8::53',
    ],
  },
  { ask: 'demo.local MX', status: 'NOERROR', lines: ['demo.local. 60 IN MX 10 mail.demo.local.'] },
  { ask: 'demo.local TXT', status: 'NOERROR', lines: ['demo.local. 60 IN TXT "v=spf1 -all"'] },
  { ask: 'demo.local CAA', status: 'NOERROR', lines: ['demo.local. 60 IN CAA 0 issue "ca.example"'] },
  { ask: '_https._tcp.demo.local SRV', status: 'NOERROR', lines: ['_https._tcp.demo.local. 60 IN SRV 0 0 443 app.demo.local.'] },
  {
    ask: 'www.demo.local A',
    status: 'NOERROR',
    lines: ['www.demo.local. 60 IN CNAME app.demo.local.', 'app.demo.local. 20 IN A 192.0.2.1'],
  },
  {
    ask: 'x.cut.demo.local A',
    status: 'NOERROR',
    flags: 'qr rd',
    lines: [
      'cut.demo.local. 60 IN NS ns.cut.demo.local.',
      'cut.demo.local. 60 IN NS ns.elsewhere.example.',
      'ns.cut.demo.local. 60 IN A 192.0.2.99',
    ],
  },
  { ask: 'nowhere.demo.local A', status: 'NXDOMAIN', lines: [denial] },
  { ask: 'v4.demo.local AAAA', status: 'NOERROR', lines: [denial] },
  { ask: 'deep.demo.local A', status: 'NOERROR', lines: [denial] },
  { ask: 'down.demo.local A', status: 'SERVFAIL', flags: 'qr rd' },
  { ask: 'example.com A', status: 'REFUSED', flags: 'qr rd' },
  { ask: 'version.bind CH TXT', status: 'REFUSED', flags: 'qr rd' },
  { ask: 'app.demo.local ANY', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'] },
  { ask: 'app.demo.local TYPE4711', status: 'NOERROR', lines: [denial] },
  { ask: '+norec app.demo.local A', status: 'NOERROR', flags: 'qr aa', lines: ['app.demo.local. 20 IN A 192.0.2.1'] },
  { ask: '+noedns app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'], not: /EDNS|malformed/ },
  { ask: '+edns=1 +noednsnegotiation app.demo.local A', status: 'BADVERS', flags: 'qr rd', also: /EDNS: version: 0/ },
  { ask: '+edns=0 +ednsflags=0x40 app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'], not: /MBZ/ },
  { ask: '+ednsopt=100 app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'], not: /OPT=100/ },
  { ask: '+dnssec app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'], also: /flags: do; udp: 1232/ },
  { ask: '+cdflag +adflag +zflag app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'] },
  { ask: '+noedns +header-only', status: 'FORMERR', flags: 'qr rd' },
  { ask: '+noedns +header-only +opcode=15 +norec', status: 'NOTIMP', flags: 'qr' },
  {
    ask: '+subnet=198.51.100.0/24 app.demo.local A',
    status: 'NOERROR',
    lines: ['app.demo.local. 20 IN A 192.0.2.1'],
    also: /CLIENT-SUBNET: 198\.51\.100\.0\/24\/0/,
  },
  {
    ask: '+subnet=2001:db8::/48 app.demo.local A',
    status: 'NOERROR',
    lines: ['app.demo.local. 20 IN A 192.0.2.1'],
    also: /CLIENT-SUBNET: 2001:db8::\/48\/0/,
  },
  {
    ask: '+subnet=0 app.demo.local A',
    status: 'NOERROR',
    lines: ['app.demo.local. 20 IN A 192.0.2.1'],
    also: /CLIENT-SUBNET: 0(\.0\.0\.0)?\/0\/0/,
  },
  { ask: '+ednsopt=8:00011400c0000221 app.demo.local A', status: 'FORMERR', flags: 'qr rd' },
  { ask: '+tcp app.demo.local A', status: 'NOERROR', lines: ['app.demo.local. 20 IN A 192.0.2.1'], also: /\(TCP\)/ },
  { ask: '+tcp demo.local AXFR', status: 'REFUSED' },
  { ask: '+notcp +ignore +bufsize=512 middle.demo.local TXT', status: 'NOERROR', flags: 'qr aa tc rd' },
];

describe('dig', { skip }, () => {
  let port = 0;
  let servers: readonly DnsServer[] = [];
  const run = promisify(execFile);

  before(async () => {
    // Every question begins a count of its own, so that a row says the same wherever it stands.
    const responder = createResponder(demoTable());
    const server = await startDnsServer({
      listenAddress: '127.0.0.1:0',
      respond: (packet, client) =>
        responder.respond(
          packet,
          client,
          countingDraw(() => 0),
        ),
    });
    port = server.port;
    servers = [server];
  });
  after(() => Promise.all(servers.map((server) => server.close())));

  const dig = async (ask: string) => {
    const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=5', '+nocookie', '+noad', ...ask.split(' ')]);
    return stdout;
  };
  const recordsOf = (output: string) =>
    output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';'))
      .map((line) => line.replace(/\s+/g, ' '));

  for (const row of rows) {
    it(row.ask, async () => {
      const output = await dig(row.ask);
      if (row.ask.endsWith('AXFR')) return assert.match(output, /Transfer failed/);
      assert.equal(/status: (\w+)/.exec(output)?.[1], row.status, output);
      assert.equal(/flags: ([a-z ]*);/.exec(output)?.[1], row.flags ?? 'qr aa rd', output);
      assert.deepEqual(recordsOf(output), row.lines ?? []);
      assert.doesNotMatch(output, /WARNING: (?!recursion requested|\.local is reserved)|malformed|extra bytes/i);
      if (row.also !== undefined) assert.match(output, row.also);
      if (row.not !== undefined) assert.doesNotMatch(output, row.not);
    });
  }

  it('comes back by TCP when it is told to', async () => {
    const output = await dig('+bufsize=512 big.demo.local TXT');
    assert.match(output, /Truncated, retrying in TCP mode/);
    assert.equal(recordsOf(output).length, 1);
  });
});
