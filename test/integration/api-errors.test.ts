/** Every way in which a request can be wrong before a route sees it, and what is said then. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { createApi } from '../../src/nodes/api/api.ts';
import { apiLimits } from '../../src/nodes/api/limits.ts';
import { listenApi } from '../../src/nodes/api/listen.ts';
import { ListenError } from '../../src/nodes/listen-error.ts';
import { a, app, oneDomain, unchecked } from '../given.ts';
import { ask, assertError, type RunningApi, runApi, sendRaw, start, waitFor } from './running-api.ts';

const configuration = oneDomain([a], {}, unchecked);
const target = `/overrides/${app}/${a}`;
const json = { 'content-type': 'application/json' };

let running: RunningApi;
before(async () => {
  running = await runApi(undefined, { configuration });
});
after(() => running.close());

describe('a request that no route takes', () => {
  for (const path of ['/nowhere', '//', '//api/v2/overrides', '/overrides/', `/overrides/${app}`, '/OVERRIDES']) {
    it(`GET ${path} is not found`, async () => {
      const named = path.startsWith('//') ? path.slice(1) : `/api/v1${path}`;
      const remedy = 'paths begin with /api/v1; see that it is spelled right';
      assertError(await running.ask('GET', path), 404, 'unknown-route', `there is nothing at ${named}`, remedy);
    });
  }

  for (const [method, path, allow] of [
    ['POST', '/overrides', 'GET, HEAD'],
    ['PATCH', target, 'DELETE, GET, HEAD, PUT'],
    ['OPTIONS', target, 'DELETE, GET, HEAD, PUT'],
    ['TRACE', '/services', 'GET, HEAD'],
    ['PROPFIND', '/services', 'GET, HEAD'],
    ['DELETE', '/events?from=1', 'GET, HEAD'],
  ] as const) {
    it(`${method} ${path} is not taken, and what is taken is named`, async () => {
      const answer = await running.ask(method, path);
      const sentence = `/api/v1${path.replace(/\?.*/, '')} does not take ${method}`;
      assertError(answer, 405, 'method-not-allowed', sentence, `use ${allow.split(', ').join(' or ')}`);
      assert.equal(answer.headers.allow, allow);
    });
  }
});

describe('a request that cannot be read', () => {
  const malformed = 'request-malformed';
  it('has a body that is too long', async () => {
    const text = JSON.stringify({ action: 'up', reason: 'x'.repeat(apiLimits.bodyBytesMax) });
    const answer = await running.ask('PUT', target, { text, headers: json });
    assertError(answer, 413, 'body-too-large', 'the body is longer than 65536 bytes', 'send a shorter one');
  });

  for (const text of ['{', 'nonsense', '{"__proto__":{"x":1}}']) {
    it(`has a body that is not JSON: ${text}`, async () => {
      const answer = await running.ask('PUT', target, { text, headers: json });
      assertError(answer, 400, malformed, 'the body is not valid JSON', 'send one JSON object');
    });
  }

  it('has a path that is not percent-encoded UTF-8', async () => {
    assertError(await running.ask('GET', '/services/%ff/answers'), 400, malformed, 'the path is not valid', 'percent-encode it, as UTF-8');
  });

  it('may name a service in as many characters as percent-encoding takes', async () => {
    const name = `${'x'.repeat(63)}.`.repeat(3) + 'x'.repeat(61);
    const encoded = name.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16)}`);
    const answer = await running.ask('GET', `/services/${encoded}/answers`);
    assertError(answer, 404, 'unknown-service', `there is no service ${name}`, 'GET /api/v1/services lists the services');
  });

  it('has a path that is too long', async () => {
    const answer = await running.ask('GET', `/services/${'x'.repeat(1025)}/answers`);
    assertError(answer, 400, 'request-invalid', 'a part of the path is longer than 1024 characters', 'use a shorter name');
  });

  const noHost = 'the request has no Host header that names a host';
  for (const [title, sent, code, reason, error, remedy] of [
    ['is not HTTP', 'hello\r\n\r\n', 400, malformed, 'this is not an HTTP/1.1 request', 'send plain HTTP/1.1 to this port'],
    [
      'names no host',
      'GET /api/v1/services HTTP/1.1\r\nConnection: close\r\n\r\n',
      400,
      malformed,
      noHost,
      'send one, as every HTTP/1.1 client does',
    ],
    [
      'names an odd host',
      'GET /api/v1/services HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n',
      400,
      malformed,
      noHost,
      'send one, as every HTTP/1.1 client does',
    ],
    [
      'has long headers',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
      'the headers are longer than 16 KiB',
      'send fewer or shorter headers',
    ],
  ] as const) {
    it(title, async () => {
      const { status, body } = await sendRaw(running.port, sent);
      assert.deepEqual([status, body], [code, { error, code, reason, remedy }]);
    });
  }

  it('may expect what nobody knows', async () => {
    assert.equal((await running.ask('GET', '/live', { headers: { expect: 'wonders' } })).status, 200);
  });
});

describe('a fault of this program', () => {
  it('is told in its log, and not to the client', async (test) => {
    const faulty = () => {
      throw new Error('the inside of the program');
    };
    const { ask, logged } = await runApi(test, { configuration, readiness: faulty });
    const answer = await ask('GET', '/ready');
    assertError(answer, 500, 'internal-error', 'something went wrong in this program', 'see its log, and report what it says there');
    assert.equal(logged.length, 1);
    assert.match(logged[0] ?? '', /the inside of the program/);
  });
});

describe('an API that closes', () => {
  /** A request of which only the beginning has come, and what is received on its connection. */
  async function begun({ api, port }: RunningApi) {
    const received: string[] = [];
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.on('data', (text: string) => received.push(text));
    const arrived = once(api.server, 'connection');
    const beginning = 'GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n';
    socket.write(beginning);
    const [taken] = (await arrived) as [Socket];
    await waitFor(() => taken.bytesRead === beginning.length);
    return { socket, received, gone: once(socket, 'close') };
  }

  it('answers a request that was under way', async (test) => {
    const running = await runApi(test, { configuration });
    const { socket, received, gone } = await begun(running);
    const closed = running.api.close();
    socket.write('\r\n');
    await Promise.all([closed, gone]);
    assert.match(received.join(''), /^HTTP\/1\.1 200 OK\r\n.*\{"alive":true\}$/s);
  });

  it('does not wait for ever for one that never ends', async (test) => {
    const running = await runApi(test, { configuration });
    const { received, gone } = await begun(running);
    const closed = running.api.close();
    await waitFor(() => !running.api.server.listening);
    await running.clock.moveTo(start + apiLimits.closeMs);
    await Promise.all([closed, gone]);
    assert.deepEqual(received, []);
  });
});

describe('an API that cannot listen', () => {
  const unheard = (test: TestContext) => {
    const { engine, log } = running;
    const settings = { allowed_networks: ['127.0.0.0/8'], trust_proxy_headers: false, tokens: [] };
    const readiness = () => ({ dns: true, health: true });
    const api = createApi({ engine, log, logger: pino({ level: 'silent' }), settings, version: '1.2.3', readiness });
    test.after(() => api.close());
    return api;
  };

  for (const [title, address, code] of [
    ['a name', 'localhost:8080', 'api-listen-address-invalid'],
    ['an address of another machine', '192.0.2.1:0', 'api-address-not-available'],
  ] as const) {
    it(`on ${title} says why`, async (test) => {
      const api = unheard(test);
      await assert.rejects(listenApi(api, address), (error: unknown) => {
        assert(error instanceof ListenError);
        assert.deepEqual([error.code, error.what, error.message.includes(address)], [code, 'api', true]);
        assert.match(error.remedy, /api\.address/);
        return true;
      });
    });
  }

  it('on a port that is taken says why', async (test) => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    test.after(() => void other.close());
    const { port } = other.address() as { port: number };
    const api = unheard(test);
    await assert.rejects(listenApi(api, `127.0.0.1:${port}`), {
      code: 'api-address-in-use',
      message: `the API cannot listen on 127.0.0.1:${port}: another program listens there`,
      remedy: 'stop it (`ss -lntp` shows it), or set api.address to another address or port',
    });
  });

  it('is heard on every address where none is named', async (test) => {
    const api = unheard(test);
    const port = await listenApi(api, ':0');
    assert.equal((await ask(port, 'GET', '/live')).status, 200);
    const { address } = api.server.address() as AddressInfo;
    assert(['::', '0.0.0.0'].includes(address), address);
  });
});
