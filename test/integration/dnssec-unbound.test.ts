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
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import { signedZones } from '../dnssec-keys.ts';
import { until } from '../e2e/overwatch-process.ts';
import { type ParentZone, startParentZone } from '../parent-zone.ts';
import { missing, startUnbound, type Unbound } from '../unbound.ts';
import { configure, query, serviceAnswer } from '../unit/nodes/dns/demo.ts';
import { askUdp } from './nsd-server.ts';
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
    ['safe.demo.local', 'DS', 'NOERROR'],
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

const skipBeside = skip || missing('nsd') || missing('ldns-signzone', 'ldnsutils');

/** Zones of others below ours: each signed with a key of its own and served by NSD, while we say whom to believe. */
describe('unbound, with our DS, and children of others on NSD', { skip: skipBeside }, () => {
  const children = ['right.ours.test', 'both.ours.test', 'wrong.ours.test', 'none.ours.test'] as const;
  const signed = signedZones(['ours.test']);
  let folder = '';
  let others: readonly ParentZone[] = [];
  let server: DnsServer;
  let unbound: Unbound;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-children-'));
    others = await Promise.all(
      children.map((zone) => startParentZone({ folder: join(folder, zone), zone, children: [], servers: 1, dsTtlSeconds: 2 }, {})),
    );
    const [right, both] = others.map(({ anchor }) => dsRecord(anchor));
    const vouching: Readonly<Record<(typeof children)[number], readonly object[]>> = {
      'right.ours.test': [{ ...right }],
      // As while its owner replaces a key: the DS of the other is not yet, or no more, that of a key that is shown.
      'both.ours.test': [{ ...right }, { ...both }],
      'wrong.ours.test': [{ ...right }],
      'none.ours.test': [],
    };
    const records = children.flatMap((child) => {
      const name = child.replace('.ours.test', '');
      const delegation = { name, type: 'NS', target: `ns.${child}` };
      return [delegation, { name: `ns.${name}`, type: 'A', address: '127.0.0.1' }, ...vouching[child].map((ds) => ({ name, ...ds }))];
    });
    const zones = zoneSet(configure({ zones: [{ name: 'ours.test', records }] }), '127.0.0.1:53');
    assert.deepEqual(zones.problems, []);
    server = await serve(createAnswerTable(zones, Date.now(), signed));
    const ports = others.map((zone) => zone.ports[0] ?? 0);
    await Promise.all(children.map((zone, index) => until(`${zone} is served`, () => isServed(ports[index] ?? 0, zone))));
    const { fields, digest } = dsOf(signed, 'ours.test');
    const stubs = Object.fromEntries([['ours.test', [server.port]], ...children.map((zone, index) => [zone, [ports[index] ?? 0]])]);
    unbound = await startUnbound({ folder, anchor: `ours.test. DS ${fields.join(' ')} ${digest}`, stubs });
  });
  after(async () => {
    await unbound.end();
    await server.close();
    await Promise.all(others.map((zone) => zone.end()));
    await rm(folder, { recursive: true });
  });

  const heard = async (zone: string) => {
    const { rcode, isSecure, lines } = await unbound.ask(`ns.${zone}`, types.A);
    return [rcode, isSecure, lines];
  };
  const address = (zone: string) => [`ns.${zone} A 127.0.0.1`];

  for (const zone of ['right.ours.test', 'both.ours.test']) {
    it(`${zone} is secure by the DS of its key`, { timeout: 20_000 }, async () => {
      assert.deepEqual(await heard(zone), ['NOERROR', true, address(zone)], unbound.said());
      const nowhere = await unbound.ask(`nowhere.${zone}`, types.A);
      assert.deepEqual([nowhere.rcode, nowhere.isSecure], ['NXDOMAIN', true], unbound.said());
    });
  }

  it('wrong.ours.test is bogus by a DS of another key', { timeout: 20_000 }, async () => {
    assert.deepEqual(await heard('wrong.ours.test'), ['SERVFAIL', false, []], unbound.said());
    const unchecked = await unbound.ask('ns.wrong.ours.test', types.A, 0x0110);
    assert.deepEqual([unchecked.rcode, unchecked.lines], ['NOERROR', address('wrong.ours.test')], 'it is served all the same');
  });

  it('none.ours.test is insecure without a DS, as its absence is proven', { timeout: 20_000 }, async () => {
    assert.deepEqual(await heard('none.ours.test'), ['NOERROR', false, address('none.ours.test')], unbound.said());
    const ds = await unbound.ask('none.ours.test', types.DS);
    assert.deepEqual([ds.rcode, ds.isSecure, ds.lines], ['NOERROR', true, []], unbound.said());
  });
});

/** A DS line as a record of the configuration. */
function dsRecord(line: string): object {
  const [keyTag, algorithm, digestType, digest] = line.split(' ').slice(-4);
  return { type: 'DS', key_tag: Number(keyTag), algorithm: Number(algorithm), digest_type: Number(digestType), digest };
}

async function isServed(port: number, zone: string): Promise<true | undefined> {
  const reply = await askUdp(port, query(zone, { type: types.SOA }), 300).catch(() => undefined);
  return reply !== undefined && (reply.readUInt8(3) & 0xf) === 0 ? true : undefined;
}
