/**
 * Keeps asking the parents of zones whose new key is announced, now and then, and keeps what came of it. It counts as
 * shown only what several looks in a row found: behind one address of a large parent stand many servers, which do not
 * change at one moment, and one reply may be forged.
 */
import { Resolver } from 'node:dns/promises';
import type { Configuration } from '../../../events/catalogue/configuration.ts';
import type { ZoneKey } from '../../../projections/keys.ts';
import type { Clock } from '../../world.ts';
import { keyLimits } from './limits.ts';
import { lookAtParent, type ParentLook } from './parent-look.ts';
import type { ParentResolver } from './parent-servers.ts';
import { dsRecordsOf } from './public-records.ts';

/** The newest look at a parent. */
export type LastLook = ParentLook & {
  readonly at: number;
  readonly inRow: number;
  /** The longest TTL of any DS that was seen since the key is announced: an old one may be kept for longer than the new. */
  readonly ttlSecondsMax: number;
};

export interface ParentWatch {
  /** Asks, if it is time again. Undefined: it was not, or what was found is no news and moves nothing. */
  ask(successor: ZoneKey): Promise<LastLook | undefined>;
  lastLook(key: ZoneKey): LastLook | undefined;
  forget(key: Pick<ZoneKey, 'zone' | 'keyTag'>): void;
  /** By what came of them, since the start. */
  readonly counts: Readonly<Record<ParentLook['verdict'], number>>;
  /** Gives up what is being asked. */
  stop(): void;
}

export interface ParentWatchParts {
  readonly clock: Clock;
  /** From one look to the next. */
  readonly intervalMs: () => number;
  readonly parents: () => Configuration['overwatch']['dnssec']['parents'];
  /** Default: the system's. */
  readonly resolver?: ParentResolver | undefined;
}

/** Whether a look moves the rotation on. */
export function isConfirmed(look: LastLook): look is LastLook & { readonly verdict: 'shown' } {
  return look.verdict === 'shown' && look.inRow >= keyLimits.looksInRow;
}

const nameOf = ({ zone, keyTag }: Pick<ZoneKey, 'zone' | 'keyTag'>) => `${zone}+${keyTag}`;

export function createParentWatch({ clock, intervalMs, parents, resolver: given }: ParentWatchParts): ParentWatch {
  const counts = { shown: 0, waits: 0, failed: 0 };
  const looks = new Map<string, LastLook>();
  const stopping = new AbortController();
  const own = given === undefined ? new Resolver({ timeout: keyLimits.answerMs, tries: keyLimits.attempts }) : undefined;
  const resolver = given ?? (own as ParentResolver);

  return {
    counts,
    async ask(successor) {
      const before = looks.get(nameOf(successor));
      if (before !== undefined && clock.now() - before.at < intervalMs()) return undefined;
      const { signal } = stopping;
      const look = await lookAtParent({ zone: successor.zone, wanted: dsRecordsOf(successor), parents: parents(), resolver, signal });
      if (signal.aborted) return undefined;
      counts[look.verdict] += 1;
      const inRow = look.verdict === 'shown' ? (before?.inRow ?? 0) + 1 : 0;
      const last = { ...look, at: clock.now(), inRow, ttlSecondsMax: Math.max(before?.ttlSecondsMax ?? 0, look.ttlSeconds) };
      looks.set(nameOf(successor), last);
      return look.verdict === before?.verdict && !isConfirmed(last) ? undefined : last;
    },
    lastLook: (key) => looks.get(nameOf(key)),
    forget: (key) => void looks.delete(nameOf(key)),
    stop() {
      stopping.abort();
      own?.cancel();
    },
  };
}
