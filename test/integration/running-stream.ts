/** A real engine on a real log in a temporary folder, its API with the stream, and consumers that keep what they are sent. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import WebSocket from 'ws';
import type { Configuration } from '../../src/events/catalogue/configuration.ts';
import type { Event } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import type { Batch, EventLog } from '../../src/events/log.ts';
import { createApi } from '../../src/nodes/api/api.ts';
import { listenApi } from '../../src/nodes/api/listen.ts';
import { createRecentChanges } from '../../src/nodes/api/stream-recent.ts';
import { createEngine, type Engine, type Listener } from '../../src/nodes/engine.ts';
import type { Clock } from '../../src/nodes/world.ts';
import { applying, order } from '../given.ts';

export interface RunningStream {
  readonly engine: Engine;
  readonly log: EventLog;
  readonly port: number;
  /** How many batches the streams that catch up have read. */
  readonly batchesRead: () => number;
  readonly close: () => Promise<void>;
  /** Opens a stream; `query` begins behind the question mark. */
  readonly open: (query?: string, options?: OpenOptions) => Promise<Consumer>;
}

export interface OpenOptions {
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface StreamOptions {
  readonly clock: Clock;
  readonly configuration: Configuration;
  readonly tokens?: Configuration['api']['tokens'];
  /** Batches before this position are no longer there when they are read. */
  readonly goneBefore?: number;
  /** What happens after a stream was let in and before it reads. */
  readonly beforeRead?: () => Promise<unknown>;
  /** How much is kept of what changed. */
  readonly changesBytesMax?: number;
}

export async function runStream(
  test: TestContext,
  { clock, configuration, tokens = [], goneBefore = 1, beforeRead, changesBytesMax }: StreamOptions,
): Promise<RunningStream> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-stream-'));
  const log = await openLevelLog({ directory: join(folder, 'log'), node: 'test' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, () => {});
  engine.start();
  await engine.execute(order(applying(configuration, { force: true })));
  const recentChanges = createRecentChanges(engine.state, changesBytesMax);
  listeners.push(recentChanges.listener);
  let batches = 0;
  async function* read(options?: { readonly from?: number }): AsyncGenerator<Batch> {
    await beforeRead?.();
    for await (const batch of log.read(options)) {
      batches += 1;
      if (batch.first >= goneBefore) yield batch;
    }
  }
  const watched = Object.create(log, { read: { value: read } }) as EventLog;
  const api = createApi({
    ...{ engine, log: watched, recentChanges, clock },
    logger: pino({ level: 'silent' }),
    settings: { allowed_networks: ['127.0.0.0/8'], trust_proxy_headers: false, tokens },
    version: '1.2.3',
    readiness: () => ({ dns: true, health: true }),
  });
  const port = await listenApi(api, '127.0.0.1:0');
  let closing: Promise<void> | undefined;
  const close = async () => {
    await api.close();
    await engine.stop();
    await log.close();
    await rm(folder, { recursive: true });
  };
  const closeOnce = () => (closing ??= close());
  test.after(closeOnce);
  const open = async (query = '', options: OpenOptions = {}) => {
    const consumer = consume(`ws://127.0.0.1:${port}/api/v1/events/stream?${query}`, options);
    await consumer.opened;
    return consumer;
  };
  return { engine, log, port, batchesRead: () => batches, close: closeOnce, open };
}

export type Frame = Event | { readonly bookmark: number } | ChangeFrame;
export interface ChangeFrame {
  readonly change: { readonly kind: string; readonly service: string; readonly [key: string]: unknown };
  readonly position: number;
  readonly at: number;
}

export const isEvent = (frame: Frame): frame is Event => 'type' in frame;
export const isChange = (frame: Frame): frame is ChangeFrame => 'change' in frame;

export interface Consumer {
  readonly socket: WebSocket;
  /** Rejects with the HTTP status where the stream is refused before it begins. */
  readonly opened: Promise<void>;
  readonly frames: readonly Frame[];
  /** How it was closed, once it was. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Waits until this holds of what was received; fails after a while. */
  until(holds: (frames: readonly Frame[]) => boolean): Promise<readonly Frame[]>;
  end(): Promise<void>;
}

export function consume(url: string, { from, headers }: OpenOptions = {}): Consumer {
  const socket = new WebSocket(url, { ...(headers && { headers }), ...(from !== undefined && { localAddress: from }) });
  const frames: Frame[] = [];
  let look = () => {};
  socket.on('message', (bytes: Buffer, isBinary) => {
    assert(!isBinary, 'frames are text');
    frames.push(JSON.parse(bytes.toString('utf8')) as Frame);
    look();
  });
  const closed = once(socket, 'close').then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('open', resolve).on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      reject(new Error(`refused with ${response.statusCode}`));
      socket.terminate();
    });
  });
  opened.catch(() => {});
  closed.catch(() => {});
  return {
    ...{ socket, opened, frames, closed },
    until: (holds) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`waited in vain; received ${JSON.stringify(frames).slice(0, 2_000)}`)), 15_000);
        look = () => {
          if (!holds(frames)) return;
          clearTimeout(timer);
          resolve(frames);
        };
        look();
      }),
    end: async () => {
      socket.close();
      await closed;
    },
  };
}
