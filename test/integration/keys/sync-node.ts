/** A node that shares its keys, as tests run it: one that keeps keys, with a real listener for peers, and peers that it asks. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { KeyPeer } from '../../../src/events/catalogue/configuration.ts';
import { type KeySync, openKeySync } from '../../../src/nodes/dns/key-sync/key-sync.ts';
import { type OwnIdentity, openIdentity } from '../../../src/nodes/identity/own-certificate.ts';
import { applying } from '../../given.ts';
import { type KeyNode, newFolder, runNode, start, withDnssec } from './node.ts';

export interface SyncNode extends KeyNode {
  readonly sync: KeySync;
  readonly folder: string;
  /** How others name it. */
  readonly peer: KeyPeer;
  /** Names its peers from now on. */
  knows(...peers: readonly KeyPeer[]): Promise<void>;
}

export interface SyncOptions {
  readonly name: string;
  readonly folder?: string;
  readonly peers?: readonly KeyPeer[];
  readonly at?: number;
  readonly timeout?: string;
  /** More of `overwatch.dnssec`. */
  readonly dnssec?: object;
}

/** Never asks a parent that is there: what the parent shows is said by the test. */
const silentParent = [{ zone: 'com', servers: ['127.0.0.1:9'] }];

export async function runSyncNode(
  test: TestContext,
  { name, folder = newFolder(test), peers = [], at = start, timeout = '5s', dnssec = {} }: SyncOptions,
): Promise<SyncNode> {
  const configured = (named: readonly KeyPeer[]) =>
    withDnssec({
      parents: silentParent,
      key_sync: { listen_address: '127.0.0.1:0', peers: [...named], poll_interval: '10m', timeout },
      ...dnssec,
    });
  const node = await runNode(test, { folder, configuration: configured(peers), at });
  const { engine, clock, keys } = node;
  const logged = node.logged as string[];
  const logger = pino({ level: 'debug' }, { write: (line) => logged.push(line) });
  const sync = await openKeySync({ engine, clock, chance: () => 0, keys, secrets: `${folder}/secrets`, node: name, logger });
  node.closing(() => sync.stop());
  return {
    ...{ ...node, sync, folder },
    peer: { url: `https://127.0.0.1:${sync.port}`, fingerprint: sync.fingerprint() as string },
    knows: async (...named) => void (await node.give(applying(configured(named), { force: true }))),
  };
}

/** The certificate of somebody, made in a folder of its own or in the given one. */
export function identityIn(folder: string, name = 'somebody'): OwnIdentity {
  const secrets = `${folder}/secrets`;
  return openIdentity({ role: 'overwatch', id: name, certPath: `${secrets}/overwatch.crt`, keyPath: `${secrets}/overwatch.key` }, start);
}
