/**
 * Since when clients are answered with what a stage of a key is about. A fact about a key comes first; what DNS says is
 * laid out after it, signed anew, and takes seconds where there are many names. Caches are filled until then from what was
 * before, so a wait begins when the new is answered and not with the fact.
 *
 *     the fact came                                        clients are answered with it
 *     while this node runs, and is laid out                since that was done
 *     while this node runs, and is not laid out yet        not yet
 *     shortly before this node started                     since the start: the node may have died before it was laid out
 *     earlier                                              since the fact
 */

/** Longer than it takes to lay out and sign as many names as a node can hold. */
const layoutMsMax = 600_000;

export interface ShownSince {
  /** A fact about the zone's keys came. */
  changed(zone: string): void;
  /** Everything that came so far is about to be laid out; who calls what comes back says that it is answered from `at` on. */
  layingOut(): (at: number) => void;
  /** Of a fact that came at `factAt`; undefined: not yet. */
  shownSince(zone: string, factAt: number): number | undefined;
}

/** `startedAt`: when this node began to answer, with all that it knew by then. */
export function createShownSince(startedAt: () => number): ShownSince {
  /** Zones by how often they have changed, and what of that is answered since when. */
  const changes = new Map<string, number>();
  const shown = new Map<string, { readonly change: number; readonly at: number }>();
  return {
    changed: (zone) => void changes.set(zone, (changes.get(zone) ?? 0) + 1),
    layingOut() {
      const pending = [...changes].filter(([zone, change]) => shown.get(zone)?.change !== change);
      return (at) => {
        for (const [zone, change] of pending) shown.set(zone, { change, at });
      };
    },
    shownSince(zone, factAt) {
      const change = changes.get(zone);
      const found = shown.get(zone);
      if (change !== undefined) return found?.change === change ? Math.max(found.at, factAt) : undefined;
      const started = startedAt();
      return started > factAt && started - factAt < layoutMsMax ? started : factAt;
    },
  };
}
