/**
 * A real overwatch in a process of its own, from the built program, in a temporary folder; real web servers for it to
 * check; and a DNS client that asks it. For tests of what people and clients see from outside.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode, type RecordType } from 'dns-packet';
import { freePort as freePortOn } from '../../src/nodes/demo/ports.ts';

export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export const acknowledgment =
  'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
export async function runProgram(...args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return collectOutput(child);
}

interface Output {
  stdout: string;
  stderr: string;
}

function collect(child: ChildProcess): Output {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return output;
}

/** What a process says until it ends. */
export function collectOutput(child: ChildProcess): Promise<Finished> {
  return finished(child, collect(child));
}

async function finished(child: ChildProcess, output: Output): Promise<Finished> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return { code: child.exitCode, signal: child.signalCode, ...output };
}

export interface RunningOverwatch {
  readonly dnsPort: number;
  readonly apiUrl: string;
  readonly pid: number;
  /** What it has said on standard output so far. */
  output(): string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Finished>;
}

export interface StartOptions {
  readonly form?: readonly string[];
  readonly cwd?: string | undefined;
  /** In addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the built program. */
  readonly command?: readonly string[];
  /** How long to wait until it serves: a hundred thousand names take their time. */
  readonly limitMs?: number;
}

/** Starts `opengslb overwatch` and waits until it says that it serves. */
export async function startOverwatchProcess(
  configFile: string,
  { form = ['overwatch'], cwd, env = {}, command = [process.execPath, program], limitMs }: StartOptions = {},
): Promise<RunningOverwatch> {
  const [file = '', ...first] = command;
  const child = spawn(file, [...first, ...form, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
    env: { ...process.env, ...env },
  });
  const output = collect(child);
  const look = () => {
    assert.equal(child.exitCode, null, `it ended early: ${output.stderr}`);
    return output.stdout.split('\n').find((line) => line.includes('"serving"'));
  };
  const serving = await until('the overwatch serves', look, limitMs);
  const { dns, api } = JSON.parse(serving) as { dns: string; api: string };
  return {
    dnsPort: portIn(dns),
    apiUrl: `http://127.0.0.1:${portIn(api)}/api/v1`,
    pid: child.pid as number,
    output: () => output.stdout,
    end: async (signal) => {
      child.kill(signal);
      return finished(child, output);
    },
  };
}

const portIn = (words: string) => Number(/\d+$/.exec(words)?.[0]);

/** Waits for a condition; fails after `limitMs`. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>, limitMs = 15_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    assert(Date.now() < deadline, `waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface WebServer {
  readonly address: string;
  close(): Promise<void>;
}

/** A web server that answers everything with 200. */
export async function startWebServer(address: string, port: number): Promise<WebServer> {
  const server: Server = createServer((_request, response) => response.end('ok'));
  server.listen(port, address);
  await once(server, 'listening');
  return {
    address,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const given = new Set<number>();

/**
 * A port of the address that is free for TCP and UDP, and another one each time. None that the kernel gives away: it would
 * be another program's before it is listened on.
 */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const port = await freePortOn([address]);
  if (given.has(port)) return freePort(address);
  given.add(port);
  return port;
}

/** A folder with a configuration: one service, servers at these addresses, checked five times a second. */
export async function makeFolder(options: {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly dnsPort?: number;
}): Promise<{ folder: string; configFile: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-e2e-'));
  const configFile = join(folder, 'config.yaml');
  const servers = options.addresses.map((address) => `      - { service: app.demo.local, address: ${address}, port: ${options.port} }`);
  await writeFile(
    configFile,
    [
      'overwatch:',
      '  identity: { node_id: overwatch-1 }',
      `  data_dir: ${join(folder, 'data')}`,
      '  dnssec:',
      '    enabled: false',
      `    security_acknowledgment: ${acknowledgment}`,
      'dns:',
      `  listen_address: 127.0.0.1:${options.dnsPort ?? 0}`,
      '  zones:',
      '    - name: demo.local',
      '      nameservers: [{ name: ns1.demo.local, address: 127.0.0.1 }]',
      'regions:',
      '  - name: demo',
      '    health_check: { type: http, path: /, interval: 200ms, timeout: 200ms, failure_threshold: 2, success_threshold: 2 }',
      '    servers:',
      ...servers,
      'domains:',
      '  - { name: app.demo.local, regions: [demo], ttl: 1, answers: all }',
      'api: { enabled: true, address: "127.0.0.1:0" }',
      '',
    ].join('\n'),
  );
  return { folder, configFile, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The addresses that DNS answers, sorted; or the rcode where there are none. Rejects after five seconds, or at the signal. */
export async function resolve(dnsPort: number, name = 'app.demo.local', type: RecordType = 'A', signal?: AbortSignal): Promise<string> {
  const socket = createSocket('udp4');
  const ended = AbortSignal.any([AbortSignal.timeout(5_000), ...(signal === undefined ? [] : [signal])]);
  try {
    socket.send(encode({ type: 'query', id: 7, questions: [{ type, name }] }), dnsPort, '127.0.0.1');
    const [message] = (await once(socket, 'message', { signal: ended })) as [Buffer];
    const reply = decode(message) as ReturnType<typeof decode> & { rcode: string };
    const addresses = (reply.answers ?? []).map((answer) => String((answer as { data: unknown }).data));
    return addresses.length === 0 ? reply.rcode : addresses.sort().join(' ');
  } finally {
    socket.close();
  }
}

/** Asks the API; the body is what it answered. */
export async function api<T>(url: string, method = 'GET', body?: unknown): Promise<{ status: number; body: T }> {
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}
