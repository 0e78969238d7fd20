/** Work that is done in small steps: all of it now, or a few milliseconds at a time, so that everybody else gets a turn. */

export type Steps = Generator<undefined, void>;

/** How steps are done. Returns how to call off what is left. */
export type Pace = (steps: Steps, onDone: () => void) => () => void;

/** Until others get their turn. */
const sliceMs = 5;
/** Little work is done in one go: nobody notices. */
const stepsAtOnce = 256;

export function atOnce(steps: Steps): void {
  while (steps.next().done !== true);
}

/** Begins now. */
export const inSlices: Pace = (steps, onDone) => {
  let next: NodeJS.Immediate | undefined;
  const slice = (stepsAtLeast: number) => {
    const until = performance.now() + sliceMs;
    for (let step = 0; step < stepsAtLeast || performance.now() < until; step += 1) {
      if (steps.next().done === true) return onDone();
    }
    next = setImmediate(slice, 1);
  };
  slice(stepsAtOnce);
  return () => clearImmediate(next);
};
