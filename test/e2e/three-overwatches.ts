/**
 * Three real overwatches with the same configuration, each a process of its own on an address of its own, as operators
 * run them: they know nothing of each other. Any of them can be killed and started again where it was.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unsignedAcknowledgment } from '../../src/commands/configuration-problems.ts';
import { freePort, type RunningOverwatch, startOverwatchProcess } from './overwatch-process.ts';

export interface Member {
  readonly name: string;
  /** Where DNS is answered. */
  readonly address: string;
  readonly dnsPort: number;
  /** Without `/api/v1`. */
  readonly url: string;
  start(): Promise<void>;
  /** Ends the process as it stands, and waits until it is gone. */
  kill(): Promise<void>;
}

export interface Trio {
  readonly folder: string;
  readonly members: readonly [Member, Member, Member];
  /** Kills whoever runs, and takes everything away. */
  remove(): Promise<void>;
}

/**
 * `addresses`: three of loopback, that nothing else uses. What the nodes have in common: `common`, the lines of the
 * configuration from `regions:` on, and more lines of the section `overwatch`.
 */
export async function threeOverwatches(
  addresses: readonly [string, string, string],
  common: readonly string[],
  overwatch: readonly string[] = [],
): Promise<Trio> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-three-'));
  // As nameservers of one zone, they have one port.
  const dnsPort = await freePort(addresses[0]);
  const member = async (address: string, index: number): Promise<Member> => {
    const name = `overwatch-${index + 1}`;
    const apiPort = await freePort(address);
    const own = join(folder, name);
    await mkdir(own);
    const configFile = join(own, 'config.yaml');
    await writeFile(
      configFile,
      nodeConfiguration({ name, own, dns: `${address}:${dnsPort}`, api: `${address}:${apiPort}`, common, overwatch }),
    );
    let running: RunningOverwatch | undefined;
    return {
      ...{ name, address, dnsPort, url: `http://${address}:${apiPort}` },
      start: async () => {
        assert.equal(running, undefined, `${name} runs already`);
        running = await startOverwatchProcess(configFile);
      },
      kill: async () => {
        const ended = await running?.end('SIGKILL');
        if (ended !== undefined) assert.equal(ended.signal, 'SIGKILL', `${name} had ended before: ${ended.stderr}`);
        running = undefined;
      },
    };
  };
  const [first, second, third] = addresses;
  const members = [await member(first, 0), await member(second, 1), await member(third, 2)] as const;
  return {
    ...{ folder, members },
    remove: async () => {
      await Promise.all(members.map(({ kill }) => kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface NodeParts {
  readonly name: string;
  readonly own: string;
  readonly dns: string;
  readonly api: string;
  readonly common: readonly string[];
  readonly overwatch: readonly string[];
}

function nodeConfiguration({ name, own, dns, api, common, overwatch }: NodeParts): string {
  return [
    'overwatch:',
    `  identity: { node_id: ${name} }`,
    `  data_dir: ${join(own, 'data')}`,
    `  dnssec: { enabled: false, security_acknowledgment: ${unsignedAcknowledgment} }`,
    ...overwatch.map((line) => `  ${line}`),
    `dns: { listen_address: "${dns}" }`,
    `api: { enabled: true, address: "${api}" }`,
    ...common,
    '',
  ].join('\n');
}
