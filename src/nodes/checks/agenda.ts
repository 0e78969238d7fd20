/**
 * What is to be done when: a heap of items by their moment, with the place of each, so that ten thousand items need one
 * timer, and an item can be moved or dropped at any time. Items of one moment come in the order in which they were put.
 */

export interface Agenda<T> {
  /** The earliest moment; undefined where there is nothing to do. */
  next(): number | undefined;
  /** An item that is there already moves to `at`. */
  put(item: T, at: number): void;
  drop(item: T): void;
  /** Takes the earliest item, where its moment is not after `to`. */
  take(to: number): T | undefined;
}

interface Entry<T> {
  readonly item: T;
  readonly at: number;
  /** Counts the entries, so that equal moments keep their order. */
  readonly turn: number;
}

export function createAgenda<T>(): Agenda<T> {
  /** Each entry is before the two at 2i + 1 and 2i + 2. */
  const heap: Entry<T>[] = [];
  const placeOf = new Map<T, number>();
  let turns = 0;

  const isBefore = (a: Entry<T>, b: Entry<T>) => a.at < b.at || (a.at === b.at && a.turn < b.turn);
  const set = (place: number, entry: Entry<T>) => {
    heap[place] = entry;
    placeOf.set(entry.item, place);
  };

  /** Puts `entry` where it belongs on the way from `from` to the top. */
  const rise = (entry: Entry<T>, from: number) => {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above] as Entry<T>;
      if (!isBefore(entry, parent)) break;
      set(place, parent);
      place = above;
    }
    set(place, entry);
  };

  /** Puts `entry` where it belongs on the way from `from` down. */
  const sink = (entry: Entry<T>, from: number) => {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      const child = one !== undefined && other !== undefined && isBefore(other, one) ? other : one;
      if (child === undefined || !isBefore(child, entry)) break;
      set(place, child);
      place = child === one ? left : left + 1;
    }
    set(place, entry);
  };

  const drop = (item: T) => {
    const place = placeOf.get(item);
    if (place === undefined) return;
    placeOf.delete(item);
    const last = heap.pop();
    if (last === undefined || last.item === item) return;
    sink(last, place);
    rise(last, placeOf.get(last.item) as number);
  };

  return {
    next: () => heap[0]?.at,
    put(item, at) {
      drop(item);
      turns += 1;
      const entry = { item, at, turn: turns };
      rise(entry, heap.length);
    },
    drop,
    take(to) {
      const first = heap[0];
      if (first === undefined || first.at > to) return undefined;
      drop(first.item);
      return first.item;
    },
  };
}
