/** Counts observations that were dropped, until a fact can say so. */
import type { Fact, FactOf } from '../events/event.ts';

type Dropped = FactOf<'log.gap'>['data']['dropped'][number];

export interface Gap {
  /** Notes a fact that was dropped at this moment. */
  note(fact: Fact, at: number, why: 'repetitions' | 'lost'): void;
  /** All that was noted, as a fact; undefined where there is nothing. */
  fact(): FactOf<'log.gap'> | undefined;
  /** This fact is in the log; what was noted since it was made stays. */
  told(fact: FactOf<'log.gap'>): void;
}

export function createGap(): Gap {
  const byType = new Map<string, { type: string; repetitions: number; lost: number }>();
  let since = 0;
  let until = 0;
  return {
    note({ type }, at, why) {
      if (byType.size === 0) since = at;
      until = at;
      const counts = byType.get(type) ?? { type, repetitions: 0, lost: 0 };
      counts[why] += 1;
      byType.set(type, counts);
    },
    fact() {
      if (byType.size === 0) return undefined;
      const dropped: Dropped[] = [...byType.values()].map((counts) => ({ ...counts }));
      return { type: 'log.gap', data: { since, until, dropped } };
    },
    told({ data }) {
      since = data.until;
      for (const { type, repetitions, lost } of data.dropped) {
        const counts = byType.get(type);
        if (counts === undefined) continue;
        counts.repetitions -= repetitions;
        counts.lost -= lost;
        if (counts.repetitions + counts.lost === 0) byType.delete(type);
      }
    },
  };
}
