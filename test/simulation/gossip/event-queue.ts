/** What is to happen at which virtual moment: a heap, by moment and then in the order in which it was planned. */
interface Planned {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export interface EventQueue {
  now(): number;
  plan(at: number, run: () => void): void;
  /** Runs everything up to and including this moment, and stands there then. */
  moveTo(to: number): void;
}

const isBefore = (one: Planned, other: Planned) => one.at < other.at || (one.at === other.at && one.order < other.order);

export function eventQueue(): EventQueue {
  const heap: Planned[] = [];
  let [now, planned] = [0, 0];

  function push(entry: Planned): void {
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!isBefore(entry, heap[parent] as Planned)) break;
      heap[place] = heap[parent] as Planned;
      place = parent;
    }
    heap[place] = entry;
  }

  function pop(): Planned {
    const first = heap[0] as Planned;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Planned, heap[child] as Planned)) child++;
      if (!isBefore(heap[child] as Planned, last)) break;
      heap[place] = heap[child] as Planned;
      place = child;
    }
    heap[place] = last;
    return first;
  }

  return {
    now: () => now,
    plan: (at, run) => push({ at: Math.max(at, now), order: planned++, run }),
    moveTo(to) {
      while (heap[0] !== undefined && heap[0].at <= to) {
        const entry = pop();
        now = entry.at;
        entry.run();
      }
      now = Math.max(now, to);
    },
  };
}
