/** A whole overwatch behind its API: TLS and tokens from the configuration, real checks at once, and a real reload. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { readConfiguration } from '../../src/nodes/configuration/read.ts';
import { type Overwatch, startOverwatch } from '../../src/nodes/overwatch/overwatch.ts';
import { app } from '../given.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const [cert_path, key_path] = [fixture('valid.crt'), fixture('valid.key')];
const token = 'a-token-of-an-admin';

let folder: string;
let target: Server;
let overwatch: Overwatch;

const settings = (port: number, ttl: number) => ({
  overwatch: { data_dir: join(folder, 'data'), identity: { node_id: 'overwatch-1' } },
  dns: { listen_address: '127.0.0.1:0' },
  regions: [{ name: 'eu', health_check: { type: 'tcp', interval: '1h' }, servers: [{ service: app, address: '127.0.0.1', port }] }],
  domains: [{ name: app, regions: ['eu'], ttl }],
  api: {
    enabled: true,
    address: '127.0.0.1:0',
    tls: { cert_path, key_path },
    tokens: [{ name: 'ada', role: 'admin', kind: 'human', token }],
  },
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-api-'));
  target = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const path = join(folder, 'config.yaml');
  await writeFile(path, stringify(settings((target.address() as AddressInfo).port, 60)), { mode: 0o600 });
  const { configuration } = readConfiguration({ path, environment: {} });
  overwatch = await startOverwatch({ path, configuration, version: '1.2.3', logger: pino({ level: 'silent' }) });
});
after(async () => {
  await overwatch.stop('the test is over');
  target.close();
  await rm(folder, { recursive: true });
});

function ask<B>(method: string, path: string, headers = {}): Promise<{ status: number | undefined; body: B }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: overwatch.apiPort,
      path: `/api/v1${path}`,
      method,
      headers,
      ca: readFileSync(cert_path),
      agent: false,
    };
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) as B }));
    });
    asked.on('error', reject).end();
  });
}
const authorization = `Bearer ${token}`;

it('lets in whoever has the token of the file, over TLS', async () => {
  assert.equal((await ask('GET', '/services')).status, 401);
  assert.equal((await ask('GET', '/services', { authorization })).status, 200);
});

it('checks at once, and says so when the results count', async () => {
  const validated = () => overwatch.engine.state.health.get(app)?.values().next().value;
  const { status, body } = await ask('POST', '/overwatch/validate', { authorization });
  const before = validated()?.lastPosition ?? 0;
  assert.deepEqual([status, body, before > 0], [200, { success: true, message: '1 checked, 0 of them failed' }, true]);
  assert.equal((await ask('POST', `/overwatch/validate?service=${app}`, { authorization })).status, 200);
  assert((validated()?.lastPosition ?? 0) > before);
});

it('takes up the file as it is now, or says what is wrong with it', async () => {
  const path = join(folder, 'config.yaml');
  await writeFile(path, stringify(settings((target.address() as AddressInfo).port, 30)), { mode: 0o600 });
  const reload = () => ask<{ applied?: boolean; reason?: string; position: number }>('POST', '/config/reload', { authorization });
  const { status, body } = await reload();
  assert.deepEqual([status, body.applied, body.position], [200, true, overwatch.engine.state.configuration?.position]);
  assert.equal(overwatch.engine.state.configuration?.domains.get(app)?.ttl, 30);
  await writeFile(path, 'domains: nonsense', { mode: 0o600 });
  const refused = await reload();
  assert.deepEqual([refused.status, refused.body.reason], [422, 'configuration-inconsistent']);
  assert.equal(overwatch.engine.state.configuration?.domains.get(app)?.ttl, 30);
});
