/** The OpenAPI document: every route is in it with the role that it needs, and each role gets exactly what it says. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Role } from '../../src/nodes/api/identity.ts';
import { routeSummaries } from '../../src/nodes/api/route-summaries.ts';
import { a, app, oneDomain, unchecked } from '../given.ts';
import { bearer, type RunningApi, runApi } from './running-api.ts';

/** Every route with the role that it needs. A route that is not here fails the test below: decide who may ask for it. */
const accesses: Readonly<Record<string, 'open' | Role>> = {
  'GET /ready': 'open',
  'GET /live': 'open',
  'GET /version': 'open',
  'GET /dnssec/status': 'viewer',
  'GET /dnssec/ds': 'viewer',
  'GET /dnssec/keys': 'viewer',
  'POST /dnssec/rotate': 'admin',
  'POST /dnssec/ds-seen': 'admin',
  'POST /dnssec/abort': 'admin',
  'POST /dnssec/remove': 'admin',
  'POST /dnssec/sync': 'admin',
  'GET /services': 'viewer',
  'GET /services/{service}/answers': 'viewer',
  'GET /services/{service}/servers': 'viewer',
  'POST /services/{service}/servers': 'operator',
  'GET /services/{service}/servers/{server}': 'viewer',
  'PATCH /services/{service}/servers/{server}': 'operator',
  'DELETE /services/{service}/servers/{server}': 'operator',
  'GET /overrides': 'viewer',
  'GET /overrides/{service}/{target}': 'viewer',
  'PUT /overrides/{service}/{target}': 'operator',
  'DELETE /overrides/{service}/{target}': 'operator',
  'GET /health/servers': 'viewer',
  'GET /health/regions': 'viewer',
  'GET /events': 'viewer',
  'GET /events/stream': 'viewer',
  'POST /config/reload': 'admin',
  'GET /openapi.json': 'viewer',
  'GET /overwatch/backends': 'viewer',
  'POST /overwatch/backends/{service}/{address}/{port}/override': 'operator',
  'DELETE /overwatch/backends/{service}/{address}/{port}/override': 'operator',
  'GET /overwatch/stats': 'viewer',
  'POST /overwatch/validate': 'operator',
  'GET /overwatch/agents': 'viewer',
  'GET /overwatch/agents/expiring': 'viewer',
  'GET /overwatch/agents/{id}': 'viewer',
  'DELETE /overwatch/agents/{id}': 'admin',
  'POST /overwatch/agents/{id}/revoke': 'admin',
  'POST /gossip/generate-key': 'admin',
  'GET /gossip/keys': 'admin',
  'POST /gossip/keys': 'admin',
  'GET /geo/mappings': 'viewer',
  'POST /geo/mappings': 'operator',
  'PUT /geo/mappings': 'operator',
  'DELETE /geo/mappings/{cidr}': 'operator',
  'GET /geo/test': 'viewer',
  'GET /cluster/status': 'viewer',
  'GET /servers': 'viewer',
  'POST /servers': 'operator',
  'GET /servers/{id}': 'viewer',
  'PUT /servers/{id}': 'operator',
  'PATCH /servers/{id}': 'operator',
  'DELETE /servers/{id}': 'operator',
  'GET /servers/{id}/health-check': 'viewer',
};

interface Operation {
  readonly summary?: string;
  readonly security: readonly unknown[];
  readonly 'x-role'?: Role;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean; readonly schema: object }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const roles = ['viewer', 'operator', 'admin'] as const;
const secretOf = (role: Role) => `${role}-0123456789abcdef`;
const tokens = roles.map((role) => ({ name: role, role, kind: 'human', token: secretOf(role) }) as const);

let running: RunningApi;
let document: Document;
before(async () => {
  running = await runApi(undefined, { configuration: oneDomain([a], {}, unchecked), tokens });
  document = (await running.ask<Document>('GET', '/openapi.json', { headers: bearer(secretOf('viewer')) })).body;
});
after(() => running.close());

function operations(): readonly (readonly [name: string, operation: Operation])[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path.replace('/api/v1', '')}`, operation] as const),
  );
}

describe('the document', () => {
  it('holds every route with its role and a line that says what it is for', () => {
    const listed = operations().map(([name, operation]) => [name, operation.security.length === 0 ? 'open' : operation['x-role']]);
    assert.deepEqual(Object.fromEntries(listed), accesses);
    assert.deepEqual(
      operations().filter(([, { summary }]) => summary === undefined || summary === ''),
      [],
    );
    assert.deepEqual(Object.keys(routeSummaries).sort(), Object.keys(accesses).sort());
  });

  it('says what a request and its answers hold', () => {
    assert.equal(document.openapi, '3.1.1');
    const put = document.paths['/api/v1/overrides/{service}/{target}']?.put;
    assert.deepEqual(
      put?.parameters.map((parameter) => [parameter.name, parameter.in, parameter.required]),
      [
        ['service', 'path', true],
        ['target', 'path', true],
        ['force', 'query', false],
        ['dry_run', 'query', false],
        ['idempotency-key', 'header', false],
      ],
    );
    const body = put?.requestBody?.content['application/json'].schema as { required: string[]; properties: Record<string, object> };
    assert.deepEqual([body.required, body.properties.action], [['reason'], { type: 'string', enum: ['up', 'down', 'drain'] }]);
    const error = { $ref: '#/components/schemas/Error' };
    const refused = { description: 'The request was not carried out.', content: { 'application/json': { schema: error } } };
    assert.deepEqual([put?.responses['4XX'], put?.responses['5XX']], [refused, refused]);
    assert.deepEqual(Object.keys(document.components.schemas.Error ?? {}).includes('properties'), true);
    assert.deepEqual(document.paths['/api/v1/servers/{id}']?.delete?.responses['204'], { description: 'It is deregistered.' });
  });
});

describe('a role', () => {
  const pathOf = (name: string) =>
    (name.split(' ')[1] ?? '')
      .replace('{service}', app)
      .replace(/\{(target|server)\}/, `${a}:80`)
      .replace('{id}', `${app}:${a}:80`)
      .replace('{cidr}', '10.0.0.0%2F8')
      .replace('{address}', a)
      .replace('{port}', '80');

  for (const [name, access] of Object.entries(accesses)) {
    it(`${name} is for ${access}`, async () => {
      const [method = ''] = name.split(' ');
      for (const role of [undefined, ...roles]) {
        const before = running.log.end.position;
        // No body: whoever is let in is told that one is missing, or gets an answer.
        const answer = await running.ask<{ reason?: string }>(method, pathOf(name), { ...(role && { headers: bearer(secretOf(role)) }) });
        const isEnough = access === 'open' || (role !== undefined && roles.indexOf(role) >= roles.indexOf(access));
        const refused = ['token-missing', 'role-insufficient'].includes(answer.body?.reason ?? '');
        assert.equal(refused, !isEnough, `${role}: ${answer.status}`);
        if (refused) assert.equal(running.log.end.position, before);
      }
    });
  }
});

it('every answer keeps browsers from framing, sniffing and keeping it', async () => {
  const expected = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  for (const path of ['/live', '/overrides', '/nowhere', '//%', '/openapi.json']) {
    const { headers } = await running.ask('GET', path, { headers: bearer(secretOf('viewer')) });
    const kept = Object.fromEntries(Object.keys(expected).map((name) => [name, headers[name]]));
    assert.deepEqual(kept, expected, path);
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
  }
});
