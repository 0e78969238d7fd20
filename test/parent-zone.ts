/**
 * A parent zone of somebody else: signed with a key of its own, and served by NSD, on as many servers as a test wants. The
 * test is its operator: it says which DS records the zone has for each child, and which servers have heard of it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './e2e/overwatch-process.ts';
import { endOf, pathWithServers } from './unbound.ts';

export interface ParentZone {
  /** DS of its key: what a validator begins with. */
  readonly anchor: string;
  /** Of each server. */
  readonly ports: readonly number[];
  /** Puts these DS records into the zone, signs it anew, and has these servers load it: all, where none is named. */
  publish(ds: Readonly<Record<string, readonly string[]>>, ...servers: readonly number[]): Promise<void>;
  end(): Promise<void>;
}

export interface ParentOptions {
  readonly folder: string;
  readonly zone: string;
  /** Names of zones below it. */
  readonly children: readonly string[];
  readonly servers: number;
  readonly dsTtlSeconds: number;
}

const toolsEnvironment = { ...process.env, PATH: pathWithServers };

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env: toolsEnvironment, encoding: 'utf8' });
  assert.equal(status, 0, `${program}: ${error?.message ?? stderr}`);
  return stdout;
}

/** It has the zone with these DS records from its first answer on. */
export async function startParentZone(options: ParentOptions, first: Readonly<Record<string, readonly string[]>>): Promise<ParentZone> {
  const { folder, zone, servers } = options;
  await mkdir(folder, { recursive: true });
  const key = run('ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', zone], folder).trim();
  const anchor = run('ldns-key2ds', ['-n', '-2', `${key}.key`], folder)
    .trim()
    .replaceAll('\t', ' ');
  const ports = await Promise.all(Array.from({ length: servers }, () => freePort()));
  const running: ChildProcess[] = [];
  let serial = 0;

  async function publish(ds: Readonly<Record<string, readonly string[]>>, ...which: readonly number[]): Promise<void> {
    serial += 1;
    for (const server of which.length === 0 ? ports.keys() : which) {
      const file = join(folder, `server-${server}`);
      await writeFile(file, zoneText(options, serial, ds));
      run('ldns-signzone', ['-o', zone, '-f', `${file}.signed`, file, key], folder);
      running[server]?.kill('SIGHUP');
    }
  }

  await publish(first);
  for (const [server, port] of ports.entries()) {
    const configuration = join(folder, `server-${server}.conf`);
    await mkdir(join(folder, `tmp-${server}`));
    await writeFile(configuration, serverText(folder, zone, server, port));
    running.push(spawn('nsd', ['-d', '-c', configuration], { env: toolsEnvironment, stdio: 'ignore' }));
  }
  return {
    ...{ anchor, ports, publish },
    async end() {
      await Promise.all(running.map(endOf));
    },
  };
}

/** TTLs are short, so that a test need not wait for hours; that of DS is its own. */
function zoneText(
  { zone, children, dsTtlSeconds }: ParentOptions,
  serial: number,
  ds: Readonly<Record<string, readonly string[]>>,
): string {
  return [
    `$ORIGIN ${zone}.`,
    '$TTL 2',
    `@ IN SOA ns.${zone}. hostmaster.${zone}. ${serial} 3600 600 604800 2`,
    `@ IN NS ns.${zone}.`,
    'ns IN A 127.0.0.1',
    ...children.flatMap((child) => [
      `${child}. IN NS ns1.${child}.`,
      `ns1.${child}. IN A 127.0.0.1`,
      ...(ds[child] ?? []).map((record) => `${child}. ${dsTtlSeconds} IN DS ${record}`),
    ]),
    '',
  ].join('\n');
}

function serverText(folder: string, zone: string, server: number, port: number): string {
  return [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  server-count: 1',
    '  username: ""',
    '  chroot: ""',
    '  pidfile: ""',
    '  database: ""',
    `  zonesdir: "${folder}"`,
    `  zonelistfile: "${join(folder, `tmp-${server}`, 'zones')}"`,
    `  xfrdfile: "${join(folder, `tmp-${server}`, 'xfrd')}"`,
    `  xfrdir: "${join(folder, `tmp-${server}`)}"`,
    'remote-control:',
    '  control-enable: no',
    'zone:',
    `  name: "${zone}"`,
    `  zonefile: "server-${server}.signed"`,
    '',
  ].join('\n');
}
