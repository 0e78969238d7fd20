/** Plays steps one after another, each until the client has seen it, or until it took too long. */
import type { Clock } from '../world.ts';
import { throwIfInterrupted } from './demo-error.ts';
import type { Step } from './scenario.ts';
import type { Stage } from './stage.ts';

/** What steps are played on, as far as waiting for the client is concerned. */
export type Watched = Pick<Stage, 'log' | 'overwatchEnd' | 'overwatchEnded'>;

/** How long the client may take to see what was done. */
const seenWithinMs = 20_000;

export interface StepOutcome {
  readonly name: string;
  readonly deed: string;
  readonly answer: readonly string[] | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly ok: boolean;
  /** What the client did not see; null: it saw it. */
  readonly missing: string | null;
}

export interface Play<On extends Watched = Stage> {
  readonly stage: On;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBegin: (step: Step<On>) => void;
  readonly onEnd: (outcome: StepOutcome) => void;
}

/** Ends with the first step that was not seen. Rejects where a deed fails or the signal comes. */
export async function runSteps<On extends Watched>(steps: readonly Step<On>[], play: Play<On>): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const step of steps) {
    throwIfInterrupted(play.signal);
    const outcome = await runStep(step, play);
    play.onEnd(outcome);
    outcomes.push(outcome);
    if (!outcome.ok) break;
  }
  return outcomes;
}

async function runStep<On extends Watched>(step: Step<On>, play: Play<On>): Promise<StepOutcome> {
  const { stage, clock, signal, onBegin } = play;
  onBegin(step);
  const { name, deed, answer } = step;
  const startedAt = clock.now();
  await step.act(stage);
  const ok = await untilSeen(step, startedAt, play);
  throwIfInterrupted(signal);
  const missing = ok ? null : `the client did not see ${step.sees}: ${whyNot(stage)}`;
  return { name, deed, answer, startedAt, endedAt: clock.now(), ok, missing };
}

/** False: it was not seen in time, or there is nothing more to wait for. */
function untilSeen<On extends Watched>(step: Step<On>, since: number, { stage, clock, signal }: Play<On>): Promise<boolean> {
  const { log, overwatchEnded } = stage;
  return new Promise((resolve) => {
    const settle = (seen: boolean) => {
      callOffLimit();
      callOffLog();
      signal.removeEventListener('abort', giveUp);
      resolve(seen);
    };
    const giveUp = () => settle(false);
    const look = () => {
      if (step.isSeen(log.entries.filter((entry) => entry.at >= since))) settle(true);
    };
    const callOffLimit = clock.wakeAt(since + seenWithinMs, giveUp);
    const callOffLog = log.follow(look);
    signal.addEventListener('abort', giveUp);
    void overwatchEnded.then(giveUp);
    if (signal.aborted) giveUp();
    else look();
  });
}

function whyNot({ overwatchEnd: end }: Watched): string {
  if (end !== undefined) return `the overwatch ended with ${end.signal ?? `code ${end.code}`}`;
  return `${seenWithinMs / 1000} s were not enough`;
}
