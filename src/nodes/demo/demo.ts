/**
 * The demo as a whole: sets the stage, plays the scenario, stops the overwatch and lets `opengslb replay` tell what
 * happened. It prints nothing; whoever runs it is told of everything as it happens.
 */
import type { Clock } from '../world.ts';
import { service } from './cast.ts';
import type { ClientEntry } from './client-log.ts';
import { DemoError } from './demo-error.ts';
import type { ServerStanding } from './overwatch-api.ts';
import { type Play, runSteps, type StepOutcome } from './run-steps.ts';
import { failures, type Step, warmUp } from './scenario.ts';
import { openStage, type Stage } from './stage.ts';
import { followStandings } from './standings.ts';
import { type DemoSummary, readReplay, summarize } from './summary.ts';

export type DemoEvent =
  | { readonly kind: 'stage-set'; readonly stage: Stage }
  | { readonly kind: 'step-began'; readonly step: Pick<Step, 'name' | 'deed'>; readonly at: number }
  | { readonly kind: 'step-ended'; readonly outcome: StepOutcome }
  /** The client saw something. */
  | { readonly kind: 'seen'; readonly entry: ClientEntry }
  /** What the overwatch thinks, asked for now and then. */
  | { readonly kind: 'standings'; readonly standings: readonly ServerStanding[] }
  /** The client asks no more; the overwatch is stopped, and its log replayed. */
  | { readonly kind: 'stopping' }
  /** The story that replay told, for people. */
  | { readonly kind: 'replayed'; readonly story: string };

export interface DemoOptions {
  /** The file that is `opengslb`, as an absolute path. */
  readonly program: string;
  readonly clock: Clock;
  /** Ends the demo in order, wherever it stands. */
  readonly signal: AbortSignal;
  readonly report: (event: DemoEvent) => void;
}

/** The whole scenario. Rejects with a `DemoError` where it cannot be played; nothing is left behind either way. */
export async function playDemo(options: DemoOptions): Promise<DemoSummary> {
  return onStage(options, async (stage, play) => {
    const outcomes = await runSteps([warmUp, ...failures], play);
    await stage.client.stop();
    if (!outcomes.every(({ ok }) => ok)) return summarize(stage.log.entries, outcomes, null);
    options.report({ kind: 'stopping' });
    await stage.stopOverwatch();
    const [story, json] = await Promise.all([stage.run('replay', 'data'), stage.run('replay', 'data', '--json')]);
    options.report({ kind: 'replayed', story });
    return summarize(stage.log.entries, outcomes, readReplay(json));
  });
}

/** The stage alone, all three serving, until the signal comes. `onReady` is told when it can be tried. */
export async function keepDemo(options: DemoOptions, onReady: (stage: Stage) => void): Promise<void> {
  await onStage(options, async (stage, play) => {
    const [outcome] = await runSteps([warmUp], play);
    if (outcome?.missing) throw new DemoError('child-failed', outcome.missing, 'start it again');
    onReady(stage);
    if (!options.signal.aborted) await new Promise((resolve) => options.signal.addEventListener('abort', resolve));
  });
}

async function onStage<T>(options: DemoOptions, perform: (stage: Stage, play: Play) => Promise<T>): Promise<T> {
  const { clock, signal, report } = options;
  const stage = await openStage({ ...options, witness: false });
  report({ kind: 'stage-set', stage });
  stage.log.follow((entry) => report({ kind: 'seen', entry }));
  const stopAsking = followStandings({
    clock,
    ask: () => stage.api.standings(service),
    tell: (standings) => report({ kind: 'standings', standings }),
  });
  try {
    return await perform(stage, {
      stage,
      clock,
      signal,
      onBegin: (step) => report({ kind: 'step-began', step, at: clock.now() }),
      onEnd: (outcome) => report({ kind: 'step-ended', outcome }),
    });
  } finally {
    stopAsking();
    await stage.close();
  }
}
