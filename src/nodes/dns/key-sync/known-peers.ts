/**
 * What is known of each peer since the start: when it answered, what went wrong, what it showed of zones in rotation,
 * and which of its keys were refused. A refused key becomes a fact once, and is counted each time that it is met: it
 * means that two overwatches sign one zone with keys that have nothing to do with each other.
 */
import type { Refusal } from '../../../commands/command.ts';
import type { KeyPeer } from '../../../events/catalogue/configuration.ts';
import type { Engine } from '../../engine.ts';
import { readCertificate } from '../../identity/certificate.ts';
import type { OwnIdentity } from '../../identity/own-certificate.ts';
import type { Logger } from '../../logger.ts';
import { keySyncLimits } from './limits.ts';
import type { Offer } from './offers.ts';
import type { Recognized } from './pinned-peer.ts';
import type { ListedZone } from './wire.ts';

export interface KnownPeer extends KeyPeer {
  readonly peer: string;
  /** When it was last asked, and when it last answered all that it was asked; null: not yet. */
  readonly lastSync: number | null;
  readonly lastSuccess: number | null;
  /** Why the newest attempt failed; null: it did not. */
  readonly lastError: string | null;
  readonly successes: number;
  readonly failures: number;
  readonly refusedKeys: number;
  /** What it showed of zones whose key is being replaced here; undefined: it has not answered yet. */
  readonly zones: ReadonlyMap<string, ListedZone> | undefined;
  answered(at: number, zones: ReadonlyMap<string, ListedZone>): void;
  /** Gives the sentence back. */
  failed(at: number, why: string): string;
  seen(who: Recognized): void;
  refused(observe: Engine['observe']): (offer: Offer, refusal: Refusal) => void;
}

export interface KnownPeers {
  /** Those that are configured, but for the node itself. Of the others all is forgotten. */
  among(configured: readonly KeyPeer[], own: OwnIdentity): readonly KnownPeer[];
  of(peer: KeyPeer): KnownPeer;
  isNewStranger(fingerprint: string | null): boolean;
}

const strangersMax = 1_000;

export function knownPeers(logger: Pick<Logger, 'warn' | 'error'>): KnownPeers {
  const known = new Map<string, KnownPeer>();
  const strangers = new Set<string | null>();
  const nameOf = ({ url, fingerprint }: KeyPeer) => `${url} ${fingerprint}`;

  function of(peer: KeyPeer): KnownPeer {
    const one = known.get(nameOf(peer)) ?? knownPeer(peer, logger);
    known.set(nameOf(peer), one);
    return one;
  }

  return {
    of,
    among(configured, { certificate, rotation }) {
      const previous = rotation === null ? undefined : readCertificate(rotation.previousCertificate)?.fingerprint;
      const others = configured.filter(({ fingerprint }) => fingerprint !== certificate.fingerprint && fingerprint !== previous);
      const names = new Set(others.map(nameOf));
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
      return others.map(of);
    },
    isNewStranger(fingerprint) {
      if (strangers.has(fingerprint) || strangers.size >= strangersMax) return false;
      strangers.add(fingerprint);
      return true;
    },
  };
}

function knownPeer(peer: KeyPeer, logger: Pick<Logger, 'warn' | 'error'>): KnownPeer {
  const told = new Set<string>();
  let newCertificate: string | undefined;
  const self = {
    ...peer,
    peer: peer.url,
    lastSync: null as number | null,
    lastSuccess: null as number | null,
    lastError: null as string | null,
    ...{ successes: 0, failures: 0, refusedKeys: 0 },
    zones: undefined as ReadonlyMap<string, ListedZone> | undefined,
    answered(at: number, zones: ReadonlyMap<string, ListedZone>) {
      self.lastSync = at;
      self.lastSuccess = at;
      self.lastError = null;
      self.successes += 1;
      self.zones = zones;
    },
    failed(at: number, why: string) {
      // The same again is no news.
      if (self.lastError !== why) logger.warn({ peer: peer.url }, `keys could not be fetched from a peer: ${why}`);
      self.lastSync = at;
      self.lastError = why;
      self.failures += 1;
      return why;
    },
    seen({ isNew, fingerprint }: Recognized) {
      if (!isNew || newCertificate === fingerprint) return;
      newCertificate = fingerprint;
      logger.warn(
        { peer: peer.url, fingerprint },
        'a peer has a new certificate, which the one in the configuration signed for: name this fingerprint before it is replaced again',
      );
    },
    refused: (observe: Engine['observe']) => (offer: Offer, refusal: Refusal) => {
      const { zone, keyTag, publicKey, from } = offer;
      self.refusedKeys += 1;
      const name = `${zone} ${publicKey}`;
      if (told.has(name) || told.size >= keySyncLimits.refusedFactsMax) return;
      told.add(name);
      logger.error({ zone, keyTag, peer: peer.url }, `keys: ${refusal.error}; ${refusal.remedy}`);
      observe({ type: 'key.refused', data: { zone, keyTag, from, reason: refusal.error.slice(0, 1_000) } });
    },
  };
  return self;
}
