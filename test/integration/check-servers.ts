/** Servers of many characters on loopback, and targets for them. Each server is closed with the test that opened it. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { CheckTarget } from '../../src/nodes/checks/check.ts';

const tlsFixture = (file: string) => readFileSync(new URL(`../fixtures/tls/${file}`, import.meta.url), 'utf8');

export const certificates = { valid: tlsFixture('valid.crt'), expired: tlsFixture('expired.crt') } as const;

export interface TestServer {
  readonly port: number;
  /** Connections that were accepted, ever. */
  readonly accepted: () => number;
  /** Resolves when every connection that was accepted has been closed by the other side. */
  readonly allClosed: () => Promise<void>;
}

/** A server that treats each connection as `talk` says. */
export function tcpServer(context: TestContext, talk: (socket: Socket) => void, address = '127.0.0.1'): Promise<TestServer> {
  return started(context, createServer(talk), address);
}

export interface TlsTalk {
  readonly certificate?: keyof typeof certificates;
  readonly onSocket: (socket: TLSSocket) => void;
}

export function tlsServer(context: TestContext, { certificate = 'valid', onSocket }: TlsTalk): Promise<TestServer> {
  const server = createTlsServer({ cert: certificates[certificate], key: tlsFixture(`${certificate}.key`) }, onSocket);
  server.on('tlsClientError', () => {});
  return started(context, server, '127.0.0.1');
}

async function started(context: TestContext, server: Server, address: string): Promise<TestServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  let onChange = () => {};
  server.on('connection', (socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      open.delete(socket);
      onChange();
    });
    socket.resume();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  context.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const allClosed = () =>
    new Promise<void>((resolve) => {
      onChange = () => open.size === 0 && resolve();
      onChange();
    });
  return { port: (server.address() as AddressInfo).port, accepted: () => accepted, allClosed };
}

/** Answers the first bytes of a connection with `answer`, and says what the bytes were. */
export function answerWith(answer: string, heard?: (request: string) => void) {
  return (socket: Socket) => {
    socket.once('data', (bytes) => {
      heard?.(bytes.toString('latin1'));
      socket.end(answer);
    });
  };
}

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export function target(of: Partial<CheckTarget> & Pick<CheckTarget, 'type' | 'port'>): CheckTarget {
  return {
    address: '127.0.0.1',
    timeoutMs: 2_000,
    path: '/health',
    method: 'GET',
    headers: {},
    expectedStatus: [[200, 299]],
    verifyTls: true,
    ...of,
  };
}

/** A port that nobody listens on: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
