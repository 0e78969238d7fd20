/**
 * A validating resolver in front of us, with our DS as its trust anchor: it calls secure what it can prove, and gives
 * nothing out that was tampered with. Debian's unbound, asked over the wire.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decode, type Packet } from 'dns-packet';
import { types } from '../../src/nodes/dns/codes.ts';
import type { DnsServer } from '../../src/nodes/dns/server.ts';
import { lines, query, serviceAnswer } from '../unit/nodes/dns/demo.ts';
import { answeringTable, demoZones, dsOf, serve, tampered } from './signed-server.ts';

// Debian puts it where only root's path looks.
const path = `${process.env.PATH}:/usr/sbin`;
const isThere = spawnSync('unbound', ['-V'], { env: { PATH: path } }).error === undefined;
const skip = isThere ? false : "unbound is not installed (Debian's package is unbound)";

/** Nothing is cached, so that each question reaches us, and nothing leaves loopback. */
function configuration(port: number, anchor: string, stubs: Readonly<Record<string, number>>): string {
  return [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    `  port: ${port}`,
    '  outgoing-interface: 127.0.0.1',
    '  access-control: 127.0.0.0/8 allow',
    '  do-ip6: no',
    '  do-daemonize: no',
    '  do-not-query-localhost: no',
    '  chroot: ""',
    '  username: ""',
    '  pidfile: ""',
    '  use-syslog: no',
    '  module-config: "validator iterator"',
    `  trust-anchor: "${anchor}"`,
    '  target-fetch-policy: "0 0 0 0 0"',
    '  cache-max-ttl: 0',
    '  cache-max-negative-ttl: 0',
    'remote-control:',
    '  control-enable: no',
    ...Object.entries(stubs).flatMap(([zone, stub]) => ['stub-zone:', `  name: "${zone}"`, `  stub-addr: 127.0.0.1@${stub}`]),
    '',
  ].join('\n');
}

interface Heard {
  readonly rcode: string;
  readonly isSecure: boolean;
  readonly lines: readonly string[];
}

/** Asks until there is an answer: the first questions may come before unbound listens. */
async function asked(port: number, name: string, type: number, flags = 0x0100): Promise<Heard> {
  const socket = createSocket('udp4');
  try {
    const send = () => socket.send(query(name, { type, flags, edns: { flags: 0x8000, size: 1232 } }), port, '127.0.0.1');
    const again = setInterval(send, 300);
    send();
    const [bytes] = (await once(socket, 'message').finally(() => clearInterval(again))) as [Buffer];
    const reply = decode(bytes) as unknown as Packet & { readonly rcode: string; readonly flag_ad: boolean };
    const answers = (reply.answers ?? []).filter((record) => (record.type as string) !== 'RRSIG');
    return { rcode: reply.rcode, isSecure: reply.flag_ad, lines: lines(answers) };
  } finally {
    socket.close();
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

describe('unbound, with our DS as its trust anchor', { skip }, () => {
  const zones = demoZones();
  const table = answeringTable(zones);
  let folder = '';
  let port = 0;
  let servers: readonly DnsServer[] = [];
  let unbound: ChildProcess | undefined;
  let said = '';

  before(async () => {
    servers = [await serve(table), await serve(answeringTable(tampered(zones)))];
    folder = await mkdtemp(join(tmpdir(), 'opengslb-unbound-'));
    port = await freePort();
    const { fields, digest } = dsOf(zones, 'demo.local');
    const stubs = { 'demo.local': servers[0]?.port ?? 0, 'inner.demo.local': servers[1]?.port ?? 0 };
    await writeFile(join(folder, 'unbound.conf'), configuration(port, `demo.local. DS ${fields.join(' ')} ${digest}`, stubs));
    unbound = spawn('unbound', ['-d', '-c', join(folder, 'unbound.conf')], { env: { PATH: path }, stdio: ['ignore', 'ignore', 'pipe'] });
    unbound.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  });
  after(async () => {
    if (unbound !== undefined && unbound.exitCode === null) {
      unbound.kill('SIGTERM');
      await once(unbound, 'exit');
    }
    await Promise.all(servers.map((server) => server.close()));
    await rm(folder, { recursive: true });
  });

  const rows: readonly (readonly [name: string, type: keyof typeof types, rcode: string, lines?: readonly string[]])[] = [
    ['app.demo.local', 'AAAA', 'NOERROR'],
    ['demo.local', 'SOA', 'NOERROR'],
    ['demo.local', 'MX', 'NOERROR', ['demo.local MX 10 mail.demo.local']],
    ['demo.local', 'DNSKEY', 'NOERROR'],
    ['mail.demo.local', 'A', 'NOERROR', ['mail.demo.local A 192.0.2.25']],
    ['_https._tcp.demo.local', 'SRV', 'NOERROR'],
    ['middle.demo.local', 'TXT', 'NOERROR'],
    ['far.demo.local', 'AAAA', 'NOERROR'],
    ['v4.demo.local', 'AAAA', 'NOERROR', []],
    ['deep.demo.local', 'A', 'NOERROR', []],
    ['nowhere.demo.local', 'A', 'NXDOMAIN', []],
    ['x.y.app.demo.local', 'A', 'NXDOMAIN', []],
    ['broken.demo.local', 'A', 'NXDOMAIN', ['broken.demo.local CNAME nowhere.demo.local']],
    ['cut.demo.local', 'DS', 'NOERROR', []],
    ['inner.demo.local', 'DS', 'NOERROR'],
    ['inner.demo.local', 'SOA', 'NOERROR'],
    ['x.inner.demo.local', 'A', 'NXDOMAIN', []],
  ];
  for (const [name, type, rcode, expected] of rows) {
    it(`${name} ${type} is secure`, { timeout: 20_000 }, async () => {
      const heard = await asked(port, name, types[type]);
      assert.deepEqual([heard.rcode, heard.isSecure], [rcode, true], said);
      if (expected !== undefined) assert.deepEqual(heard.lines, expected);
      else assert.notDeepEqual(heard.lines, []);
    });
  }

  it('an answer is secure again when it has changed', { timeout: 20_000 }, async () => {
    for (const address of ['192.0.2.201', '192.0.2.202']) {
      table.publish([serviceAnswer('app.demo.local', { A: [address] })], Date.now());
      assert.deepEqual(await asked(port, 'app.demo.local', types.A), {
        rcode: 'NOERROR',
        isSecure: true,
        lines: [`app.demo.local A ${address}`],
      });
    }
    const gone = await asked(port, 'app.demo.local', types.AAAA);
    assert.deepEqual([gone.rcode, gone.isSecure, gone.lines], ['NOERROR', true, []]);
  });

  it('what was tampered with is bogus: given to nobody who did not ask for it unchecked', { timeout: 20_000 }, async () => {
    const checked = await asked(port, 'ns1.inner.demo.local', types.A);
    assert.deepEqual([checked.rcode, checked.isSecure, checked.lines], ['SERVFAIL', false, []], said);
    const unchecked = await asked(port, 'ns1.inner.demo.local', types.A, 0x0110);
    assert.deepEqual([unchecked.rcode, unchecked.isSecure, unchecked.lines], ['NOERROR', false, ['ns1.inner.demo.local A 192.0.2.53']]);
  });
});
