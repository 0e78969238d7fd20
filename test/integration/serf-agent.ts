/** Debian's `serf`, whose gossip is memberlist's: one agent as a process, with its log and its commands. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/nodes/demo/ports.ts';
import { encodeMap } from '../../src/nodes/gossip/msgpack.ts';
import { until } from '../gossip-members.ts';

/** Why there is no serf here, as a sentence; false: there is one. Where everything must be tested, it must be there. */
export const serfMissing: string | false =
  spawnSync('serf', ['version']).error === undefined || process.env.OPENGSLB_CI_RUN !== undefined
    ? false
    : "serf is not installed (Debian's package is serf)";

/** What serf asks of the versions of an application; without them no state is exchanged with it. */
export const serfVersions = [2, 5, 5] as const;

export interface SerfAgent {
  readonly name: string;
  /** `address:port` of its gossip. */
  readonly place: string;
  readonly child: ChildProcess;
  /** Standard output and error so far, up to date even while this thread stands still. */
  log(): string;
  /** Runs `serf COMMAND -rpc-addr=... ARGUMENTS` and gives what it prints, whatever it returns. */
  ask(command: string, ...words: string[]): Promise<string>;
  /** Of the member `name`; undefined: it knows none. */
  status(name: string): Promise<string | undefined>;
  /** Ends it at once, if it still runs. */
  kill(): Promise<void>;
  /** The same, and forgets its log. */
  remove(): Promise<void>;
}

export async function startSerf(name: string, address: string, key: string, words: readonly string[] = []): Promise<SerfAgent> {
  const [port, rpcPort] = [await freePort([address]), await freePort([address])];
  const rpc = `-rpc-addr=${address}:${rpcPort}`;
  const place = `${address}:${port}`;
  const flags = [`-node=${name}`, `-bind=${place}`, rpc, `-encrypt=${key}`, '-profile=local', '-log-level=debug', ...words];
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-serf-'));
  const file = join(folder, 'log');
  const output = openSync(file, 'a');
  const child = spawn('serf', ['agent', ...flags], { stdio: ['ignore', output, output] });
  closeSync(output);
  const log = () => readFileSync(file, 'utf8');
  const ask = (command: string, ...more: string[]) =>
    new Promise<string>((resolve) => {
      execFile('serf', [command, rpc, ...more], { timeout: 20_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
  const agent: SerfAgent = {
    name,
    place,
    child,
    log,
    ask,
    async status(member) {
      const { members } = JSON.parse(await ask('members', '-format=json')) as { members: { name: string; status: string }[] };
      return members.find((one) => one.name === member)?.status;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
    },
    async remove() {
      await agent.kill();
      rmSync(folder, { recursive: true });
    },
  };
  await until('serf runs', () => /agent: Serf agent starting/.test(log()), { instead: log });
  return agent;
}

/** A user event as serf writes it: its type, then a map. A later one has a higher time. */
export function serfEvent(name: string, payload: string, time: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(3), encodeMap({ LTime: time, Name: name, Payload: Buffer.from(payload), CC: false })]);
}

/** What serf wants to hear before a member that leaves says so: without it the member counts as failed there. */
export function serfLeaveIntent(name: string, time: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(0), encodeMap({ LTime: time, Node: name, Prune: false })]);
}
