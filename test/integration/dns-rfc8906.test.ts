/**
 * The tests of RFC 8906 section 8, which operators run against servers, command by command: `dig` asks the threads over UDP and
 * the main thread over TCP. A row says what the section expects; where dig is not installed they are skipped.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { systemClock } from '../../src/nodes/clock.ts';
import { createTableReaders } from '../../src/nodes/dns/workers/table-readers.ts';
import { startTableServer, type TableServer } from '../../src/nodes/dns/workers/table-server.ts';
import { signedZones } from '../dnssec-keys.ts';
import { demoTable } from '../unit/nodes/dns/demo.ts';

const skip = spawnSync('dig', ['-v']).error === undefined ? false : "dig is not installed (Debian's package is bind9-dnsutils)";

interface Row {
  /** The section, and its words for the test. */
  readonly what: string;
  readonly dig: string;
  readonly status?: string;
  /** Exactly these flags of the header. */
  readonly flags?: string;
  /** Whether the SOA is answered; else the answer is empty. */
  readonly soa?: boolean;
  /** The EDNS line of dig without its version, which is always 0; left out: there must be no OPT. */
  readonly edns?: string;
  readonly not?: RegExp;
}

const edns = 'flags:; udp: 1232';
const withDo = 'flags: do; udp: 1232';
const rows: readonly Row[] = [
  { what: '8.1.1 is the server configured for the zone', dig: '+noedns +noad +norec soa demo.local', soa: true },
  { what: '8.1.2 unknown types', dig: '+noedns +noad +norec type1000 demo.local' },
  { what: '8.1.3.1 CD=1 queries', dig: '+noedns +noad +norec +cd soa demo.local', soa: true },
  { what: '8.1.3.2 AD=1 queries', dig: '+noedns +norec +ad soa demo.local', soa: true },
  { what: '8.1.3.3 reserved bit', dig: '+noedns +noad +norec +zflag soa demo.local', soa: true, not: /MBZ/ },
  { what: '8.1.3.4 recursive queries', dig: '+noedns +noad +rec soa demo.local', soa: true, flags: 'qr aa rd' },
  { what: '8.1.4 unknown opcodes', dig: '+noedns +noad +opcode=15 +norec +header-only', status: 'NOTIMP', flags: 'qr' },
  { what: '8.2.1 minimal EDNS', dig: '+nocookie +edns=0 +noad +norec soa demo.local', soa: true, edns },
  {
    what: '8.2.2 EDNS version negotiation',
    dig: '+nocookie +edns=1 +noednsneg +noad +norec soa demo.local',
    status: 'BADVERS',
    flags: 'qr',
    edns,
  },
  {
    what: '8.2.3 unknown EDNS options',
    dig: '+nocookie +edns=0 +noad +norec +ednsopt=100 soa demo.local',
    soa: true,
    edns,
    not: /OPT=100/,
  },
  { what: '8.2.4 unknown EDNS flags', dig: '+nocookie +edns=0 +noad +norec +ednsflags=0x40 soa demo.local', soa: true, edns, not: /MBZ/ },
  {
    what: '8.2.5 EDNS version negotiation with unknown flags',
    dig: '+nocookie +edns=1 +noednsneg +noad +norec +ednsflags=0x40 soa demo.local',
    ...{ status: 'BADVERS', flags: 'qr', edns, not: /MBZ/ },
  },
  {
    what: '8.2.6 EDNS version negotiation with unknown options',
    dig: '+nocookie +edns=1 +noednsneg +noad +norec +ednsopt=100 soa demo.local',
    ...{ status: 'BADVERS', flags: 'qr', edns, not: /OPT=100/ },
  },
  { what: '8.2.8 DO=1 handling', dig: '+nocookie +edns=0 +noad +norec +dnssec soa demo.local', soa: true, edns: withDo },
  {
    what: '8.2.9 EDNS version negotiation with DO=1',
    dig: '+nocookie +edns=1 +noednsneg +noad +norec +dnssec soa demo.local',
    ...{ status: 'BADVERS', flags: 'qr', edns: withDo },
  },
  {
    what: '8.2.10 multiple defined EDNS options',
    dig: '+edns=0 +noad +norec +cookie +nsid +expire +subnet=0.0.0.0/0 soa demo.local',
    ...{ soa: true, edns, not: /NSID|EXPIRE|COOKIE: [0-9a-f]{17}/ },
  },
];

describe('RFC 8906 section 8, by dig', { skip }, () => {
  let server: TableServer;
  const run = promisify(execFile);

  before(async () => {
    const readers = createTableReaders(demoTable(signedZones(['demo.local', 'inner.demo.local'])), 2);
    const logger = pino({ level: 'silent' });
    server = await startTableServer({ listenAddress: '127.0.0.1:0', readers, clock: systemClock(), chance: () => 0, logger });
  });
  after(() => server.close());

  const dig = async (words: string) => {
    const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(server.port), '+tries=1', '+time=5', ...words.split(' ')]);
    return stdout;
  };

  for (const { what, dig: words, status = 'NOERROR', flags = 'qr aa', soa = false, edns: expected, not } of rows) {
    for (const transport of ['+notcp', '+tcp']) {
      it(`${what}, ${transport === '+tcp' ? 'TCP (8.1.5)' : 'UDP'}`, async () => {
        const output = await dig(`${transport} ${words}`);
        assert.equal(/status: (\w+)/.exec(output)?.[1], status, output);
        assert.equal(/flags: ([a-z ]*);/.exec(output)?.[1], flags, output);
        const answers = output.split('\n').filter((line) => /^demo\.local\.\s+3600\s+IN\s+SOA\s/.test(line));
        assert.equal(answers.length, soa ? 1 : 0, output);
        assert.equal(/EDNS: version: 0, (.*)/.exec(output)?.[1], expected, output);
        assert.doesNotMatch(output, /WARNING: (?!recursion requested|\.local is reserved)|malformed|extra bytes|timed out/i);
        if (not !== undefined) assert.doesNotMatch(output, not);
      });
    }
  }

  it('8.2.7 truncated responses: TC with the OPT and its DO, and by TCP all of it', async () => {
    const words = '+norec +nocookie +dnssec +bufsize=512 +ignore big.demo.local txt';
    const cut = await dig(`+notcp ${words}`);
    assert.match(cut, /flags: qr aa tc;/);
    assert.match(cut, /EDNS: version: 0, flags: do; udp: 1232/);
    const whole = await dig(`+tcp ${words}`);
    assert.match(whole, /flags: qr aa; QUERY: 1, ANSWER: 2,/);
  });
});
