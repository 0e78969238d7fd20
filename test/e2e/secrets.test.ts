/**
 * Every secret that an overwatch has, looked for in everything that it says or writes: answers of each route of its API,
 * metrics, its lines, the log on the disk and as an export, from which everything else follows. Each is in its own place and nowhere
 * else: private keys of zones, the keys of gossip, tokens of the API and of agents, headers of checks, the key of its certificate and
 * that of its API's.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeCertificate } from '../../src/nodes/identity/make-certificate.ts';
import { freePort, type RunningOverwatch, runProgram, startOverwatchProcess, until } from './overwatch-process.ts';

const zone = 'demo.local';
const service = `app.${zone}`;
const plain = {
  'the token of an operator': randomBytes(24).toString('hex'),
  'the token of a viewer': randomBytes(24).toString('hex'),
  'the token of an agent': randomBytes(24).toString('hex'),
  'a header of a check': `Bearer ${randomBytes(24).toString('hex')}`,
  'a token that nobody has': randomBytes(24).toString('hex'),
};
const keys = { 'the key of gossip': randomBytes(32), 'a key that was installed': randomBytes(32) };

/** How a number or text may be written. */
function formsOf(bytes: Buffer): readonly string[] {
  const base64 = bytes.toString('base64');
  // Without its end, which depends on what follows.
  return [bytes.toString('latin1'), bytes.toString('hex'), base64.replace(/=+$/, ''), bytes.toString('base64url')];
}

/** The secret number of a private key, and how its file has it. */
function formsOfPrivateKey(pem: string): readonly string[] {
  const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' });
  const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('---'));
  // The last line of a key of ours holds parts of its public point, which everybody may see.
  return [...formsOf(Buffer.from(d, 'base64url')), lines[0] as string];
}

describe('what an overwatch keeps to itself', () => {
  let folder = '';
  let overwatch: RunningOverwatch;
  let metricsPort = 0;
  const apiKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const data = () => join(folder, 'data');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-secrets-'));
    const { der } = makeCertificate({ role: 'overwatch', id: 'overwatch-1', now: Date.now(), privateKey: apiKey });
    await writeFile(join(folder, 'api.crt'), new X509Certificate(der).toString());
    await writeFile(join(folder, 'api.key'), apiKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    metricsPort = await freePort();
    const [gossipPort, keyPort] = [await freePort(), await freePort()];
    await writeFile(join(folder, 'config.yaml'), configuration({ folder, metricsPort, gossipPort, keyPort }), { mode: 0o600 });
    overwatch = await startOverwatchProcess(join(folder, 'config.yaml'));
  });
  after(async () => {
    await overwatch?.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  interface Answer {
    readonly status: number;
    readonly text: string;
  }
  const ask = (path: string, method = 'GET', body?: unknown, token = plain['the token of an operator']) =>
    new Promise<Answer>((resolve, reject) => {
      const port = Number(new URL(overwatch.apiUrl).port);
      const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
      const asked = request({ host: '127.0.0.1', port, path: `/api/v1${path}`, method, headers, rejectUnauthorized: false }, (response) => {
        let text = JSON.stringify(response.headers);
        response.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });

  it('is in no answer, line, fact or file but its own', { timeout: 60_000 }, async () => {
    const said: [what: string, text: string][] = [];
    const hear = async (...asked: Parameters<typeof ask>) => {
      const { status, text } = await ask(...asked);
      said.push([`${asked[1] ?? 'GET'} ${asked[0]}`, text]);
      return status;
    };
    assert.equal(await hear(`/overrides/${service}/192.0.2.1`, 'PUT', { action: 'down', reason: 'kernel update' }), 200);
    assert.equal(await hear('/dnssec/rotate', 'POST', { zone }), 200);
    assert.equal(await hear('/gossip/keys', 'POST', { action: 'install', key: keys['a key that was installed'].toString('base64') }), 200);
    assert.equal(await hear('/gossip/keys', 'POST', { action: 'use', key: keys['a key that was installed'].toString('base64') }), 200);
    assert.equal(await hear('/config/reload', 'POST'), 200);
    assert.equal(await hear('/node', 'GET', undefined, plain['a token that nobody has']), 401);
    assert.equal(await hear('/dnssec/rotate', 'POST', { zone }, plain['the token of a viewer']), 403);

    // Every route that only reads, as the document of the API names them.
    const { paths } = JSON.parse((await ask('/openapi.json')).text.replace(/^\{.*?\}(?=\{)/s, '')) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const reading = Object.entries(paths).flatMap(([path, methods]) => ('get' in methods && !path.includes('stream') ? [path] : []));
    const statuses = new Map<string, number>();
    for (const path of reading) {
      const filled = path
        .replace('/api/v1', '')
        .replace('{service}', service)
        .replace(/\{(server|target|id)\}/, '192.0.2.1:80')
        .replace('{address}', '192.0.2.1')
        .replace('{port}', '80');
      const query = filled === '/events' ? '?from=1&limit=1000' : filled === '/geo/test' ? '?ip=192.0.2.7' : '';
      statuses.set(filled, await hear(`${filled}${query}`));
    }
    assert([...statuses.values()].filter((status) => status === 200).length > 15, JSON.stringify([...statuses]));
    said.push(['metrics', await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()]);

    const secrets = await collectSecrets();
    await until('the lines are there', () => (overwatch.output().includes('reload') ? true : undefined));
    const { stdout, stderr } = await overwatch.end('SIGTERM');
    said.push(['its lines', stdout + stderr]);
    const exported = await runProgram('log', 'export', data());
    assert.equal(exported.code, 0, exported.stderr);
    said.push(['log export', exported.stdout]);
    const files = await filesBelow(data());
    for (const file of files) if (!file.includes('/secrets/')) said.push([file, await readFile(file, 'latin1')]);
    assert(
      files.some((file) => file.includes('/log/0')),
      files.join('\n'),
    );
    for (const type of ['key.generated', 'gossip_key.rotated', 'configuration.applied', 'override.set'])
      assert(exported.stdout.includes(type), `${type} is a fact that could have held one`);

    for (const [what, text] of said)
      for (const [secret, forms] of secrets) for (const form of forms) assert(!text.includes(form), `${what} holds ${secret}`);
    const places = await Promise.all(
      files.filter((file) => file.includes('/secrets/')).map(async (file) => [file, await readFile(file, 'latin1')] as const),
    );
    const found = places.flatMap(([file, text]) =>
      [...secrets].filter(([, forms]) => forms.some((form) => text.includes(form))).map(([name]) => [name, file]),
    );
    assert(found.length >= 4, `those that it made itself are found where they are: ${JSON.stringify(found)}`);
  });

  /** By name, in every form. */
  async function collectSecrets(): Promise<ReadonlyMap<string, readonly string[]>> {
    const secrets = new Map<string, readonly string[]>();
    for (const [name, text] of Object.entries(plain)) secrets.set(name, [text, ...formsOf(Buffer.from(text))]);
    for (const [name, bytes] of Object.entries(keys)) secrets.set(name, formsOf(bytes));
    secrets.set('the key of its API', formsOfPrivateKey(apiKey.export({ type: 'pkcs8', format: 'pem' }).toString()));
    const own = join(data(), 'secrets');
    secrets.set('the key of its certificate', formsOfPrivateKey(await readFile(join(own, 'overwatch.key'), 'utf8')));
    secrets.set('what secrets in facts are told apart by', formsOf(await readFile(join(own, 'redaction.key'))));
    const ofZones = await readdir(join(own, 'dnssec'));
    assert.equal(ofZones.length, 2, 'the key that signs and its successor');
    for (const name of ofZones) secrets.set(`the key ${name}`, formsOfPrivateKey(await readFile(join(own, 'dnssec', name), 'utf8')));
    return secrets;
  }
});

async function filesBelow(place: string): Promise<readonly string[]> {
  const entries = await readdir(place, { withFileTypes: true });
  const inside = entries.map((entry) => (entry.isDirectory() ? filesBelow(join(place, entry.name)) : [join(place, entry.name)]));
  return (await Promise.all(inside)).flat();
}

function configuration(at: { folder: string; metricsPort: number; gossipPort: number; keyPort: number }): string {
  const { folder } = at;
  return [
    'overwatch:',
    '  identity: { node_id: overwatch-1 }',
    `  data_dir: ${join(folder, 'data')}`,
    '  validation: { enabled: false }',
    `  agent_tokens: { ${service}: ${plain['the token of an agent']} }`,
    `  gossip: { bind_address: "127.0.0.1:${at.gossipPort}", encryption_key: "${keys['the key of gossip'].toString('base64')}", preset: local }`,
    '  dnssec:',
    '    bootstrap: true',
    `    key_sync: { listen_address: "127.0.0.1:${at.keyPort}", peers: [{ url: "https://127.0.0.1:9", fingerprint: "${'ab'.repeat(32)}" }], timeout: 1s }`,
    'dns:',
    '  listen_address: 127.0.0.1:0',
    `  zones: [${zone}]`,
    '  query_log: { enabled: true, sample: 1 }',
    'regions:',
    '  - name: eu',
    `    health_check: { type: http, path: /, headers: { Authorization: "${plain['a header of a check']}" } }`,
    `    servers: [{ service: ${service}, address: 192.0.2.1, port: 80 }, { service: ${service}, address: 192.0.2.2, port: 80 }]`,
    `domains: [{ name: ${service}, regions: [eu] }]`,
    'api:',
    '  enabled: true',
    '  address: 127.0.0.1:0',
    `  tls: { cert_path: ${join(folder, 'api.crt')}, key_path: ${join(folder, 'api.key')} }`,
    '  tokens:',
    `    - { name: olga, role: admin, kind: human, token: ${plain['the token of an operator']} }`,
    `    - { name: vera, role: viewer, kind: human, token: ${plain['the token of a viewer']} }`,
    `metrics: { enabled: true, address: "127.0.0.1:${at.metricsPort}" }`,
    'logging: { level: debug }',
    '',
  ].join('\n');
}
