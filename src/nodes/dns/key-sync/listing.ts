/** What this node tells a peer that asks: of the zones that it asks about, their keys and how far they are; and private parts, of keys that are here. */
import { isSigned, keysOf, type ZoneKey } from '../../../projections/keys.ts';
import type { State } from '../../../projections/state.ts';
import type { Keys } from '../keys/keys.ts';
import { privateKeyText } from './offered-key.ts';
import type { ListedKey, Messages } from './wire.ts';

type KeysHere = Pick<Keys, 'signingKeyOf' | 'shownSince'>;

export function listingOf(
  state: State,
  keys: Pick<KeysHere, 'shownSince'>,
  zones: readonly string[],
  node: string,
  now: number,
): Messages['listing'] {
  const keptOf = (key: ZoneKey) => keptSeconds(key, keys.shownSince(key), now);
  return {
    node,
    zones: [...new Set(zones)].map((zone) => ({
      zone,
      signed: isSigned(state, zone),
      keys: keysOf(state, zone).map((key) => ({ ...listed(key, now), kept_seconds: keptOf(key) })),
    })),
  };
}

/** For how much longer caches may hold what was answered here before the stage of the key: as long as it is waited for here. */
function keptSeconds({ since, until }: ZoneKey, shownSince: number | undefined, now: number): number {
  if (until === null) return 0;
  return Math.max(0, Math.ceil(((shownSince ?? now) + until - since - now) / 1_000));
}

function listed({ keyTag, algorithm, publicKey, successorOf, stage, createdAt, since, until }: ZoneKey, now: number): ListedKey {
  return {
    ...{ key_tag: keyTag, algorithm, public_key: publicKey, successor_of: successorOf, stage, created_at: createdAt },
    stage_seconds: Math.max(0, Math.floor((now - since) / 1_000)),
    left_seconds: until === null ? null : Math.max(0, Math.ceil((until - now) / 1_000)),
  };
}

/** What is not here is left out. */
export function privateKeysOf(keys: Pick<KeysHere, 'signingKeyOf'>, asked: Messages['keysAsked']['keys']): Messages['privateKeys'] {
  return {
    keys: asked.flatMap((named) => {
      const key = keys.signingKeyOf(named.zone, named.key_tag);
      return key === undefined ? [] : [{ ...named, private_key: privateKeyText(key.privateKey) }];
    }),
  };
}
