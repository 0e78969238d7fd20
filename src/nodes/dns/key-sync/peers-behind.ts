/**
 * Whether a rotation may go on although others sign the zone, too. Who is left behind answers with signatures that
 * nobody can verify, so each step waits for what every peer has shown in its newest answer, and for no guess about it.
 *
 *     the peer                                                     to announce the new key    to remove the old one
 *     has not answered since this node started                     waits                      waits
 *     does not sign the zone                                       -                          -
 *     does not show the key                                        waits                      waits
 *     has published it, and caches may have its keys of before     waits                      waits
 *     has published it, and they have not; or it is further        -                          waits
 *     signs with it, and caches may have what the old one signed   -                          waits
 *     signs with it, and they have not                             -                          -
 */
import { durationText } from '../../../events/duration.ts';
import type { ZoneKey } from '../../../projections/keys.ts';
import type { Objection } from '../keys/keys.ts';
import type { ListedKey, ListedZone } from './wire.ts';

/** What a peer said of the zones that a rotation goes on in. */
export interface Shown {
  readonly peer: string;
  /** Undefined: it has not answered yet. */
  readonly zones: ReadonlyMap<string, ListedZone> | undefined;
}

export function objectionOf(peers: readonly Shown[], key: ZoneKey, step: Parameters<Objection>[1]): string | undefined {
  for (const { peer, zones } of peers) {
    const why = lagOf(zones, key, step);
    if (why !== undefined) return `${peer} ${why}`;
  }
  return undefined;
}

function lagOf(zones: Shown['zones'], { zone, keyTag, publicKey }: ZoneKey, step: Parameters<Objection>[1]): string | undefined {
  if (zones === undefined) return 'has not answered yet';
  const listed = zones.get(zone);
  if (listed === undefined) return `has not been asked about ${zone} since its rotation began`;
  if (!listed.signed) return undefined;
  const there = listed.keys.find((one) => one.public_key === publicKey);
  if (there === undefined) return `does not show key ${keyTag} yet`;
  if (step === 'announced') return there.stage === 'published' ? keptWords(there, `the keys without key ${keyTag}`) : undefined;
  if (there.stage !== 'active') return `does not sign with key ${keyTag} yet`;
  const retiring = listed.keys.find(({ stage }) => stage === 'retiring');
  return retiring && keptWords(retiring, `what key ${retiring.key_tag} signed`);
}

/** What it answered before may be in caches; as of its newest answer, so that it is asked again. */
function keptWords({ kept_seconds: kept, left_seconds: left }: ListedKey, what: string): string | undefined {
  // A peer of an older version says only how long it waits itself, which is longer.
  const seconds = kept ?? left ?? 0;
  return seconds <= 0 ? undefined : `answered with ${what}, which caches may hold for another ${durationText(seconds * 1_000)}`;
}
