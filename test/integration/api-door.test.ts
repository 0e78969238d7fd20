/** Who comes in: the allow-list, proxies, and pages in a browser that have no business here. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { a, app, b, oneDomain, unchecked } from '../given.ts';
import { type AskOptions, assertError, runApi } from './running-api.ts';

const configuration = oneDomain([a, b], {}, unchecked);
const body = { action: 'drain', reason: 'x' };
const target = `/overrides/${app}/${a}`;
const remedy = 'add its network to api.allowed_networks';

describe('the allow-list', () => {
  it('keeps out whoever is not on it, wherever they ask', async (test) => {
    const { ask, engine } = await runApi(test, { configuration, networks: ['127.0.0.1/32'] });
    const from = '127.0.0.2';
    for (const [method, path] of [
      ['GET', '/overrides'],
      ['PUT', target],
      ['GET', '/nowhere'],
      ['POST', '/overrides'],
      ['GET', '//'],
    ] as const) {
      const answer = await ask(method, path, { from, ...(method === 'PUT' && { body }) });
      assertError(answer, 403, 'address-not-allowed', '127.0.0.2 may not ask here', remedy);
    }
    assert.equal(engine.state.overrides.size, 0);
    assert.equal((await ask('GET', '/overrides', { from: '127.0.0.1' })).status, 200);
  });

  it('does not stand before what a load balancer asks', async (test) => {
    const { ask } = await runApi(test, { configuration, networks: [] });
    assert.equal((await ask('GET', '/overrides')).status, 403);
    for (const path of ['/ready', '/live', '/version']) {
      assert.equal((await ask('GET', path, { headers: { host: 'gslb.example.com' } })).status, 200, path);
    }
  });

  it('names whoever asks in the log', async (test) => {
    const { ask, engine } = await runApi(test, { configuration });
    await ask('PUT', target, { body, from: '127.0.0.3' });
    const [override] = [...(engine.state.overrides.get(app)?.values() ?? [])];
    assert.deepEqual(override?.actor, { kind: 'human', name: 'local', address: '127.0.0.3' });
  });
});

describe('X-Forwarded-For', () => {
  const headers = { 'x-forwarded-for': '192.0.2.66' };

  it('is not looked at where no proxy is trusted', async (test) => {
    const { ask } = await runApi(test, { configuration });
    assert.equal((await ask('GET', '/overrides', { headers })).status, 200);
  });

  it('says who asks where one is', async (test) => {
    const networks = ['127.0.0.1/32', '192.0.2.0/24'];
    const { ask } = await runApi(test, { configuration, networks, trustProxyHeaders: true });
    assert.equal((await ask('GET', '/overrides', { headers })).status, 200);
    const outside = { 'x-forwarded-for': '192.0.2.66, 198.51.100.1' };
    assertError(await ask('GET', '/overrides', { headers: outside }), 403, 'address-not-allowed', '198.51.100.1 may not ask here', remedy);
    const nonsense = { 'x-forwarded-for': 'nobody' };
    const refused = 'whoever X-Forwarded-For names may not ask here';
    assertError(await ask('GET', '/overrides', { headers: nonsense }), 403, 'address-not-allowed', refused, remedy);
  });

  it('is not believed from a peer that may not ask itself', async (test) => {
    const networks = ['127.0.0.1/32', '192.0.2.0/24'];
    const { ask } = await runApi(test, { configuration, networks, trustProxyHeaders: true });
    const answer = await ask('GET', '/overrides', { headers, from: '127.0.0.2' });
    assertError(answer, 403, 'address-not-allowed', '127.0.0.2 may not ask here', remedy);
  });
});

describe('a page in a browser', () => {
  const crossSite = 'open this API by its address or as localhost and change it from there, or use a program that is not a browser';
  for (const method of ['PUT', 'DELETE', 'POST', 'PATCH']) {
    it(`of another site may not ${method}`, async (test) => {
      const { ask, log } = await runApi(test, { configuration });
      const answer = await ask(method, target, { body, headers: { origin: 'https://evil.example' } });
      assertError(answer, 403, 'cross-site', 'a page of https://evil.example may not change anything here', crossSite);
      assert.equal(log.end.position, 3);
    });
  }

  it('of this API may change it', async (test) => {
    const { ask, port } = await runApi(test, { configuration });
    const own = (origin: string, host?: string): AskOptions => ({ body, headers: { origin, ...(host !== undefined && { host }) } });
    assert.equal((await ask('PUT', target, own(`http://127.0.0.1:${port}`))).status, 200);
    assert.equal((await ask('PUT', target, own(`http://localhost:${port}`, `localhost:${port}`))).status, 200);
    assert.equal((await ask('PUT', target, own(`http://127.0.0.1:${port + 1}`))).status, 403);
  });

  it('may not reach this machine by a name that was made to point here', async (test) => {
    const { ask } = await runApi(test, { configuration });
    assertError(
      await ask('GET', '/overrides', { headers: { host: 'evil.example:8080' } }),
      ...([
        403,
        'host-not-allowed',
        'the Host header names evil.example, and a page could have made that name point to this machine',
      ] as const),
      'ask for 127.0.0.1, [::1] or localhost; behind a proxy, set api.trust_proxy_headers',
    );
  });

  it('may not send a form, which browsers allow without asking', async (test) => {
    const { ask } = await runApi(test, { configuration });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense']) {
      assertError(
        await ask('PUT', target, { text: JSON.stringify(body), headers: { 'content-type': type } }),
        ...([
          415,
          'media-type-unsupported',
          'the body is not application/json',
          'send JSON, with the header content-type: application/json',
        ] as const),
      );
    }
    assert.equal((await ask('PUT', target, { text: JSON.stringify(body) })).status, 415);
    const json = { 'content-type': 'application/json; charset=utf-8' };
    assert.equal((await ask('PUT', target, { text: JSON.stringify(body), headers: json })).status, 200);
  });
});
