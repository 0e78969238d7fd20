/** One node, asked over real HTTP. The other side is a server that answers as each test says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { createClient, type NodeClient } from '../../../../src/nodes/client/client.ts';
import { clientLimits } from '../../../../src/nodes/client/limits.ts';
import { NodeError } from '../../../../src/nodes/client/node-error.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A client of a server that answers like this. */
async function serving(test: TestContext, answer: Answer, options: { readonly token?: string; readonly timeoutMs?: number } = {}) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createClient({ endpoint, timeoutMs: 5_000, ...options });
}

const shape = z.looseObject({ ok: z.boolean() });
const ask = (client: NodeClient) => client.ask({ path: '/x', shape });

async function failure(asked: Promise<unknown>): Promise<NodeError> {
  const error = await asked.then(
    () => assert.fail('it was answered'),
    (thrown: unknown) => thrown,
  );
  assert(error instanceof NodeError, String(error));
  assert.notEqual(error.remedy, '');
  return error;
}

test('a question carries its method, path, query, body, token and key', async (context) => {
  let seen: object = {};
  const client = await serving(
    context,
    async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { authorization, 'content-type': type, 'idempotency-key': key } = request.headers;
      seen = { method: request.method, url: request.url, authorization, type, key, body };
      response.end('{"ok":true,"more":1}');
    },
    { token: 'a-token' },
  );
  const query = { force: true, limit: 3, reason: 'a b&c', absent: undefined };
  const answer = await client.ask({ method: 'PUT', path: '/a%2Fb', query, body: { action: 'up' }, key: 'k1', shape });
  assert.deepEqual(answer, { ok: true, more: 1 }, 'what is not known is passed on');
  assert.deepEqual(seen, {
    ...{ method: 'PUT', url: '/api/v1/a%2Fb?force=true&limit=3&reason=a+b%26c', authorization: 'Bearer a-token' },
    ...{ type: 'application/json', key: 'k1', body: '{"action":"up"}' },
  });
});

test('without a token and a body neither is spoken of, and no body is an answer', async (context) => {
  const client = await serving(context, ({ headers }, response) => {
    assert.equal(headers.authorization, undefined);
    assert.equal(headers['content-type'], undefined);
    response.writeHead(204).end();
  });
  assert.equal(await client.ask({ method: 'DELETE', path: '/x', shape: z.undefined() }), undefined);
});

test("a refusal is the node's own words", async (context) => {
  const body = { error: 'there is no service a', code: 404, reason: 'a-newer-reason', remedy: 'list them' };
  const client = await serving(context, (_request, response) => response.writeHead(404).end(JSON.stringify(body)));
  const { kind, message, remedy, reason } = await failure(ask(client));
  assert.deepEqual({ kind, message, remedy, reason }, { kind: 'refused', message: body.error, remedy: body.remedy, reason: body.reason });
});

test('what a node says does nothing to a terminal', async (context) => {
  const body = { error: 'no\u001b[2J', code: 404, reason: 'r', remedy: 'ask\u202e' };
  const client = await serving(context, (_request, response) => response.writeHead(404).end(JSON.stringify(body)));
  const { message, remedy } = await failure(ask(client));
  assert.equal(message, 'no\\u{1b}[2J');
  assert.equal(remedy, 'ask\\u{202e}');
});

test('a status that is an answer too is one', async (context) => {
  const client = await serving(context, (_request, response) => response.writeHead(503).end('{"ok":false}'));
  assert.deepEqual(await client.ask({ path: '/ready', shape, alsoStatus: 503 }), { ok: false });
  assert.equal((await failure(ask(client))).kind, 'not-a-node');
});

const strange: readonly (readonly [name: string, answer: Answer, complaint: RegExp])[] = [
  ['a page', (_request, response) => response.writeHead(404).end('<html>'), /is no node of this version: it answered with status 404/],
  ['another program', (_request, response) => response.end('{"ok":"yes"}'), /its answer to \/x does not fit: ok: /],
  ['no JSON', (_request, response) => response.end('ok'), /its answer to \/x does not fit/],
  [
    'a redirect',
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/stolen' }).end(),
    /answered with status 302/,
  ],
];
for (const [name, answer, complaint] of strange) {
  test(`${name} is no node`, async (context) => {
    const error = await failure(ask(await serving(context, answer, { token: 'a-token' })));
    assert.equal(error.kind, 'not-a-node');
    assert.match(error.message, complaint);
  });
}

test('an answer without end is cut off', async (context) => {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const client = await serving(context, (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  const error = await failure(ask(client));
  assert.match(error.message, /larger than 64 MiB/);
  assert(sent < 2 * clientLimits.answerBytesMax);
});

const away: readonly (readonly [name: string, answer: Answer, complaint: RegExp])[] = [
  ['who says nothing in time', () => {}, /cannot be reached: no answer within 200ms/],
  ['who begins and says no more', (_request, response) => void response.write('{'), /no answer within 200ms/],
  ['who hangs up', (request) => request.socket.destroy(), /cannot be reached: it closed the connection/],
];
for (const [name, answer, complaint] of away) {
  test(`${name} is not reachable`, async (context) => {
    const error = await failure(ask(await serving(context, answer, { timeoutMs: 200 })));
    assert.equal(error.kind, 'unreachable');
    assert.match(error.message, complaint);
  });
}

test('where nothing listens, it is said so', async () => {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const error = await failure(ask(createClient({ endpoint: `http://127.0.0.1:${port}`, timeoutMs: 5_000 })));
  assert.match(error.message, /cannot be reached: nothing listens there/);
  assert.match(error.remedy, /opengslb overwatch --config/);
});

test('a node that is asked too often is asked again', async (context) => {
  let times = 0;
  const client = await serving(context, (_request, response) => {
    times += 1;
    if (times < 2) response.writeHead(429).end('{"error":"too often","code":429,"reason":"too-many-requests","remedy":"wait"}');
    else response.end('{"ok":true}');
  });
  assert.deepEqual(await ask(client), { ok: true });
});

test('and not for ever', async (context) => {
  const tooOften: Answer = (_request, response) =>
    response.writeHead(429).end('{"error":"too often","code":429,"reason":"too-many-requests","remedy":"wait"}');
  const error = await failure(ask(await serving(context, tooOften, { timeoutMs: 100 })));
  assert.equal(error.reason, 'too-many-requests');
});
