import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CheckTarget } from '../../src/nodes/checks/check.ts';
import { checks } from '../../src/nodes/checks/checks.ts';
import { answerWith, type certificates, ok, target, tcpServer, tlsServer } from './check-servers.ts';
import { run } from './run-check.ts';

/** Checks a server with one of the certificates, and says what server name and how much of a request it heard. */
async function check(context: TestContext, certificate: keyof typeof certificates, of: Partial<CheckTarget> = {}) {
  let name: string | false | null = null;
  let heard = '';
  const server = await tlsServer(context, {
    certificate,
    onSocket: (socket) => {
      name = socket.servername as string | false | null;
      answerWith(ok, (request) => (heard = request))(socket);
    },
  });
  const result = await run(target({ type: 'https', port: server.port, ...of }));
  await server.allClosed();
  return { result, name, heard };
}

test('the phases of a success follow each other: connection, TLS, first byte', async (context) => {
  const { result } = await check(context, 'valid', { expectedBody: 'ok' });
  assert.deepEqual([result.error, result.status], [null, 200]);
  for (const phase of [result.connectUs, result.tlsUs, result.firstByteUs]) assert.ok(phase !== null && phase > 0);
});

test('the host is the TLS server name; an address never is', async (context) => {
  const rows: readonly (readonly [host: string | undefined, name: string | false])[] = [
    ['checks.example', 'checks.example'],
    ['checks.example:8443', 'checks.example'],
    [undefined, false],
    ['127.0.0.1', false],
    ['[::1]:443', false],
  ];
  for (const [host, expected] of rows) {
    const { result, name } = await check(context, 'valid', host === undefined ? {} : { host });
    assert.deepEqual([result.error, name], [null, expected], host);
  }
});

test('a certificate must be valid for the host, and nothing is said to a server whose is not', async (context) => {
  const rows: readonly (readonly [keyof typeof certificates, Partial<CheckTarget>, string])[] = [
    ['expired', {}, 'certificate expired'],
    ['valid', { host: 'other.example' }, 'certificate is for another host'],
    ['valid', { host: '192.0.2.1' }, 'certificate is for another host'],
  ];
  for (const [certificate, of, error] of rows) {
    const { result, heard } = await check(context, certificate, of);
    assert.deepEqual([result.error, result.status, result.firstByteUs, heard], [error, null, null, '']);
    assert.ok(result.tlsUs !== null);
  }
});

test('the well-known authorities do not know a self-signed certificate', async (context) => {
  const server = await tlsServer(context, { onSocket: answerWith(ok) });
  const of = target({ type: 'https', port: server.port });
  const { signal } = new AbortController();
  assert.equal((await checks.https(of, signal)).error, 'certificate self-signed');
  assert.equal((await checks.https({ ...of, verifyTls: false }, signal)).error, null);
  await server.allClosed();
});

test('without verification any certificate will do', async (context) => {
  const { result } = await check(context, 'expired', { verifyTls: false, host: 'other.example' });
  assert.equal(result.error, null);
});

test('a port without TLS, one that closes and one that is silent fail in the handshake', async (context) => {
  const rows: readonly (readonly [Parameters<typeof tcpServer>[1], string])[] = [
    [answerWith('HTTP/1.1 400 Bad Request\r\n\r\n'), 'the port does not speak TLS'],
    [answerWith(''), 'connection closed by the server (TLS handshake)'],
    [() => {}, 'no answer within 120ms (TLS handshake)'],
  ];
  for (const [talk, error] of rows) {
    const server = await tcpServer(context, talk);
    const result = await run(target({ type: 'https', port: server.port, timeoutMs: 120 }));
    assert.deepEqual([result.error, result.firstByteUs], [error, null]);
    assert.ok(result.tlsUs !== null);
    await server.allClosed();
  }
});
