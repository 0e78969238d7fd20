/**
 * Three real overwatches that share their keys over mutually pinned TLS. One makes the key, one joins, one starts afresh
 * in the middle of a rotation: all of them sign with the same key, a validator says so, and nobody else gets anything.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decode, encode, type OptAnswer } from 'dns-packet';
import { api, freePort, program, type RunningOverwatch, startOverwatchProcess, until } from './overwatch-process.ts';

interface Member {
  readonly name: string;
  readonly folder: string;
  readonly configFile: string;
  readonly url: string;
  readonly fingerprint: string;
  running: RunningOverwatch | undefined;
}
interface Status {
  readonly zones: readonly { readonly zone: string; readonly signs: number | null; readonly successor: number | null }[];
  readonly keys: readonly { readonly key_tag: number; readonly stage: string; readonly can_sign: boolean }[];
  readonly sync: {
    readonly running: boolean;
    readonly fingerprint: string;
    readonly port: number;
    readonly peers: readonly { readonly peer: string; readonly last_success: string | null; readonly last_error: string | null }[];
  };
}

const zone = 'demo.local';
let folder: string;
let members: Member[] = [];
let stranger: Member | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-key-sync-'));
  const made = async (name: string): Promise<Member & { port: number }> => {
    const own = join(folder, name);
    await mkdir(own);
    const configFile = join(own, 'config.yaml');
    const port = await freePort('127.0.0.1');
    // The certificate is there before the first start, so that the others can name it; this file alone would be refused.
    await writeFile(configFile, configuration({ name, own, port, peers: ['    - https://127.0.0.1:9'], bootstrap: false }));
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'dnssec', 'identity', '--config', configFile], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^[0-9a-f]{64}\n$/);
    return { name, folder: own, configFile, port, url: `https://127.0.0.1:${port}`, fingerprint: stdout.trim(), running: undefined };
  };
  const all = [await made('overwatch-1'), await made('overwatch-2'), await made('overwatch-3'), await made('stranger')];
  const shared = all.slice(0, 3).map(({ url, fingerprint }) => `    - { url: "${url}", fingerprint: ${fingerprint} }`);
  for (const [index, { name, folder: own, port, configFile }] of all.entries()) {
    // The same peers in every file: each passes over itself.
    await writeFile(configFile, configuration({ name, own, port, peers: shared, bootstrap: index === 0 }));
  }
  members = all.slice(0, 3);
  stranger = all[3] as Member;
});

after(async () => {
  await Promise.all([...members, stranger].map((one) => one?.running?.end('SIGKILL')));
  await rm(folder, { recursive: true, force: true });
});

function configuration(of: { name: string; own: string; port: number; peers: readonly string[]; bootstrap: boolean }): string {
  return [
    'overwatch:',
    `  identity: { node_id: ${of.name} }`,
    `  data_dir: ${join(of.own, 'data')}`,
    '  validation: { enabled: false }',
    '  dnssec:',
    `    bootstrap: ${of.bootstrap}`,
    `    key_sync:`,
    `      listen_address: 127.0.0.1:${of.port}`,
    '      poll_interval: 1s',
    '      timeout: 5s',
    '      peers:',
    ...of.peers.map((line) => `    ${line}`),
    '    parents: [{ zone: local, servers: ["127.0.0.1:9"] }]',
    'dns:',
    '  listen_address: 127.0.0.1:0',
    `  zones: [{ name: ${zone}, nameservers: [{ name: ns1.${zone}, address: 127.0.0.1 }] }]`,
    'regions:',
    '  - { name: demo, servers: [{ service: app.demo.local, address: 127.0.9.1, port: 80 }] }',
    'domains:',
    '  - { name: app.demo.local, regions: [demo], ttl: 1 }',
    'api: { enabled: true, address: "127.0.0.1:0" }',
    'metrics: { enabled: false }',
    'logging: { format: json }',
    '',
  ].join('\n');
}

async function start(member: Member): Promise<void> {
  member.running = await startOverwatchProcess(member.configFile);
}

async function statusOf({ running }: Member): Promise<Status> {
  return (await api<Status>(`${running?.apiUrl}/dnssec/status`)).body;
}

const stagesOf = async (member: Member) => (await statusOf(member)).keys.map(({ key_tag: tag, stage }) => `${tag} ${stage}`).join(', ');

/** What signed the answer that a client gets: tags of the RRSIG records over the address of the service. */
async function signers({ running }: Member): Promise<readonly number[]> {
  const socket = createSocket('udp4');
  try {
    const opt: OptAnswer = {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 1_232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0x8000,
      flag_do: true,
      options: [],
    };
    socket.send(
      encode({ type: 'query', id: 9, questions: [{ type: 'A', name: 'app.demo.local' }], additionals: [opt] }),
      running?.dnsPort as number,
      '127.0.0.1',
    );
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
    return (decode(message).answers ?? []).flatMap((answer) => (answer.type === 'RRSIG' ? [answer.data.keyTag] : []));
  } finally {
    socket.close();
  }
}

const one = () => members[0] as Member;
const two = () => members[1] as Member;
const three = () => members[2] as Member;

describe('three overwatches, one key', () => {
  it('the one that may makes it, and the next has it before it serves', async () => {
    await start(one());
    const [zoneOfOne] = (await statusOf(one())).zones;
    assert.equal(zoneOfOne?.zone, zone);
    await start(two());
    assert.deepEqual([await signers(two()), await signers(one())], [[zoneOfOne?.signs], [zoneOfOne?.signs]]);
    const { sync } = await statusOf(two());
    assert.deepEqual([sync.running, sync.fingerprint, `https://127.0.0.1:${sync.port}`], [true, two().fingerprint, two().url]);
    assert.deepEqual(
      sync.peers.map(({ peer }) => peer),
      [one().url, three().url],
      'it is none of its own peers',
    );
  });

  it('a third that starts afresh in a rotation shows both, and signs with the same', async () => {
    const { body } = await api<{ successor: number }>(`${one().running?.apiUrl}/dnssec/rotate`, 'POST', { zone });
    const both = await stagesOf(one());
    assert.match(both, new RegExp(`^\\d+ active, ${body.successor} published$`));
    await until('the second hears of it', async () => ((await stagesOf(two())) === both ? true : undefined));
    await start(three());
    assert.equal(await stagesOf(three()), both);
    assert.deepEqual(await signers(three()), await signers(one()));
    assert((await statusOf(three())).keys.every(({ can_sign: can }) => can));
  });

  it('asks at once when it is told to, and goes on answering while a peer is gone', async () => {
    await two().running?.end('SIGKILL');
    const { status, body } = await api<{ message: string }>(`${one().running?.apiUrl}/dnssec/sync`, 'POST');
    assert.equal(status, 200);
    assert.match(body.message, /^2 peers were asked, and 0 keys were taken over; nothing was learned from https:.*ECONNREFUSED/);
    assert.equal((await signers(one())).length, 1);
    const [gone] = (await statusOf(one())).sync.peers;
    assert.match(gone?.last_error ?? '', /ECONNREFUSED/);
    await start(two());
    assert.deepEqual(await signers(two()), await signers(one()), 'it starts with what it has');
  });

  it('who is named by nobody gets nothing, and is told of', async () => {
    const other = stranger as Member;
    await start(other);
    assert.deepEqual((await statusOf(other)).zones[0]?.signs, null);
    await until('it was refused', async () =>
      (await statusOf(other)).sync.peers[0]?.last_error?.includes('does not know this node') ? true : undefined,
    );
    assert(one().running?.output().includes(other.fingerprint), 'an operator can read which certificate it was');
    const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const asked = request(`${one().url}/v1/private-keys`, { method: 'POST', rejectUnauthorized: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode as number, body: text }));
      });
      asked.on('error', reject).end(JSON.stringify({ keys: [{ zone, key_tag: 1 }] }));
    });
    assert.equal(answer.status, 403);
    assert.doesNotMatch(answer.body, /private_key/);
  });

  it('holds private keys in their files and nowhere else', async () => {
    const texts: string[] = [];
    for (const { folder: own } of members) {
      const place = join(own, 'data', 'secrets', 'dnssec');
      const names = (await readdir(place)).sort();
      assert.equal(names.length, 2, `${own}: the key that signs and its successor`);
      for (const name of names) {
        const pem = await readFile(join(place, name), 'utf8');
        const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
        const number = der.subarray(36, 68);
        texts.push(
          number.toString('latin1'),
          number.toString('hex'),
          number.toString('base64url'),
          pem.split('\n')[1] as string,
          der.toString('base64').slice(44, 84),
        );
      }
    }
    assert.equal(new Set(texts).size, 10, 'two keys, the same everywhere');
    const said: [string, string][] = [];
    for (const { name, folder: own, running } of members) {
      for (const path of ['dnssec/status', 'dnssec/keys', 'dnssec/ds', 'events?from=1', 'config', 'node/status']) {
        const { body } = await api<unknown>(`${running?.apiUrl}/${path}`);
        said.push([`${name} ${path}`, JSON.stringify(body)]);
      }
      said.push([`${name} lines`, running?.output() ?? '']);
      const { stdout: ended, stderr } = (await running?.end('SIGTERM')) ?? { stdout: '', stderr: '' };
      said.push([`${name} ended`, ended + stderr]);
      const exported = spawnSync(process.execPath, [program, 'log', 'export', join(own, 'data')], { encoding: 'utf8' });
      said.push([`${name} export`, exported.stdout]);
      const log = join(own, 'data', 'log');
      for (const file of await readdir(log)) said.push([`${name} ${file}`, await readFile(join(log, file), 'latin1')]);
    }
    assert(
      said.some(([what, text]) => what.endsWith('export') && text.includes('key.imported')),
      'the exports are there',
    );
    for (const [what, text] of said) for (const secret of texts) assert(!text.includes(secret), `${what} holds a private key`);
  });
});
