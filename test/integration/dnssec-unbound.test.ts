/**
 * A validating resolver in front of us, with our DS as its trust anchor: it calls secure what it can prove, and gives
 * nothing out that was tampered with. Debian's unbound, asked over the wire.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { types } from '../../src/nodes/dns/codes.ts';
import type { DnsServer } from '../../src/nodes/dns/server.ts';
import { missing, startUnbound, type Unbound } from '../unbound.ts';
import { serviceAnswer } from '../unit/nodes/dns/demo.ts';
import { answeringTable, demoZones, dsOf, serve, tampered } from './signed-server.ts';

const skip = missing('unbound');

describe('unbound, with our DS as its trust anchor', { skip }, () => {
  const zones = demoZones();
  const table = answeringTable(zones);
  let folder = '';
  let servers: readonly DnsServer[] = [];
  let unbound: Unbound;
  const said = () => unbound.said();

  before(async () => {
    servers = [await serve(table), await serve(answeringTable(tampered(zones)))];
    folder = await mkdtemp(join(tmpdir(), 'opengslb-unbound-'));
    const { fields, digest } = dsOf(zones, 'demo.local');
    const stubs = { 'demo.local': [servers[0]?.port ?? 0], 'inner.demo.local': [servers[1]?.port ?? 0] };
    // Nothing is cached, so that each question reaches us.
    unbound = await startUnbound({ folder, anchor: `demo.local. DS ${fields.join(' ')} ${digest}`, stubs });
  });
  after(async () => {
    await unbound.end();
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
      const heard = await unbound.ask(name, types[type]);
      assert.deepEqual([heard.rcode, heard.isSecure], [rcode, true], said());
      if (expected !== undefined) assert.deepEqual(heard.lines, expected);
      else assert.notDeepEqual(heard.lines, []);
    });
  }

  it('an answer is secure again when it has changed', { timeout: 20_000 }, async () => {
    for (const address of ['192.0.2.201', '192.0.2.202']) {
      table.publish([serviceAnswer('app.demo.local', { A: [address] })], Date.now());
      assert.deepEqual(await unbound.ask('app.demo.local', types.A), {
        rcode: 'NOERROR',
        isSecure: true,
        lines: [`app.demo.local A ${address}`],
      });
    }
    const gone = await unbound.ask('app.demo.local', types.AAAA);
    assert.deepEqual([gone.rcode, gone.isSecure, gone.lines], ['NOERROR', true, []]);
  });

  it('what was tampered with is bogus: given to nobody who did not ask for it unchecked', { timeout: 20_000 }, async () => {
    const checked = await unbound.ask('ns1.inner.demo.local', types.A);
    assert.deepEqual([checked.rcode, checked.isSecure, checked.lines], ['SERVFAIL', false, []], said());
    const unchecked = await unbound.ask('ns1.inner.demo.local', types.A, 0x0110);
    assert.deepEqual([unchecked.rcode, unchecked.isSecure, unchecked.lines], ['NOERROR', false, ['ns1.inner.demo.local A 192.0.2.53']]);
  });
});
