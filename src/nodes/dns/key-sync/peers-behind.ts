/**
 * Whether a rotation may go on although others sign the zone, too. Who is left behind answers with signatures that
 * nobody can verify, so each step waits for what every peer has shown in its newest answer, and for no guess about it.
 *
 *     the peer                                         to announce the new key    to remove the old one
 *     has not answered since this node started         waits                      waits
 *     does not sign the zone                           -                          -
 *     does not show the key                            waits                      waits
 *     has published it for less than its TTL           waits                      waits
 *     has published it for its TTL, or is further      -                          waits
 *     signs with it                                    -                          -
 */
import { durationText } from '../../../events/duration.ts';
import { keyTtlSeconds, type ZoneKey } from '../../../projections/keys.ts';
import type { Objection } from '../keys/keys.ts';
import type { ListedZone } from './wire.ts';

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
  if (step === 'remove') return there.stage === 'active' ? undefined : `does not sign with key ${keyTag} yet`;
  const left = keyTtlSeconds - there.stage_seconds;
  if (there.stage !== 'published' || left <= 0) return undefined;
  return `shows key ${keyTag} since its newest answer or before, and has to for another ${durationText(left * 1_000)}`;
}
