/** Debian's NSD with the zones that it is given, on loopback, and one way to ask it and us alike. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../e2e/overwatch-process.ts';
import { query } from '../unit/nodes/dns/demo.ts';

// Debian puts it where only root's path looks.
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const isThere = spawnSync('nsd', ['-v'], { env: environment }).error === undefined;

/** Why tests beside it are skipped, or false. */
export const withoutNsd = isThere ? false : "nsd is not installed (Debian's package is nsd)";

export interface Nsd {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers when it resolves. `zones`: master files by name. */
export async function startNsd(zones: ReadonlyMap<string, string>): Promise<Nsd> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-nsd-'));
  const port = await freePort();
  for (const [zone, text] of zones) await writeFile(join(folder, `${zone}.zone`), text);
  await writeFile(join(folder, 'nsd.conf'), configurationText(folder, port, [...zones.keys()]));
  const child = spawn('nsd', ['-d', '-c', join(folder, 'nsd.conf')], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const close = async () => {
    await ended(child);
    await rm(folder, { recursive: true });
  };
  const [first = '.'] = zones.keys();
  // The first questions may come before it listens; a refusal says that no zone is loaded.
  for (const begun = Date.now(); Date.now() - begun < 20_000 && child.exitCode === null; ) {
    const reply = await askUdp(port, query(first, { type: 6 }), 300).catch(() => undefined);
    if (reply !== undefined && (reply.readUInt8(3) & 0xf) === 0) return { port, close };
  }
  await close();
  throw new Error(`nsd does not answer: ${said}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

function configurationText(folder: string, port: number, zones: readonly string[]): string {
  return [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  server-count: 1',
    '  username: ""',
    '  chroot: ""',
    ...['database', 'pidfile'].map((key) => `  ${key}: ""`),
    ...['xfrdfile', 'zonelistfile'].map((key) => `  ${key}: "${join(folder, key)}"`),
    `  xfrdir: "${folder}"`,
    `  zonesdir: "${folder}"`,
    '  ipv4-edns-size: 1232',
    '  minimal-responses: yes',
    '  rrl-ratelimit: 0',
    '  round-robin: no',
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap((zone) => ['zone:', `  name: "${zone}"`, `  zonefile: "${zone}.zone"`]),
    '',
  ].join('\n');
}

export async function askUdp(port: number, packet: Buffer, withinMs = 5_000): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.send(packet, port, '127.0.0.1');
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(withinMs) })) as [Buffer];
    return reply;
  } finally {
    socket.close();
  }
}

export async function askTcp(port: number, packet: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  try {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(packet.length);
    socket.write(Buffer.concat([length, packet]));
    let all = Buffer.alloc(0);
    while (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) {
      const [bytes] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
      all = Buffer.concat([all, bytes]);
    }
    return all.subarray(2);
  } finally {
    socket.destroy();
  }
}
