import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { configuration, redactedSecret } from '../../../../src/events/catalogue/configuration.ts';
import { withoutSecrets } from '../../../../src/nodes/configuration/without-secrets.ts';

const key = new Uint8Array(32).fill(7);
const gossipKey = Buffer.alloc(32, 1).toString('base64');
const secrets = [
  'token of the service',
  gossipKey,
  'token of the agent',
  'Bearer agent',
  'Bearer region',
  'Bearer server',
  'token of the api',
];

/** A secret at every place that may hold one. */
const whole = configuration.parse({
  overwatch: { agent_tokens: { 'app.example.com': 'token of the service' }, gossip: { encryption_key: gossipKey } },
  agent: {
    identity: { service_token: 'token of the agent' },
    gossip: { encryption_key: gossipKey, overwatch_nodes: ['192.0.2.1:7946'] },
    backends: [
      { service: 'app.example.com', address: '192.0.2.1', port: 80, health_check: { headers: { Authorization: 'Bearer agent' } } },
    ],
  },
  regions: [
    {
      name: 'eu',
      health_check: { headers: { Authorization: 'Bearer region', 'User-Agent': 'Bearer region' } },
      servers: [{ service: 'app.example.com', address: '192.0.2.1', health_check: { headers: { Cookie: 'Bearer server' } } }],
    },
  ],
  domains: [{ name: 'app.example.com', regions: ['eu'] }],
  api: { tokens: [{ name: 'x', role: 'admin', kind: 'human', token: 'token of the api' }] },
});

test('no secret is left, and each can be found by its digest', () => {
  const redacted = withoutSecrets(whole, key);
  const text = JSON.stringify(redacted.configuration);
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.deepEqual([...redacted.secrets.values()].sort(), [...secrets].sort());
  for (const digest of redacted.secrets.keys()) assert.match(digest, redactedSecret);
  const { headers } = redacted.configuration.regions[0]?.health_check ?? {};
  assert.equal(redacted.secrets.get(headers?.Authorization ?? ''), 'Bearer region');
});

test('a digest is the HMAC of the secret, wherever it stands', () => {
  const { configuration: redacted } = withoutSecrets(whole, key);
  const expected = `hmac-sha256:${createHmac('sha256', key).update(gossipKey).digest('hex')}`;
  assert.equal(redacted.overwatch.gossip?.encryption_key, expected);
  assert.equal(redacted.agent?.gossip.encryption_key, expected);
});

test('the rest stays, and what was given is not touched', () => {
  const before = structuredClone(whole);
  const { configuration: redacted } = withoutSecrets(whole, key);
  assert.deepEqual(whole, before);
  assert.deepEqual(redacted.domains, whole.domains);
  assert.deepEqual(configuration.parse(redacted), redacted);
});

test('the digest of the whole moves with a secret, with the key, and with nothing else', () => {
  const changed = structuredClone(whole);
  const token = changed.api.tokens[0];
  assert.ok(token !== undefined);
  token.token = 'another token of the api';
  const digest = withoutSecrets(whole, key).digest;
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.equal(withoutSecrets(structuredClone(whole), key).digest, digest);
  assert.notEqual(withoutSecrets(changed, key).digest, digest);
  assert.notEqual(withoutSecrets(whole, new Uint8Array(32)).digest, digest);
});

test('the order of keys does not matter', () => {
  const turned = Object.fromEntries(Object.entries(whole).reverse()) as typeof whole;
  assert.equal(withoutSecrets(turned, key).digest, withoutSecrets(whole, key).digest);
});

test('what holds no secret is shared, and the one with secrets stays as it is', () => {
  const before = structuredClone(whole);
  const { configuration: redacted } = withoutSecrets(whole, key);
  assert.deepEqual(whole, before);
  assert.equal(redacted.domains, whole.domains);
  assert.notEqual(redacted.regions[0]?.servers[0], whole.regions[0]?.servers[0]);
});
