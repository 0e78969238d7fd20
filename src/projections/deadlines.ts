/**
 * Moments at which something happens by itself: an override expires, an agent was silent for too long. Time passing is the
 * firing of these, earliest first; at one moment in the order of the table of kinds, then of keys. The queue only says
 * when; the fold that a kind belongs to says what. It holds nothing that the folds do not know, so it is left out of
 * snapshots and digests.
 *
 *     heap   a binary heap by (at, kind, key); a deadline that was moved or called off stays in it as a husk
 *     until  kind and key -> the moment that counts; for each there is an entry in the heap that is not later
 *
 * A deadline that is put off, as each heartbeat does, leaves the heap as it is: its old entry is moved when it comes up.
 */

/** In the order in which they fire at one moment. Later kinds are appended; the order of the others never changes. */
export const deadlineKinds = ['override-expires', 'request-forgotten', 'answer-due', 'agent-silent', 'bleed-step', 'key-due'] as const;
export type DeadlineKind = (typeof deadlineKinds)[number];

export interface Deadline {
  readonly at: number;
  readonly kind: DeadlineKind;
  readonly key: string;
}

export interface Deadlines {
  readonly heap: Deadline[];
  readonly until: Map<string, number>;
}

export function noDeadlines(): Deadlines {
  return { heap: [], until: new Map() };
}

/** Calls off all of them. */
export function forgetDeadlines(deadlines: Deadlines): void {
  deadlines.heap.length = 0;
  deadlines.until.clear();
}

/** Sets the deadline of this kind and key, replacing an earlier one; null calls it off. */
export function setDeadline(deadlines: Deadlines, kind: DeadlineKind, key: string, at: number | null): void {
  const name = `${kind} ${key}`;
  if (at === null) {
    deadlines.until.delete(name);
    return;
  }
  // A command of many facts sets the deadline of its key again with each of them; one entry of the heap is enough.
  const before = deadlines.until.get(name);
  if (before === at) return;
  deadlines.until.set(name, at);
  if (before !== undefined && before < at) return;
  push(deadlines.heap, { at, kind, key });
  if (deadlines.heap.length > 2 * deadlines.until.size + 64) dropHusks(deadlines);
}

/** When the deadline of this kind and key fires; undefined: it does not. */
export function dueAt(deadlines: Deadlines, kind: DeadlineKind, key: string): number | undefined {
  return deadlines.until.get(`${kind} ${key}`);
}

/** The deadline that fires next. */
export function earliestDeadline(deadlines: Deadlines): Deadline | undefined {
  for (;;) {
    const first = deadlines.heap[0];
    if (first === undefined) return undefined;
    const until = dueAt(deadlines, first.kind, first.key);
    if (until === first.at) return first;
    popFirst(deadlines.heap);
    if (until !== undefined && until > first.at) push(deadlines.heap, { ...first, at: until });
  }
}

/** Takes out the next deadline, if it is due at `to`. */
export function takeDue(deadlines: Deadlines, to: number): Deadline | undefined {
  const first = earliestDeadline(deadlines);
  if (first === undefined || first.at > to) return undefined;
  popFirst(deadlines.heap);
  deadlines.until.delete(`${first.kind} ${first.key}`);
  return first;
}

function dropHusks(deadlines: Deadlines): void {
  const alive = new Map<string, Deadline>();
  for (const { kind, key } of deadlines.heap) {
    const at = dueAt(deadlines, kind, key);
    if (at !== undefined) alive.set(`${kind} ${key}`, { at, kind, key });
  }
  deadlines.heap.length = 0;
  for (const deadline of alive.values()) push(deadlines.heap, deadline);
}

/** Whether `a` fires before `b`. */
export function firesBefore(a: Deadline, b: Deadline): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.kind !== b.kind) return deadlineKinds.indexOf(a.kind) < deadlineKinds.indexOf(b.kind);
  return a.key < b.key;
}

function push(heap: Deadline[], deadline: Deadline): void {
  let at = heap.length;
  heap.push(deadline);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!firesBefore(deadline, heap[parent] as Deadline)) break;
    heap[at] = heap[parent] as Deadline;
    at = parent;
  }
  heap[at] = deadline;
}

function popFirst(heap: Deadline[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && firesBefore(heap[child + 1] as Deadline, heap[child] as Deadline)) child += 1;
    if (!firesBefore(heap[child] as Deadline, last)) break;
    heap[at] = heap[child] as Deadline;
    at = child;
  }
  heap[at] = last;
}
