/**
 * Signs much at once, with every core, while the loop stays free: at start with a hundred thousand names, or when another
 * key takes over. Only signing goes to the threads; what is to be signed is put together here, a chunk at a time when a
 * thread is free for it. Whatever it does not come to is signed when it is asked for.
 */
import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { threadFileBeside } from '../../thread-file.ts';
import type { RRset } from '../reply.ts';
import type { Zone } from '../zone.ts';
import type { SignatureStore, SigningTask } from './signatures.ts';
import { signatureBytes } from './signing-key.ts';
import type { SigningAlgorithm, SigningKey } from './zone-signing.ts';

/** What one thread signs between two messages: some ten milliseconds of its time, and one or two of the loop's. */
const tasksPerChunk = 256;

/** Fewer than these are not worth a thread, which takes as long to start. */
const tasksWithoutThread = 2 * tasksPerChunk;

export interface SigningChunk {
  readonly keys: readonly { readonly privateKey: KeyObject; readonly algorithm: SigningAlgorithm }[];
  /** By task, which key. */
  readonly keyOf: Uint16Array;
  /** By task, where in `data` it ends. */
  readonly ends: Uint32Array;
  readonly data: Uint8Array;
}

export interface SignedChunk {
  readonly signatures: Uint8Array;
}

export interface SignManyOptions {
  /** Default: one for each core. */
  readonly threads?: number;
}

/** Resolves to how many signatures were made; rejects with a sentence where a thread dies, and then some were. */
export async function signMany(
  store: SignatureStore,
  work: Iterable<readonly [zone: Zone, rrset: RRset]>,
  options: SignManyOptions = {},
): Promise<number> {
  const chunks = chunksOf(tasksOf(store, work));
  const first = [chunks.next(), chunks.next()].flatMap((chunk) => (chunk.done === true ? [] : [chunk.value]));
  const few = first.flat();
  if (few.length < tasksWithoutThread) {
    for (const task of few) task.keep(task.key.sign(task.data));
    return few.length;
  }
  let isOver = false;
  const next = () => (isOver ? undefined : (first.shift() ?? chunks.next().value));
  const threads = Array.from({ length: Math.max(1, options.threads ?? availableParallelism()) }, async () => {
    try {
      return await signInThread(next);
    } catch (error) {
      isOver = true;
      throw error;
    }
  });
  // All have ended before this does, also where one of them died.
  const results = await Promise.allSettled(threads);
  const death = results.find((result) => result.status === 'rejected');
  if (death !== undefined) throw death.reason;
  return results.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0);
}

function* tasksOf(store: SignatureStore, work: Iterable<readonly [Zone, RRset]>): Generator<SigningTask> {
  for (const [zone, rrset] of work) yield* store.tasksFor(zone, rrset);
}

function* chunksOf(tasks: Iterable<SigningTask>): Generator<readonly SigningTask[], undefined> {
  let chunk: SigningTask[] = [];
  for (const task of tasks) {
    chunk.push(task);
    if (chunk.length < tasksPerChunk) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
  return undefined;
}

/** One thread, fed until nothing is left: it signs one chunk while the next already waits for it. */
async function signInThread(next: () => readonly SigningTask[] | undefined): Promise<number> {
  const worker = new Worker(threadFileBeside(import.meta.url, 'signing-thread'), { name: 'signing' });
  const sent: (readonly SigningTask[])[] = [];
  const send = () => {
    const chunk = next();
    if (chunk === undefined) return;
    const message = packed(chunk);
    sent.push(chunk);
    worker.postMessage(message, [message.data.buffer as ArrayBuffer]);
  };
  let count = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      const step = (received: () => void) => {
        try {
          received();
          send();
          if (sent.length === 0) resolve();
        } catch (error) {
          reject(error as Error);
        }
      };
      worker.on('message', (signed: SignedChunk) =>
        step(() => {
          const chunk = sent.shift() ?? [];
          keepSignatures(chunk, signed);
          count += chunk.length;
        }),
      );
      worker.once('error', (error) => reject(threadDied(error, error.message)));
      worker.once('exit', (code) => reject(threadDied(code, `it ended with code ${code}`)));
      step(send);
    });
  } finally {
    await worker.terminate();
  }
  return count;
}

function threadDied(cause: unknown, reason: string): Error {
  return new Error(`a thread that signs zones died (${reason}); what it left is signed one by one when it is asked for`, { cause });
}

function packed(tasks: readonly SigningTask[]): SigningChunk {
  const keys = [...new Set(tasks.map((task) => task.key))];
  const numbers = new Map<SigningKey, number>(keys.map((key, index) => [key, index]));
  const data = new Uint8Array(tasks.reduce((sum, task) => sum + task.data.length, 0));
  const ends = new Uint32Array(tasks.length);
  const keyOf = new Uint16Array(tasks.length);
  let at = 0;
  tasks.forEach((task, index) => {
    data.set(task.data, at);
    at += task.data.length;
    ends[index] = at;
    keyOf[index] = numbers.get(task.key) ?? 0;
  });
  return { keys: keys.map(({ privateKey, algorithm }) => ({ privateKey, algorithm })), keyOf, ends, data };
}

function keepSignatures(tasks: readonly SigningTask[], { signatures }: SignedChunk): void {
  let at = 0;
  for (const task of tasks) {
    const end = at + signatureBytes[task.key.algorithm];
    task.keep(signatures.subarray(at, end));
    at = end;
  }
}
