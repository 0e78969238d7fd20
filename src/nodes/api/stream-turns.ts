/**
 * Long work in slices, one at a time for all who work: between any two slices the node answers DNS and takes in what
 * was seen. However many catch up at once, the node is kept for one slice and no longer.
 */

export interface Turns {
  /** To be awaited between two pieces of work; undefined while the slice lasts. */
  rest(): Promise<void> | undefined;
}

export function createTurns(sliceMs: number): Turns {
  const waiting: (() => void)[] = [];
  let sliceEnds = 0;
  let isScheduled = false;

  function next(): void {
    sliceEnds = performance.now() + sliceMs;
    waiting.shift()?.();
    isScheduled = waiting.length > 0;
    if (isScheduled) setImmediate(next);
  }

  return {
    rest() {
      if (performance.now() < sliceEnds) return undefined;
      return new Promise((resolve) => {
        waiting.push(resolve);
        if (!isScheduled) setImmediate(next);
        isScheduled = true;
      });
    },
  };
}
