/**
 * What of a peer's keys is to be considered here, in the order in which it can be taken. It decides nothing about a key:
 * that is `importKey`'s. `active`, `retiring` and `successor` are the peer's.
 *
 *     the zone here                              considered
 *     has no key                                 the peer's retiring one as the one that signs, then its active one, which
 *                                                takes over at once; or only its active one; then its successor
 *     signs with the peer's active key           its successor
 *     has the peer's active key otherwise,       that one; it takes over at once where the peer shows the one before
 *     or not at all                              it no more
 */
import type { ImportKey } from '../../../commands/command.ts';
import { activeKeyOf, type ZoneKey } from '../../../projections/keys.ts';
import type { ListedKey, ListedZone } from './wire.ts';

export type Offer = Omit<ImportKey, 'kind'>;

export function offersOf({ zone, keys }: ListedZone, here: readonly ZoneKey[], from: string): readonly Offer[] {
  const [active, retiring, successor] = [
    keys.find(({ stage }) => stage === 'active'),
    keys.find(({ stage }) => stage === 'retiring'),
    keys.find(({ stage }) => stage === 'published' || stage === 'announced' || stage === 'trusted'),
  ];
  if (active === undefined) return [];
  const offer = (key: ListedKey | undefined, words: { signs: boolean; takesOver?: boolean }): Offer[] =>
    key === undefined ? [] : [{ zone, ...partsOf(key), from, ...words }];
  if (here.length === 0) {
    const signing = offer(active, { signs: true, takesOver: retiring !== undefined });
    return [...offer(retiring, { signs: true }), ...signing, ...offer(successor, { signs: false })];
  }
  if (activeKeyOf(here)?.publicKey === active.public_key) return offer(successor, { signs: false });
  return offer(active, { signs: true, takesOver: retiring === undefined });
}

function partsOf({ key_tag: keyTag, algorithm, public_key: publicKey, successor_of: successorOf, created_at: createdAt }: ListedKey) {
  return { keyTag, algorithm, publicKey, successorOf, createdAt };
}

/** The listed key that an offer is about. */
export function listedOf({ keys }: ListedZone, { keyTag }: Pick<Offer, 'keyTag'>): ListedKey | undefined {
  return keys.find((key) => key.key_tag === keyTag);
}
