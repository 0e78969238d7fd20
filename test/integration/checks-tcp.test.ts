import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { closedPort, target, tcpServer } from './check-servers.ts';
import { run } from './run-check.ts';

test('a port that accepts is a success, measured, and let go of without a word', async (context) => {
  let heard = 0;
  const server = await tcpServer(context, (socket) => socket.on('data', (bytes) => (heard += bytes.length)));
  const result = await run(target({ type: 'tcp', port: server.port }));
  assert.equal(result.error, null);
  assert.equal(result.status, null);
  assert.ok(result.connectUs !== null && result.connectUs > 0);
  assert.equal(result.tlsUs, null);
  assert.equal(result.firstByteUs, null);
  await server.allClosed();
  assert.equal(server.accepted(), 1);
  assert.equal(heard, 0);
});

test('IPv6 is checked as IPv4 is', async (context) => {
  const server = await tcpServer(context, () => {}, '::1');
  const result = await run(target({ type: 'tcp', address: '::1', port: server.port }));
  assert.equal(result.error, null);
});

test('a port that nobody listens on refuses', async () => {
  const result = await run(target({ type: 'tcp', port: await closedPort() }));
  assert.equal(result.error, 'connection refused');
  assert.ok(result.connectUs !== null);
});

/** Listens and never accepts: once its queue is full, the kernel leaves connections unanswered. */
const neverAccepts = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

test('a server that never accepts ends the check at its timeout, while connecting', async (context) => {
  const worker = new Worker(neverAccepts, { eval: true });
  context.after(() => worker.terminate());
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  for (let queued = 0; queued < 2; queued++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    context.after(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
  }
  const result = await run(target({ type: 'tcp', port, timeoutMs: 100 }));
  assert.equal(result.error, 'no answer within 100ms (connecting)');
  assert.ok(result.totalUs >= 99_000, `${result.totalUs}`);
});

test('a name is not looked up, and a bad port is a result', async () => {
  const name = await run(target({ type: 'tcp', address: 'localhost', port: 80 }));
  assert.equal(name.error, 'address of the check is not an IP address');
  const port = await run(target({ type: 'tcp', port: 70_000 }));
  assert.equal(port.error, 'port of the check is not a port');
});

test('a check that is cancelled ends at once, and one that was cancelled before does not begin', async (context) => {
  const server = await tcpServer(context, () => {});
  const cancelled = await run(target({ type: 'tcp', port: server.port }), AbortSignal.abort());
  assert.deepEqual([cancelled.error, cancelled.connectUs, cancelled.totalUs], ['cancelled', null, 0]);
  const controller = new AbortController();
  const running = run(target({ type: 'http', port: server.port, timeoutMs: 60_000 }), controller.signal);
  controller.abort();
  assert.equal((await running).error, 'cancelled');
  await server.allClosed();
});
