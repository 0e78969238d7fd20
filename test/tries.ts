/**
 * How often a property is tried: so many times as its file says, or that times what `npm run torture -- properties` asks
 * for. Each run draws seeds of its own, so what is rare is found by many runs and not by one.
 */
const times = Number(process.env.OPENGSLB_PROPERTY_TIMES ?? '1');
if (!Number.isSafeInteger(times) || times < 1) {
  throw new Error(`OPENGSLB_PROPERTY_TIMES takes a whole number above 0, not ${process.env.OPENGSLB_PROPERTY_TIMES}`);
}

/** What fast-check is told. `withinMs`: a run that is not done by then has failed. */
export function tries(count: number, withinMs?: number) {
  const numRuns = count * times;
  return withinMs === undefined ? { numRuns } : { numRuns, interruptAfterTimeLimit: withinMs * times, markInterruptAsFailure: true };
}
