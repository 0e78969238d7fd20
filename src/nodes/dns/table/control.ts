/**
 * The small shared buffer beside the table: which buffer is in force, what was published last, where each worker
 * stands, and what each has counted. It stays while tables come and go.
 *
 * Epochs say when the bytes of a replaced record may be used again. A worker stores the epoch before it reads and 0
 * before it blocks; the writer retires bytes under the epoch of the moment, then begins the next one. They are free when
 * every worker is offline or has a later epoch: it has asked for the place of every block anew since. A worker that
 * comes back stores its epoch before it reads, so it finds the new place, never the old.
 */
import { rcodes, types } from '../codes.ts';

const words = { generation: 0, epoch: 1, publication: 2, slots: 16 } as const;
/** A cache line each, so that workers do not slow each other down. */
const slotWords = 16;

/** What is counted of answers, by type and rcode. */
export const typeLabels: readonly string[] = [...Object.keys(types), 'other', 'none'];
const rcodeLabels: readonly string[] = Object.keys(rcodes);
const transports = ['udp', 'tcp'] as const;
const dropReasons = ['short', 'response'] as const;
export const rcodeStride = 8;
export const answeredWords = typeLabels.length * rcodeStride;
/** Words of one worker's counts: answered over UDP, over TCP, then dropped over each. */
const countWords = 2 * answeredWords + 2 * dropReasons.length;

export interface Publication {
  /** 1, 2, 3, ... */
  readonly number: number;
  readonly position: number;
  readonly at: number;
}

export interface Control {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  /** Number, position and time of the last publication. */
  readonly publication: BigInt64Array;
  readonly workers: number;
}

export function createControl(workers: number): Control {
  const total = words.slots + workers * slotWords + workers * countWords;
  const control = controlOf(new SharedArrayBuffer(8 * Math.ceil(total / 2)), workers);
  control.words[words.epoch] = 1;
  return control;
}

/** The same control as another thread sees it. */
export function controlOf(buffer: SharedArrayBuffer, workers: number): Control {
  return { buffer, words: new Int32Array(buffer), publication: new BigInt64Array(buffer, words.publication * 4, 3), workers };
}

export function generationOf({ words: shared }: Control): number {
  return Atomics.load(shared, words.generation);
}

export function setGeneration({ words: shared }: Control, generation: number): void {
  Atomics.store(shared, words.generation, generation);
}

export function epochOf({ words: shared }: Control): number {
  return Atomics.load(shared, words.epoch);
}

/** 0 means offline, so no epoch has that number. */
export function nextEpoch({ words: shared }: Control): void {
  const next = (Atomics.load(shared, words.epoch) + 1) | 0;
  Atomics.store(shared, words.epoch, next === 0 ? 1 : next);
}

const slotOf = (worker: number) => words.slots + worker * slotWords;

/** From here on the worker may read, until `leave`. */
export function enter(control: Control, worker: number): void {
  Atomics.store(control.words, slotOf(worker), epochOf(control));
}

/** Before a worker blocks; and in a dead worker's place. */
export function leave({ words: shared }: Control, worker: number): void {
  Atomics.store(shared, slotOf(worker), 0);
}

/** Whether nobody reads any more what was retired under `epoch`. */
export function isPast({ words: shared, workers }: Control, epoch: number): boolean {
  for (let worker = 0; worker < workers; worker += 1) {
    const seen = Atomics.load(shared, slotOf(worker));
    // The difference, because epochs go round.
    if (seen !== 0 && ((seen - epoch) | 0) <= 0) return false;
  }
  return true;
}

/** Written by the one writer; the number last, so that a reader that sees it twice has read all of one publication. */
export function setPublication({ publication }: Control, { number, position, at }: Publication): void {
  Atomics.store(publication, 0, 0n);
  Atomics.store(publication, 1, BigInt(position));
  Atomics.store(publication, 2, BigInt(Math.trunc(at)));
  Atomics.store(publication, 0, BigInt(number));
}

export function publicationOf({ publication }: Control): Publication {
  for (;;) {
    const number = Atomics.load(publication, 0);
    const [position, at] = [Atomics.load(publication, 1), Atomics.load(publication, 2)];
    if (number === Atomics.load(publication, 0)) return { number: Number(number), position: Number(position), at: Number(at) };
  }
}

/** Where a worker's counts begin. */
export function countsAt({ workers }: Control, worker: number): number {
  return words.slots + workers * slotWords + worker * countWords;
}

/** Where its dropped packets are counted, by transport (0 UDP, 1 TCP) and reason. */
export const droppedAt = 2 * answeredWords;

export interface TableTally {
  readonly answered: readonly {
    readonly transport: 'udp' | 'tcp';
    readonly type: string;
    readonly rcode: string;
    readonly count: number;
  }[];
  readonly dropped: readonly {
    readonly transport: 'udp' | 'tcp';
    readonly reason: 'short' | 'response';
    readonly count: number;
  }[];
}

/** What one worker has counted since it began; each count begins anew at 2^32. */
export function tallyOf(control: Control, worker: number): TableTally {
  const from = countsAt(control, worker);
  const count = (at: number) => control.words[from + at]! >>> 0;
  const answered = transports.flatMap((transport, second) =>
    typeLabels.flatMap((type, typeIndex) =>
      rcodeLabels.map((rcode, rcodeIndex) => ({
        transport,
        type,
        rcode,
        count: count(second * answeredWords + typeIndex * rcodeStride + rcodeIndex),
      })),
    ),
  );
  const dropped = transports.flatMap((transport, second) =>
    dropReasons.map((reason, index) => ({ transport, reason, count: count(droppedAt + second * dropReasons.length + index) })),
  );
  return { answered: answered.filter(({ count: times }) => times > 0), dropped: dropped.filter(({ count: times }) => times > 0) };
}
