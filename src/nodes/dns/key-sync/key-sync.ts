/**
 * The keys of zones, shared among overwatches: this node asks its peers for theirs now and then, takes over what follows
 * on its own, and answers peers that ask. It is the only traffic between overwatches. What fails is told and tried again;
 * answering never waits for it, but for one round at the first start, because a zone without a key cannot be signed.
 */

import type { KeyPeer } from '../../../events/catalogue/configuration.ts';
import { durationMs } from '../../../events/duration.ts';
import { isSigned, keysOf } from '../../../projections/keys.ts';
import type { Engine } from '../../engine.ts';
import { IdentityError } from '../../identity/identity-error.ts';
import { openOverwatchIdentity } from '../../identity/overwatch-identity.ts';
import type { OwnIdentity } from '../../identity/own-certificate.ts';
import type { Logger } from '../../logger.ts';
import type { Chance, Clock } from '../../world.ts';
import type { Keys } from '../keys/keys.ts';
import { converse } from './ask.ts';
import { type KnownPeer, knownPeers } from './known-peers.ts';
import { keySyncLimits } from './limits.ts';
import { listingOf, privateKeysOf } from './listing.ts';
import { objectionOf } from './peers-behind.ts';
import { nextPollMs } from './polls.ts';
import { type KeyListener, listenForPeers } from './serve.ts';
import { inParts, takeOver } from './take-over.ts';
import type { ListedZone } from './wire.ts';

export interface KeySyncParts {
  /** It runs, and has its configuration. */
  readonly engine: Engine;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: Keys;
  /** `DATA_DIR/secrets`. */
  readonly secrets: string;
  /** The name of this node. */
  readonly node: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** What came of asking every peer once. */
export interface Round {
  /** Peers that were asked. */
  readonly asked: number;
  /** Keys that were taken over. */
  readonly taken: number;
  /** A sentence for each peer from which nothing was learned. */
  readonly failures: readonly string[];
}

export interface KeySync {
  /** The port on which peers ask; null: they cannot. */
  readonly port: number | null;
  /** Of this node's certificate; null while it shares keys with nobody. */
  readonly fingerprint: () => string | null;
  /** As they are configured, but for this node itself. */
  peers(): readonly KnownPeer[];
  /** Requests of those who are no peers, since the start. */
  readonly strangers: () => number;
  /** Asks every peer now. Who asks while it is being done gets the same round. */
  syncNow(): Promise<Round>;
  /** From now on peers are asked in time. */
  begin(): void;
  stop(): Promise<void>;
}

/** Rejects where the certificate cannot be had, or the port is taken. */
export async function openKeySync({ engine, clock, chance, keys, secrets, node, logger }: KeySyncParts): Promise<KeySync> {
  const { state } = engine;
  const stopping = new AbortController();
  const known = knownPeers(logger);
  let own: OwnIdentity | undefined;
  let strangers = 0;
  let round: Promise<Round> | undefined;
  let inVain = 0;
  let callOff = () => {};

  const dnssec = () => state.configuration?.configuration.overwatch.dnssec;
  const configured = (): readonly KeyPeer[] => (dnssec()?.enabled ? (dnssec()?.key_sync.peers ?? []) : []);
  /** Opened with the first need of it: a reload may bring peers. */
  const identity = (): OwnIdentity => {
    own ??= openOverwatchIdentity({ secrets, node, now: clock.now(), logger });
    return own;
  };
  /** A reload may name peers where the certificate cannot be had: that is told, and nobody is asked. */
  function peers(): readonly KnownPeer[] {
    if (configured().length === 0) return [];
    try {
      return known.among(configured(), identity());
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      logger.error({ code: error.code }, `keys cannot be shared: ${error.message}; ${error.remedy}`);
      return [];
    }
  }
  const settings = () => {
    const { poll_interval: interval = '1h', timeout = '30s' } = dnssec()?.key_sync ?? {};
    return { intervalMs: durationMs(interval), timeoutMs: durationMs(timeout) };
  };
  const signedZones = () => [...(state.configuration?.zones ?? [])].filter((zone) => isSigned(state, zone));

  /** Asks a peer about every zone, and takes over what is to be taken. */
  async function syncWith(peer: KnownPeer): Promise<number> {
    const { signal } = stopping;
    const asked = signedZones();
    if (asked.length === 0) return 0;
    const conversation = converse({ peer, identity: identity(), timeoutMs: settings().timeoutMs, signal, onPeer: peer.seen });
    const zones = new Map<string, ListedZone>();
    let taken = 0;
    try {
      for (const names of inParts(asked, keySyncLimits.zonesPerRequest)) {
        const listed = await conversation.zones(names);
        taken += await takeOver({ engine, keys, conversation, from: peer.url, onRefused: peer.refused(engine.observe) }, listed);
        for (const one of listed) if (keysOf(state, one.zone).length > 1) zones.set(one.zone, one);
      }
      peer.answered(clock.now(), zones);
      return taken;
    } finally {
      conversation.close();
    }
  }

  async function askAll(): Promise<Round> {
    const failures: string[] = [];
    const asked = peers();
    const counts = await Promise.all(
      asked.map(async (peer) => {
        try {
          return await syncWith(peer);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          if (!stopping.signal.aborted) failures.push(`${peer.url}: ${peer.failed(clock.now(), why)}`);
          return 0;
        }
      }),
    );
    const taken = counts.reduce((sum, count) => sum + count, 0);
    if (taken > 0) logger.info({ keys: taken }, 'keys were taken over from peers');
    inVain = failures.length > 0 || keys.waiting().length > 0 ? inVain + 1 : 0;
    return { asked: asked.length, taken, failures };
  }

  function syncNow(): Promise<Round> {
    round ??= askAll().finally(() => {
      round = undefined;
    });
    return round;
  }

  function pollAt(at: number): void {
    callOff = clock.wakeAt(at, () => {
      void syncNow().finally(() => {
        if (stopping.signal.aborted) return;
        pollAt(clock.now() + nextPollMs({ intervalMs: settings().intervalMs, inVain, draw: chance() }));
      });
    });
  }

  if (configured().length > 0) identity();
  let listener: KeyListener | undefined;
  const listenAddress = dnssec()?.enabled ? dnssec()?.key_sync.listen_address : undefined;
  if (listenAddress !== undefined) {
    listener = await listenForPeers({
      ...{ listenAddress, identity: identity(), peers: configured },
      keysOf: ({ zones }) => listingOf(state, keys, zones, node, clock.now()),
      privateKeysOf: ({ keys: asked }, { url }) => {
        const given = privateKeysOf(keys, asked);
        logger.info({ peer: url, keys: given.keys.length }, 'private keys were given to a peer');
        return given;
      },
      onStranger({ fingerprint, address }) {
        strangers += 1;
        if (known.isNewStranger(fingerprint))
          logger.warn({ address, fingerprint }, 'somebody who is no peer asked for keys, and got none; name the fingerprint if it is one');
      },
      onPeer: ({ peer, ...shown }) => known.of(peer).seen({ peer, ...shown }),
    });
  }
  keys.heed((key, step) => {
    const all = peers();
    return own === undefined && configured().length > 0 ? 'this node has no certificate to ask with' : objectionOf(all, key, step);
  });
  if (keys.waiting().length > 0 && peers().length > 0) await syncNow();

  return {
    port: listener?.port ?? null,
    fingerprint: () => own?.certificate.fingerprint ?? null,
    peers,
    strangers: () => strangers,
    syncNow,
    begin: () => pollAt(clock.now()),
    async stop() {
      stopping.abort();
      callOff();
      await round;
      await listener?.close();
    },
  };
}
