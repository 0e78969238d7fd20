/**
 * The demo's stage: a temporary folder, three web servers and an overwatch as processes of their own, and a client in
 * this one. Whatever was opened is closed again, also when opening the rest fails: no process and no file stays.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../world.ts';
import { type CastServer, configurationText, overwatchAddress, type Ports, servers, service } from './cast.ts';
import { type Child, type ChildEnd, siblingFile, startChild } from './child.ts';
import { type Client, createClient } from './client.ts';
import { type ClientLog, createClientLog } from './client-log.ts';
import { DemoError, throwIfInterrupted } from './demo-error.ts';
import { type OverwatchApi, overwatchApi } from './overwatch-api.ts';
import { freePort } from './ports.ts';

export interface StageOptions {
  /** The file that is `opengslb`, as an absolute path. */
  readonly program: string;
  readonly clock: Clock;
  /** Whether a witness asks DNS beside the client, without a cache. */
  readonly witness: boolean;
  readonly signal: AbortSignal;
}

export interface Stage {
  readonly folder: string;
  /** What `opengslb replay` can read once the overwatch has stopped. */
  readonly dataFolder: string;
  readonly ports: Ports;
  readonly api: OverwatchApi;
  readonly client: Client;
  /** What the client saw. */
  readonly log: ClientLog;
  /** The process that runs as this server now. */
  pidOf(server: CastServer): number;
  killServer(server: CastServer): Promise<void>;
  startServer(server: CastServer): Promise<void>;
  /** How the overwatch ended, if it has. */
  readonly overwatchEnd: ChildEnd | undefined;
  readonly overwatchEnded: Promise<ChildEnd>;
  /** Resolves when it has stopped in order. */
  stopOverwatch(): Promise<void>;
  /** Runs `opengslb` once more, and gives what it printed. */
  run(...words: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** How long the overwatch may take until it has found all servers up. */
const readyWithinMs = 20_000;
const readyPollMs = 50;

export async function openStage({ program, clock, witness, signal }: StageOptions): Promise<Stage> {
  const ports = await choosePorts();
  const log = createClientLog();
  const client = createClient({ service, port: ports.web, dns: { address: overwatchAddress, port: ports.dns }, clock, log, witness });
  const api = overwatchApi(`http://${overwatchAddress}:${ports.api}`);
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-demo-'));
  const children = createTroupe(folder);
  const close = async () => {
    await client.stop();
    await children.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const webs = new Map<CastServer, Child>();
  const startServer = async (server: CastServer) => {
    const child = children.start([siblingFile('web-server'), server.name, server.address, String(ports.web)]);
    webs.set(server, child);
    if ((await child.said) === undefined) throw childFailed(server.name, child);
  };
  try {
    await Promise.all(servers.map(startServer));
    await writeFile(join(folder, 'config.yaml'), configurationText(ports), { mode: 0o600 });
    const overwatch = children.start([program, 'overwatch', '--config', join(folder, 'config.yaml')]);
    await untilReady(api, overwatch, clock, signal);
    return {
      folder,
      dataFolder: join(folder, 'data'),
      ports,
      api,
      client,
      log,
      pidOf: (server) => webs.get(server)?.pid ?? 0,
      killServer: async (server) => void (await webs.get(server)?.kill()),
      startServer,
      get overwatchEnd() {
        return overwatch.end;
      },
      overwatchEnded: overwatch.ended,
      async stopOverwatch() {
        const { code } = await overwatch.stop();
        if (code !== 0) throw childFailed('the overwatch', overwatch);
      },
      async run(...words) {
        const child = children.start([program, ...words]);
        const { code } = await child.ended;
        if (code !== 0) throw childFailed(`opengslb ${words.join(' ')}`, child);
        return child.output();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export interface Troupe {
  start(program: readonly string[], within?: readonly string[]): Child;
  stop(): Promise<void>;
}

/** The children that run now, each in the demo's folder. */
export function createTroupe(folder: string): Troupe {
  const running = new Set<Child>();
  // What a child puts aside for a moment lies in the demo's folder too, so that it goes with it.
  const options = { folder, environment: { ...process.env, TMPDIR: folder } };
  return {
    start(program, within = []) {
      const child = startChild(program, { ...options, within });
      running.add(child);
      void child.ended.then(() => running.delete(child));
      return child;
    },
    async stop() {
      await Promise.all([...running].map((child) => child.stop()));
    },
  };
}

async function choosePorts(): Promise<Ports> {
  const web = await freePort(servers.map(({ address }) => address));
  const dns = await freePort([overwatchAddress]);
  for (;;) {
    const api = await freePort([overwatchAddress]);
    if (api !== dns) return { web, dns, api };
  }
}

async function untilReady(api: OverwatchApi, overwatch: Child, clock: Clock, signal: AbortSignal): Promise<void> {
  const until = clock.now() + readyWithinMs;
  for (;;) {
    const standings = await api.standings(service);
    if (standings?.every(({ status }) => status === 'up')) return;
    throwIfInterrupted(signal);
    if (overwatch.end !== undefined || clock.now() > until) throw childFailed('the overwatch', overwatch);
    await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + readyPollMs, resolve));
  }
}

export function childFailed(name: string, child: Child): DemoError {
  const what =
    child.end === undefined
      ? `did not serve within ${readyWithinMs / 1000} s`
      : `ended with ${child.end.signal ?? `code ${child.end.code}`}`;
  const said = `${child.complaint()}${child.output().split('\n').slice(-5).join('\n')}`.trim();
  return new DemoError('child-failed', `${name} ${what}`, said === '' ? 'it printed nothing' : `it printed:\n${said}`);
}
