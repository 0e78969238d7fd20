/**
 * Which overwatches this agent trusts: the fingerprint of each, kept at the first meeting. One that comes under the same
 * name with another certificate is not the same, until an operator takes the old pin out.
 */
import { z } from 'zod';
import { sha256 } from '../../events/catalogue/scalars.ts';
import type { StateFolder } from './state-folder.ts';

const file = 'overwatches.json';
const kept = z.strictObject({ pins: z.array(z.strictObject({ overwatch: z.string().min(1).max(255), fingerprint: sha256 })) });

/** A configuration lists a handful; whoever holds the gossip key shall not fill the disk with names. */
const pinsMax = 256;

export interface Pins {
  fingerprintOf(overwatch: string): string | undefined;
  /**
   * On stable storage when it returns.
   *
   *     the overwatch                                                answer
   *     was never met                                                pinned
   *     was met with this fingerprint                                known
   *     was met with `previous`, whose key said that this follows it pinned, in the place of it
   *     was met with another                                         refused
   *     was never met, and there are too many                        refused
   */
  pin(overwatch: string, fingerprint: string, previous?: string): 'pinned' | 'known' | 'refused';
}

/** Throws `StateFolderError`. */
export function openPins(folder: StateFolder): Pins {
  let pins = folder.read(file, kept)?.pins ?? [];
  const fingerprintOf = (overwatch: string) => pins.find((pin) => pin.overwatch === overwatch)?.fingerprint;
  return {
    fingerprintOf,
    pin(overwatch, fingerprint, previous) {
      const known = fingerprintOf(overwatch);
      if (known === fingerprint) return 'known';
      if (known !== undefined && known !== previous) return 'refused';
      const others = pins.filter((pin) => pin.overwatch !== overwatch);
      if (others.length >= pinsMax) return 'refused';
      const more = [...others, { overwatch, fingerprint }];
      folder.write(file, { pins: more });
      pins = more;
      return 'pinned';
    },
  };
}
