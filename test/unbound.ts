/**
 * Debian's unbound, as tests ask it: a real resolver in a process of its own, which validates or only caches, and never
 * leaves loopback. What it says is heard over the wire.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, type Packet } from 'dns-packet';
import { freePort } from './e2e/overwatch-process.ts';
import { lines, query } from './unit/nodes/dns/demo.ts';

/** Debian puts servers where only root's path looks. */
export const pathWithServers = `${process.env.PATH}:/usr/sbin`;

/** For `skip`: false where the program is there. */
export function missing(program: string, debianPackage = program): string | false {
  const isThere = spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH: pathWithServers } }).status === 0;
  return isThere ? false : `${program} is not installed (Debian's package is ${debianPackage})`;
}

export interface UnboundOptions {
  readonly folder: string;
  /** What its configuration is called, where several are in one folder. */
  readonly name?: string;
  /** DS or DNSKEY in presentation form. Without one it validates nothing. */
  readonly anchor?: string;
  /** Whether it keeps what it heard. Without, each question reaches the servers. */
  readonly caches?: boolean;
  /** Ports of the servers of zones. */
  readonly stubs?: Readonly<Record<string, readonly number[]>>;
  /** The port of the resolver that it asks everything. */
  readonly forwardTo?: number;
}

export interface Heard {
  readonly rcode: string;
  readonly isSecure: boolean;
  readonly lines: readonly string[];
}

export interface Unbound {
  readonly port: number;
  /** Asks until there is an answer. */
  ask(name: string, type: number, flags?: number): Promise<Heard>;
  /** What it said of itself. */
  said(): string;
  end(): Promise<void>;
}

function configuration(port: number, { anchor, caches = false, stubs = {}, forwardTo }: UnboundOptions): string {
  return [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    `  port: ${port}`,
    '  outgoing-interface: 127.0.0.1',
    '  access-control: 127.0.0.0/8 allow',
    '  do-ip6: no',
    '  do-daemonize: no',
    '  do-not-query-localhost: no',
    '  chroot: ""',
    '  username: ""',
    '  pidfile: ""',
    '  use-syslog: no',
    // RFC 6761 has it refuse names under `test` by itself.
    '  local-zone: "test." nodefault',
    '  val-log-level: 2',
    '  target-fetch-policy: "0 0 0 0 0"',
    ...(anchor === undefined ? ['  module-config: "iterator"'] : ['  module-config: "validator iterator"', `  trust-anchor: "${anchor}"`]),
    ...(caches ? [] : ['  cache-max-ttl: 0', '  cache-max-negative-ttl: 0']),
    'remote-control:',
    '  control-enable: no',
    ...Object.entries(stubs).flatMap(([zone, ports]) => [
      'stub-zone:',
      `  name: "${zone}"`,
      ...ports.map((stub) => `  stub-addr: 127.0.0.1@${stub}`),
    ]),
    ...(forwardTo === undefined ? [] : ['forward-zone:', '  name: "."', `  forward-addr: 127.0.0.1@${forwardTo}`]),
    '',
  ].join('\n');
}

/** When it serves. A port that somebody else took in between is given up for another. */
export async function startUnbound(options: UnboundOptions): Promise<Unbound> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const file = join(options.folder, `${options.name ?? 'unbound'}.conf`);
    await writeFile(file, configuration(port, options));
    const child = spawn('unbound', ['-d', '-c', file], { env: { PATH: pathWithServers }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    const serves = new Promise<boolean>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('start of service')) resolve(true);
      });
      child.once('exit', () => resolve(false));
    });
    if (await serves)
      return { ask: (name, type, flags = 0x0100) => ask(port, name, type, flags), port, said: () => said, end: () => endOf(child) };
    assert(attempt < 5, `unbound does not start: ${said}`);
  }
}

async function ask(port: number, name: string, type: number, flags: number): Promise<Heard> {
  const socket = createSocket('udp4');
  try {
    const send = () => socket.send(query(name, { type, flags, edns: { flags: 0x8000, size: 1232 } }), port, '127.0.0.1');
    const again = setInterval(send, 300);
    send();
    const [bytes] = (await once(socket, 'message').finally(() => clearInterval(again))) as [Buffer];
    const reply = decode(bytes) as unknown as Packet & { readonly rcode: string; readonly flag_ad: boolean };
    const answers = (reply.answers ?? []).filter((record) => (record.type as string) !== 'RRSIG');
    return { rcode: reply.rcode, isSecure: reply.flag_ad, lines: lines(answers) };
  } finally {
    socket.close();
  }
}

/** Ends a process that a test started. */
export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
