import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { CheckTarget } from '../../src/nodes/checks/check.ts';
import { version } from '../../src/nodes/version.ts';
import { answerWith, ok, target, tcpServer } from './check-servers.ts';
import { run } from './run-check.ts';

/** Checks a server that answers with `answer`, text to say or how to talk. */
async function check(context: TestContext, answer: string | ((socket: Socket) => void), of: Partial<CheckTarget> = {}) {
  const server = await tcpServer(context, typeof answer === 'string' ? answerWith(answer) : answer);
  const result = await run(target({ type: 'http', port: server.port, ...of }));
  await server.allClosed();
  assert.equal(server.accepted(), 1);
  return result;
}

/** Says `text` over and over, until the other side has gone. */
function repeating(begin: string, text: string, everyMs: number) {
  return (socket: Socket) => {
    socket.write(begin);
    const timer = setInterval(() => socket.write(text), everyMs);
    socket.once('close', () => clearInterval(timer));
  };
}

test('the request is what the target says, on a connection of its own', async (context) => {
  let heard = '';
  const server = await tcpServer(
    context,
    answerWith(ok, (request) => (heard = request)),
  );
  await run(target({ type: 'http', port: server.port }));
  assert.deepEqual(heard.split('\r\n'), [
    'GET /health HTTP/1.1',
    `Host: 127.0.0.1:${server.port}`,
    `User-Agent: opengslb-check/${version}`,
    'Accept: */*',
    'Connection: close',
    '',
    '',
  ]);
  const headers = { 'X-Probe': 'yes', 'user-agent': 'other' };
  await run(target({ type: 'http', port: server.port, method: 'POST', path: '/a?b=c', host: 'app.example.com', headers }));
  assert.deepEqual(heard.split('\r\n'), [
    'POST /a?b=c HTTP/1.1',
    'Host: app.example.com',
    'user-agent: other',
    'Accept: */*',
    'X-Probe: yes',
    'Connection: close',
    'Content-Length: 0',
    '',
    '',
  ]);
});

test('a success is measured from the connection to the first byte, not to the end of the header', async (context) => {
  const startedAt = performance.now();
  const result = await check(context, (socket) => {
    const begin = () => {
      socket.write('H');
      setTimeout(() => socket.end(ok.slice(1)), 200);
    };
    socket.once('data', () => setTimeout(begin, 60));
  });
  assert.deepEqual([result.ok, result.status, result.tlsUs], [true, 200, null]);
  assert.ok(result.firstByteUs !== null && result.firstByteUs >= 50_000, `${result.firstByteUs}`);
  assert.ok((performance.now() - startedAt) * 1_000 - result.totalUs >= 150_000, `${result.totalUs}`);
});

test('over IPv6 the Host header has brackets', async (context) => {
  let heard = '';
  const server = await tcpServer(
    context,
    answerWith(ok, (request) => (heard = request)),
    '::1',
  );
  const result = await run(target({ type: 'http', address: '::1', port: server.port }));
  assert.equal(result.error, null);
  assert.match(heard, new RegExp(`\\r\\nHost: \\[::1\\]:${server.port}\\r\\n`));
});

test('the status is judged, and a redirect is an answer like any other', async (context) => {
  const redirect = 'HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n';
  const rows: readonly (readonly [answer: string, of: Partial<CheckTarget>, status: number | null, error: string | null])[] = [
    [ok, { expectedStatus: [[200, 200]] }, 200, null],
    ['HTTP/1.1 299 Fine\r\n\r\n', {}, 299, null],
    ['HTTP/1.1 503 Busy\r\n\r\n', {}, 503, 'status 503, expected 200-299'],
    [redirect, {}, 302, 'status 302, expected 200-299'],
    [redirect, { expectedStatus: [[302, 302]] }, 302, null],
    [
      ok,
      {
        expectedStatus: [
          [204, 204],
          [300, 399],
        ],
      },
      200,
      'status 200, expected 204 or 300-399',
    ],
    ['HTTP/1.1 503 Busy\r\n\r\nok', { expectedBody: 'ok' }, 503, 'status 503, expected 200-299'],
    ['HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', { expectedStatus: [[101, 101]] }, 101, null],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Done\r\n\r\n', {}, 204, null],
    ['HTTP/1.1 099 What\r\n\r\n', { expectedStatus: [[0, 999]] }, null, 'the answer is not HTTP (no such status)'],
  ];
  for (const [answer, of, status, error] of rows) {
    const result = await check(context, answer, of);
    assert.deepEqual([result.status, result.error], [status, error], answer);
  }
});

test('a body is read only where a text is expected, and only its first 64 KiB', async (context) => {
  const begin = 'HTTP/1.1 200 OK\r\n\r\n';
  const within = `${begin}${'x'.repeat(65_534)}ok`;
  const beyond = `${begin}${'x'.repeat(65_535)}ok`;
  const rows: readonly (readonly [answer: string, of: Partial<CheckTarget>, error: string | null])[] = [
    [ok, { expectedBody: 'ok' }, null],
    [`${begin}all läuft€`, { expectedBody: 'läuft€' }, null],
    [`${begin}fine`, { expectedBody: 'ok' }, 'body does not contain "ok"'],
    [`${begin}fine`, { expectedBody: 'a\nb' }, 'body does not contain "a?b"'],
    [begin, { expectedBody: 'ok', method: 'HEAD' }, 'body does not contain "ok"'],
    [within, { expectedBody: 'ok' }, null],
    [beyond, { expectedBody: 'ok' }, 'first 64 KiB of the body do not contain "ok"'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine', { expectedBody: 'ok' }, 'connection closed by the server (reading the body)'],
  ];
  for (const [answer, of, error] of rows) {
    const result = await check(context, answer, of);
    assert.deepEqual([result.status, result.error], [200, error], answer.slice(0, 60));
  }
});

test('a body that never ends is dropped as soon as the text has come, and costs its time', async (context) => {
  const result = await check(context, repeating('HTTP/1.1 200 OK\r\n\r\n', 'o', 5), { expectedBody: 'o'.repeat(10) });
  assert.equal(result.error, null);
  assert.ok(result.totalUs >= (result.connectUs ?? 0) + (result.firstByteUs ?? 0) + 20_000, `${result.totalUs}`);
});

test('the timeout is over all phases, and nobody escapes it by dripping', async (context) => {
  const rows: readonly (readonly [talk: (socket: Socket) => void, of: Partial<CheckTarget>, status: number | null, stage: string])[] = [
    [() => {}, {}, null, 'waiting for the answer'],
    [repeating('', 'H', 1_000), {}, null, 'waiting for the answer'],
    [repeating('HTTP/1.1 200 OK\r\nX: ', 'x', 5), {}, null, 'waiting for the answer'],
    [repeating('', 'HTTP/1.1 100 Continue\r\n\r\n', 5), {}, null, 'waiting for the answer'],
    [repeating('HTTP/1.1 200 OK\r\n\r\n', 'x', 5), { expectedBody: 'ok' }, 200, 'reading the body'],
  ];
  for (const [talk, of, status, stage] of rows) {
    const result = await check(context, talk, { timeoutMs: 120, ...of });
    assert.deepEqual([result.status, result.error], [status, `no answer within 120ms (${stage})`]);
    assert.ok(result.totalUs >= 119_000, `${result.totalUs}`);
  }
});

test('answers that are no answer are told in words, without a byte of them', async (context) => {
  const rows: readonly (readonly [talk: string | ((socket: Socket) => void), error: RegExp])[] = [
    [(socket) => socket.end(), /^connection closed by the server \(waiting for the answer\)$/],
    [(socket) => socket.once('data', () => socket.end()), /^connection closed by the server \(waiting for the answer\)$/],
    [(socket) => socket.once('data', () => socket.resetAndDestroy()), /^connection reset$/],
    ['SSH-2.0-\u001b[31mred\r\n', /^the answer is not HTTP \(HPE_[A-Z_]+\)$/],
    ['HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', /^the answer is not HTTP \(HPE_[A-Z_]+\)$/],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, /^header of the answer is longer than 16 KiB$/],
    ['HTTP/1.1 200 OK\r\nContent', /^connection closed by the server \(waiting for the answer\)$|^the answer is not HTTP/],
  ];
  for (const [talk, error] of rows) assert.match((await check(context, talk)).error ?? '', error);
});

test('settings that cannot be sent are results too', async (context) => {
  const rows: readonly (readonly [of: Partial<CheckTarget>, error: string])[] = [
    [{ path: '/ä b' }, 'path of the check holds characters that must be percent-encoded'],
    [{ method: 'GE T' }, 'method or a header name of the check is not valid'],
    [{ headers: { 'X-Y': 'a\r\nb' } }, 'host or a header of the check holds characters that cannot be sent'],
    [{ host: 'a\nb' }, 'host or a header of the check holds characters that cannot be sent'],
    [{ headers: { 'Content-Length': '5' } }, 'header "Content-Length" cannot be set: a check sends no body'],
  ];
  for (const [of, error] of rows) assert.equal((await check(context, ok, of)).error, error);
});

test('whatever bytes a server sends, in whatever pieces, the check has a result', async (context) => {
  let pieces: readonly Uint8Array[] = [];
  const server = await tcpServer(context, (socket) => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
  const like = fc
    .constantFrom('HTTP/1.1 200 OK', '\r\n', '\r\n\r\n', 'Content-Length: 3', 'Transfer-Encoding: chunked', '5\r\nabc')
    .map((text) => Buffer.from(text));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), like), { maxLength: 12 }), async (sent) => {
      pieces = sent;
      await run(target({ type: 'http', port: server.port, expectedBody: 'ok', timeoutMs: 1_000 }));
    }),
    { numRuns: 150 },
  );
});
