/**
 * The demo of agents as a whole: sets the stage, plays both ways of losing a server, and sums up what the client saw.
 * It prints nothing; whoever runs it is told of everything as it happens.
 */
import { service } from '../cast.ts';
import type { DemoOptions } from '../demo.ts';
import { runSteps } from '../run-steps.ts';
import { followStandings } from '../standings.ts';
import type { AgentCast, AgentPorts } from './cast.ts';
import { agentSteps } from './scenario.ts';
import { openAgentStage } from './stage.ts';
import { type AgentSummary, summarizeWays } from './summary.ts';

export interface AgentDemoOptions extends DemoOptions {
  readonly cast: AgentCast;
  readonly ports: AgentPorts;
}

/** Rejects with a `DemoError` where it cannot be played; nothing is left behind either way. */
export async function playAgentDemo(options: AgentDemoOptions): Promise<AgentSummary> {
  const { clock, signal, report, cast } = options;
  const stage = await openAgentStage(options);
  stage.log.follow((entry) => report({ kind: 'seen', entry }));
  const stopAsking = followStandings({
    clock,
    ask: () => stage.api.standings(service),
    tell: (standings) => report({ kind: 'standings', standings }),
  });
  try {
    const steps = agentSteps(cast);
    const outcomes = await runSteps(steps, {
      stage,
      clock,
      signal,
      onBegin: (step) => report({ kind: 'step-began', step, at: clock.now() }),
      onEnd: (outcome) => report({ kind: 'step-ended', outcome }),
    });
    await stage.client.stop();
    return summarizeWays(stage.log.entries, steps, outcomes);
  } finally {
    stopAsking();
    await stage.close();
  }
}
