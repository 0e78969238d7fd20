/**
 * Clients in two regions and a real overwatch: each gets the servers of its region over UDP and TCP, by the subnet that its
 * resolver names or by its own address; what the command line sets is in DNS at once, and after `kill -9` too.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { query, subnetOption } from '../unit/nodes/dns/demo.ts';
import { api, type RunningOverwatch, runProgram, startOverwatchProcess, until } from './overwatch-process.ts';

const name = 'app.example.com';

/** Signed, so that an answer for each place is signed too. */
const configuration = (folder: string) => `
overwatch:
  identity: { node_id: overwatch-1 }
  data_dir: ${join(folder, 'data')}
  validation: { enabled: false }
  geolocation:
    default_region: us
    custom_mappings:
      - { cidr: 10.0.0.0/8, region: eu, comment: offices }
      - { cidr: 127.0.0.5/32, region: eu }
dns:
  listen_address: 127.0.0.1:0
  zones: [example.com]
regions:
  - { name: eu, servers: [{ service: ${name}, address: 192.0.2.1 }] }
  - { name: us, servers: [{ service: ${name}, address: 192.0.2.2 }] }
domains:
  - { name: ${name}, regions: [eu, us], routing_algorithm: geolocation }
api: { enabled: true, address: "127.0.0.1:0" }
`;

interface Asking {
  readonly from?: string;
  readonly subnet?: readonly [prefix: number, ...address: number[]];
  readonly dnssecOk?: boolean;
}

const packetOf = ({ subnet, dnssecOk = false }: Asking): Buffer => {
  const [prefix, ...address] = subnet ?? [0];
  const options = subnet === undefined ? Buffer.alloc(0) : subnetOption(1, prefix, 0, address);
  return query(name, { edns: { flags: dnssecOk ? 0x8000 : 0, options } });
};

/** The address, how many signatures came with it, and the scope, if there was one to say. */
function told(reply: Buffer): string {
  const { answers = [], additionals = [] } = decode(reply);
  const addresses = answers.flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
  const signatures = answers.filter(({ type }) => type === 'RRSIG').length;
  const options = additionals.flatMap((record) => (record.type === 'OPT' ? record.options : []));
  const [scope] = options.flatMap((option) => ('scopePrefixLength' in option ? [option.scopePrefixLength] : []));
  return [...addresses, ...(signatures > 0 ? [`signed ${signatures}`] : []), ...(scope === undefined ? [] : [`/${scope}`])].join(' ');
}

describe('an overwatch that tells clients apart', () => {
  let folder: string;
  let node: RunningOverwatch;
  const start = async () => startOverwatchProcess(join(folder, 'config.yaml'));
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-places-'));
    await writeFile(join(folder, 'config.yaml'), configuration(folder));
    node = await start();
  });
  after(async () => {
    await node.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(asking: Asking): Promise<string> {
    const socket = createSocket('udp4');
    try {
      socket.bind(0, asking.from ?? '127.0.0.1');
      await once(socket, 'listening');
      socket.send(packetOf(asking), node.dnsPort, '127.0.0.1');
      const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
      return told(reply);
    } finally {
      socket.close();
    }
  }

  async function askByTcp(asking: Asking): Promise<string> {
    const packet = packetOf(asking);
    const socket = connect({ host: '127.0.0.1', port: node.dnsPort, localAddress: asking.from ?? '127.0.0.1' });
    socket.write(Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 255]), packet]));
    let received = Buffer.alloc(0);
    for await (const part of socket) {
      received = Buffer.concat([received, part as Buffer]);
      if (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) break;
    }
    socket.destroy();
    return told(received.subarray(2));
  }

  const rows: readonly (readonly [what: string, asking: Asking, says: string])[] = [
    ['a client of nowhere', {}, '192.0.2.2'],
    ['a client of the file by its own address', { from: '127.0.0.5' }, '192.0.2.1'],
    ['a subnet of the file', { subnet: [24, 10, 1, 2] }, '192.0.2.1 /8'],
    ['a subnet goes before the sender', { from: '127.0.0.5', subnet: [24, 192, 0, 2] }, '192.0.2.2 /1'],
    ['a subnet that is hidden', { from: '127.0.0.5', subnet: [0] }, '192.0.2.1 /0'],
    ['a subnet, signed', { subnet: [24, 10, 1, 2], dnssecOk: true }, '192.0.2.1 signed 1 /8'],
  ];
  for (const [what, asking, says] of rows) {
    it(`answers ${what} with ${says}, over UDP and TCP`, async () => {
      assert.deepEqual([await ask(asking), await askByTcp(asking)], [says, says]);
    });
  }

  it('takes what the command line sets and removes into DNS at once, and keeps it over kill -9', async () => {
    const geo = (...words: string[]) => runProgram('geo', ...words, '--api', node.apiUrl.replace(/\/api\/v1$/, ''));
    const inOffice = { subnet: [24, 10, 1, 2] } as const;
    assert.equal((await geo('set', '10.1.0.0/16', 'us', '--comment', 'moved')).code, 0);
    assert.deepEqual([await ask(inOffice), await askByTcp(inOffice)], ['192.0.2.2 /16', '192.0.2.2 /16']);
    assert.match((await geo('list')).stdout, /10\.1\.0\.0\/16 +us +api +moved/);
    assert.equal((await geo('test', '10.1.2.3')).stdout, '10.1.2.3 is in us by 10.1.0.0/16 (moved)\n');
    await node.end('SIGKILL');
    node = await start();
    assert.equal(await ask(inOffice), '192.0.2.2 /16');
    assert.equal((await geo('remove', '10.1.0.0/16')).code, 0);
    assert.equal(await ask(inOffice), '192.0.2.1 /8');
    assert.equal((await geo('remove', '10.0.0.0/8')).code, 1);
    assert.equal((await geo('set', '10.1.0.0', 'us')).code, 2);
  });

  it('gives everybody what is left when a region has nobody', async () => {
    assert.equal((await api(`${node.apiUrl}/overrides/${name}/192.0.2.1`, 'PUT', { action: 'down', reason: 'test' })).status, 200);
    await until('DNS follows', async () => ((await ask({ subnet: [24, 10, 1, 2] })) === '192.0.2.2 /0' ? true : undefined));
  });
});
