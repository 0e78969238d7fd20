/**
 * Gives back the memory that a start took. Reading and applying a large configuration leaves a heap several times as large as
 * what is kept, and V8, which takes that for what the program needs, would not touch it before it is full again. The
 * inspector's way of collecting garbage is the one that also closes gaps and hands free pages back to the system; it
 * opens no port.
 */
import { Session } from 'node:inspector';
import { setImmediate as turn } from 'node:timers/promises';
import { giveBackFreeMemory } from '../native/free-memory.ts';

/** One collection closes so many gaps and no more; another one goes on where it was worth it. */
const roundsMax = 4;
const isWorthIt = (before: number, after: number) => after < 0.95 * before;

/** Resolves when it is done: some tenths of a second for a heap of a hundred thousand names, in which nothing else runs on this thread. */
export async function settleMemory(): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    let [before, after] = [Number.POSITIVE_INFINITY, process.memoryUsage().heapTotal];
    for (let round = 0; round < roundsMax && isWorthIt(before, after); round += 1) {
      await new Promise<void>((resolve) => {
        // Nothing is lost where it cannot: what is free is collected when it is due.
        session.post('HeapProfiler.collectGarbage', () => resolve());
      });
      await turn();
      before = after;
      after = process.memoryUsage().heapTotal;
    }
  } finally {
    session.disconnect();
  }
  await giveBackFreeMemory();
}
