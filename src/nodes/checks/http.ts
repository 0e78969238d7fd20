/**
 * The check of an HTTP/1.1 server, plain or over TLS: one request on its own connection, judged by the status and, where
 * one is expected, by a text in the body. A redirect is an answer like any other and is not followed; proxies that the
 * environment names are not used, because the connection is opened here.
 */
import { type IncomingMessage, request } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type Attempt, attempt } from './attempt.ts';
import { searchBody } from './body-search.ts';
import type { Check, CheckTarget } from './check.ts';
import { openTcp, openTls } from './connect.ts';
import { checkLimits } from './limits.ts';
import { quoted } from './reasons.ts';

/** What all requests have in common. */
export interface HttpOptions {
  readonly userAgent: string;
  /** What certificates are verified with. */
  readonly secureContext: SecureContext;
}

/** They say how long a body is, and a check sends none: with them the server would wait for it. */
const refusedHeaders: readonly string[] = ['content-length', 'transfer-encoding'];

/** Headers of the target go before ours of the same name. */
export function createHttpCheck({ userAgent, secureContext }: HttpOptions): Check {
  return (target, signal) =>
    attempt(target, signal, (attempt) => {
      const opened = (socket: Socket) => ask(attempt, socket, userAgent);
      return target.type === 'https' ? openTls(attempt, secureContext, opened) : openTcp(attempt, opened);
    });
}

function ask(attempt: Attempt, socket: Socket, userAgent: string): void {
  const { target } = attempt;
  const refused = Object.keys(target.headers).find((name) => refusedHeaders.includes(name.toLowerCase()));
  if (refused !== undefined) {
    attempt.end(`header ${quoted(refused)} cannot be set: a check sends no body`);
    return;
  }

  attempt.enter('firstByte');
  let firstByteAt: number | undefined;
  try {
    const question = request({
      createConnection: () => socket,
      method: target.method,
      path: target.path,
      headers: { Host: hostHeader(target), 'User-Agent': userAgent, Accept: '*/*', ...target.headers },
      maxHeaderSize: checkLimits.headerBytesMax,
      insecureHTTPParser: false,
    });
    // The parser must not see the first byte before the stopwatch does.
    question.once('socket', () => socket.prependOnceListener('data', () => (firstByteAt = attempt.elapsedUs())));
    question.on('error', attempt.fail);
    question.once('response', (answer) => judge(attempt, answer, firstByteAt));
    question.once('upgrade', (answer) => judge(attempt, answer, firstByteAt));
    question.end();
  } catch (error) {
    attempt.fail(error);
  }
}

/** The status is judged first; a body is read only where it can still decide. */
function judge(attempt: Attempt, answer: IncomingMessage, firstByteAt: number | undefined): void {
  const { expectedStatus, expectedBody } = attempt.target;
  const status = answer.statusCode ?? 0;
  // An error that nobody listens for would end the process.
  answer.on('error', attempt.fail);
  if (status >= 100) attempt.answered(status);
  const wrong = wrongStatus(status, expectedStatus);
  if (wrong !== null || expectedBody === undefined) {
    attempt.end(wrong, firstByteAt);
    return;
  }
  attempt.enter('body', firstByteAt);
  readBody(attempt, answer, expectedBody);
}

function wrongStatus(status: number, expected: CheckTarget['expectedStatus']): string | null {
  if (status < 100) return 'the answer is not HTTP (no such status)';
  if (expected.some(([from, to]) => status >= from && status <= to)) return null;
  const ranges = expected.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return `status ${status}, expected ${ranges.join(' or ')}`;
}

function readBody(attempt: Attempt, answer: IncomingMessage, expected: string): void {
  const search = searchBody(expected, checkLimits.bodyBytesMax);
  answer.on('data', (piece: Buffer) => {
    const result = search(piece);
    if (result === 'found') attempt.end(null);
    if (result === 'not-in-limit')
      attempt.end(`first ${checkLimits.bodyBytesMax / 1024} KiB of the body do not contain ${quoted(expected)}`);
  });
  answer.once('end', () => attempt.end(`body does not contain ${quoted(expected)}`));
}

/** `host` as it is given, else the address, with the port where it is not the scheme's (RFC 9110 section 7.2). */
export function hostHeader({ type, host, address, port }: CheckTarget): string {
  const name = host ?? address;
  const written = isIPv6(name) ? `[${name}]` : name;
  const usual = type === 'https' ? 443 : 80;
  return host !== undefined || port === usual ? written : `${written}:${port}`;
}
