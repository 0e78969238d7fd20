/** The API as tests ask it: a real engine on a real log in a temporary folder, behind real HTTP, with a clock moved by hand. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { isRefusal } from '../../src/commands/command.ts';
import type { Configuration } from '../../src/events/catalogue/configuration.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import type { EventLog } from '../../src/events/log.ts';
import { type ApiOptions, createApi } from '../../src/nodes/api/api.ts';
import { errorBody } from '../../src/nodes/api/errors.ts';
import type { Token } from '../../src/nodes/api/identity.ts';
import { listenApi } from '../../src/nodes/api/listen.ts';
import type { Api, Readiness } from '../../src/nodes/api/route-context.ts';
import type { TlsPaths } from '../../src/nodes/api/tls.ts';
import { type VirtualClock, virtualClock } from '../../src/nodes/clock.ts';
import { openKeys } from '../../src/nodes/dns/keys/keys.ts';
import { createEngine, type Engine, type Listener } from '../../src/nodes/engine.ts';
import { applying, order } from '../given.ts';

/** When the clock of every test starts. */
export const start = Date.UTC(2026, 10, 21, 3, 12);
export const startText = '2026-11-21T03:12:00.000Z';

export interface RunningApi {
  readonly api: Api;
  readonly port: number;
  readonly engine: Engine;
  readonly log: EventLog;
  /** Its own. */
  readonly folder: string;
  readonly clock: VirtualClock;
  /** What the program said of its own faults, and of guards that were passed by force. */
  readonly logged: readonly string[];
  readonly close: () => Promise<void>;
  readonly ask: <B = unknown>(method: string, path: string, options?: AskOptions) => Promise<Answer<B>>;
}

export interface RunOptions {
  readonly configuration: Configuration;
  readonly networks?: readonly string[];
  readonly trustProxyHeaders?: boolean;
  readonly readiness?: () => Readiness;
  readonly tokens?: readonly Token[];
  readonly tls?: TlsPaths;
  readonly checkNow?: ApiOptions['checkNow'];
  readonly reload?: ApiOptions['reload'];
  readonly agents?: ApiOptions['agents'];
  /** Whether it keeps keys and makes a first one for each zone. Default: it signs nothing. */
  readonly keys?: boolean;
}

/** Runs until the test ends; where several tests share it, until they close it. */
export async function runApi(test: TestContext | undefined, options: RunOptions): Promise<RunningApi> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-api-'));
  const clock = virtualClock(start);
  const log = await openLevelLog({ directory: join(folder, 'log'), node: 'test' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, () => {});
  engine.start();
  const outcome = await engine.execute(order(applying(options.configuration, { force: true })));
  assert(!isRefusal(outcome), JSON.stringify(outcome));
  const logged: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => logged.push(line) });
  const keys = options.keys ? await openKeys({ engine, clock, logger, secrets: join(folder, 'secrets') }) : undefined;
  if (keys !== undefined) listeners.push(keys.listener);
  keys?.begin();
  const api = createApi({
    engine,
    log,
    logger,
    settings: {
      allowed_networks: options.networks ?? ['127.0.0.0/8', '::1/128'],
      trust_proxy_headers: options.trustProxyHeaders ?? false,
      tokens: options.tokens ?? [],
      ...(options.tls !== undefined && { tls: options.tls }),
    },
    version: '1.2.3',
    readiness: options.readiness ?? (() => ({ dns: true, health: true })),
    clock,
    ...(options.checkNow !== undefined && { checkNow: options.checkNow }),
    ...(options.reload !== undefined && { reload: options.reload }),
    ...(options.agents !== undefined && { agents: options.agents }),
    ...(keys !== undefined && { keys }),
  });
  const port = await listenApi(api, '127.0.0.1:0');
  const close = async () => {
    await api.close();
    await keys?.stop();
    await engine.stop();
    await log.close();
    await rm(folder, { recursive: true });
  };
  test?.after(close);
  return { api, port, engine, log, clock, logged, folder, close, ask: (method, path, more) => ask(port, method, path, more) };
}

export interface AskOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address that is asked from. */
  readonly from?: string;
}

/** `B` is what the test takes the body for; it is undefined where there is none. */
export interface Answer<B = unknown> {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: B;
}

/** One request on a connection of its own. `path` begins after `/api/v1`, or with `//` for any other. */
export function ask<B = unknown>(
  port: number,
  method: string,
  path: string,
  { body, text, headers = {}, from }: AskOptions = {},
): Promise<Answer<B>> {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port, method, agent: false, path: path.startsWith('//') ? path.slice(1) : `/api/v1${path}` },
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(sent !== undefined && { 'content-length': Buffer.byteLength(sent) }),
          ...headers,
        },
        ...(from !== undefined && { localAddress: from }),
      },
      (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          received += chunk;
        });
        response.on('error', reject).on('end', () => {
          const status = response.statusCode ?? 0;
          resolve({ status, headers: response.headers, body: (received === '' ? undefined : JSON.parse(received)) as B });
        });
      },
    );
    asked.on('error', reject).end(sent);
  });
}

/** The header that carries a token, byte by byte as it is written. */
export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${Buffer.from(token, 'utf8').toString('latin1')}` };
}

/** Sends bytes on a connection of its own, and reads what comes until the other side closes it. */
export function sendRaw(port: number, sent: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(sent));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', reject).on('close', () => {
      const [head = '', body = ''] = received.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), headers: {}, body: body === '' ? undefined : JSON.parse(body) });
    });
  });
}

/** A refused request: its status, and its whole body. */
export function assertError(answer: Answer, code: number, reason: string, error: string, remedy: string): void {
  assert.deepEqual({ status: answer.status, body: answer.body }, { status: code, body: { error, code, reason, remedy } });
}

/** Whether an answer that is an error has the one shape of errors. */
export function isErrorShaped({ status, body }: Answer): boolean {
  const parsed = errorBody.safeParse(body);
  return parsed.success && parsed.data.code === status;
}

/** Lets the disk and the engine do their work until this holds. */
export async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
