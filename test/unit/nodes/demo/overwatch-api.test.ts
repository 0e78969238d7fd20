import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type OverwatchApi, overwatchApi } from '../../../../src/nodes/demo/overwatch-api.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
}

/** A server that answers everything with this, and what it was asked. */
async function withAnswer(status: number, text: string, run: (api: OverwatchApi, asked: Asked[]) => Promise<void>): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += String(piece);
    asked.push({ method: request.method, url: request.url, body });
    response.writeHead(status).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(overwatchApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('overrides are set and cleared by the paths and words of the API', async () => {
  await withAnswer(204, '', async (api, asked) => {
    await api.setOverride('app.demo.local', '127.0.0.23', 'down', 'why');
    await api.clearOverride('app.demo.local', '127.0.0.23');
    const url = '/api/v1/overrides/app.demo.local/127.0.0.23';
    assert.deepEqual(asked, [
      { method: 'PUT', url, body: '{"action":"down","reason":"why"}' },
      { method: 'DELETE', url, body: '' },
    ]);
  });
});

test('a refusal is told with its words', async () => {
  await withAnswer(409, '{"reason":"would-empty-service"}', async (api) => {
    const setting = api.setOverride('app.demo.local', '127.0.0.23', 'down', 'why');
    await assert.rejects(setting, { code: 'refused', message: /PUT .* with 409: .*would-empty-service/ });
  });
});

test('an overwatch that is not there is told of too', async () => {
  let gone: OverwatchApi | undefined;
  await withAnswer(200, '', async (api) => void (gone = api));
  await assert.rejects(async () => gone?.clearOverride('app.demo.local', '127.0.0.23'), {
    code: 'refused',
    message: /did not answer DELETE/,
  });
  assert.equal(await gone?.standings('app.demo.local'), undefined);
});

test('what the overwatch thinks of each server is the verdict on it', async () => {
  const verdict = { status: 'down', authority: 'validation', reason: 'connection refused', because: [7] };
  const body = { name: 'app.demo.local', candidates: [{ address: '127.0.0.22', servers: [{ address: '127.0.0.22', port: 80, verdict }] }] };
  await withAnswer(200, JSON.stringify(body), async (api) => {
    const expected = [{ address: '127.0.0.22', status: 'down', reason: 'connection refused' }];
    assert.deepEqual(await api.standings('app.demo.local'), expected);
  });
});

for (const { what, status, text } of [
  { what: 'an error', status: 503, text: '{}' },
  { what: 'something else', status: 200, text: '{"candidates": "none"}' },
  { what: 'no JSON', status: 200, text: '<html>' },
]) {
  test(`${what} is no standing`, async () => {
    await withAnswer(status, text, async (api) => assert.equal(await api.standings('app.demo.local'), undefined));
  });
}
