/**
 * Machines as network namespaces on one bridge, and cuts between them. All of it lives in a network and a mount
 * namespace of the caller's own (`inOwnNetwork`), so nothing of the machine's network is touched, and everything is
 * gone with the last process in it. A cut loses packets silently, as a broken cable does: they go to a neighbour that
 * nobody is.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Machine } from '../../src/nodes/demo/agents/cast.ts';
import { collectOutput, type Finished } from './overwatch-process.ts';

/** As root there is no need for a user namespace; others may be let make one. */
const apart = ['--net', '--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
/** A `/run` of its own, because the names of network namespaces stand there. */
const prepare = 'mount -t tmpfs none /run && mkdir /run/netns && exec "$@"';

/** Why there are no namespaces to be had; undefined: there are. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  const trial = 'ip netns add trial && ip link add bridge0 type bridge && nsenter --net=/run/netns/trial ip link set lo up';
  const { status, stderr, error } = spawnSync('unshare', [...apart, 'sh', '-c', prepare, 'sh', 'sh', '-c', trial], { encoding: 'utf8' });
  return status === 0 ? undefined : `network namespaces are not to be had here: ${error?.message ?? stderr.trim()}`;
}

/** Runs a Node program in a network of its own, to its end, or until it took too long. */
export function inOwnNetwork(words: readonly string[], timeoutMs: number): Promise<Finished> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const line = [...apart, 'sh', '-c', prepare, 'sh', process.execPath, ...words];
  return collectOutput(spawn('unshare', line, { stdio: ['ignore', 'pipe', 'pipe'], env, timeout: timeoutMs, killSignal: 'SIGKILL' }));
}

export interface Cable {
  /** Undoes the cut. */
  heal(): Promise<void>;
}

export interface Network {
  /** Cuts all that two machines say to each other, or only what comes from or goes to one port. */
  cut(one: Machine, other: Machine, port?: number): Promise<Cable>;
}

export function machine(name: string, address: string): Machine {
  return { name, address, within: ['nsenter', `--net=/run/netns/${name}`] };
}

const nobody = { address: '10.20.0.254', hardware: '02:00:00:00:00:fe' };
const lostTable = '77';

/** Makes the bridge, which has the caller's own address, and the machines on it. To be called within `inOwnNetwork`. */
export async function buildNetwork(ownAddress: string, machines: readonly Machine[]): Promise<Network> {
  await ip('link set lo up');
  await ip('link add bridge0 type bridge');
  await ip(`address add ${ownAddress}/24 dev bridge0`);
  await ip('link set bridge0 up');
  for (const [index, { name, address }] of machines.entries()) {
    await ip(`netns add ${name}`);
    await ip(`link add port${index} type veth peer name eth0 netns ${name}`);
    await ip(`link set port${index} master bridge0 up`);
    await ip(`-n ${name} address add ${address}/24 dev eth0`);
    await ip(`-n ${name} link set eth0 up`);
    await ip(`-n ${name} link set lo up`);
    await ip(`-n ${name} neighbour add ${nobody.address} lladdr ${nobody.hardware} nud permanent dev eth0`);
    await ip(`-n ${name} route add default via ${nobody.address} dev eth0 src ${address} table ${lostTable}`);
  }
  return {
    async cut(one, other, port) {
      const rules = [...lost(one, other, port), ...lost(other, one, port)];
      for (const { name, rule } of rules) await ip(`-n ${name} rule add ${rule} lookup ${lostTable} priority 100`);
      return {
        async heal() {
          for (const { name, rule } of rules) await ip(`-n ${name} rule del ${rule} lookup ${lostTable} priority 100`);
        },
      };
    },
  };
}

/** What the first machine sends to the second, and shall not arrive. */
function lost({ name }: Machine, { address }: Machine, port: number | undefined): readonly { name: string; rule: string }[] {
  if (port === undefined) return [{ name, rule: `to ${address}` }];
  const kinds = ['udp', 'tcp'].flatMap((protocol) => ['sport', 'dport'].map((side) => `ipproto ${protocol} ${side} ${port}`));
  return kinds.map((kind) => ({ name, rule: `to ${address} ${kind}` }));
}

async function ip(words: string): Promise<void> {
  await promisify(execFile)('ip', words.split(' '));
}
